using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule.Drivers;

public sealed class HealthCheckTests : IDisposable
{
    readonly EventThread events = new("test-health");
    readonly TcpListener listener = new(IPAddress.Loopback, 0);

    public HealthCheckTests() => listener.Start();

    public void Dispose()
    {
        listener.Dispose();
        events.Dispose();
    }

    [Fact]
    public async Task AConnectIsEnoughWhereNothingElseIsAsked() => (await Check(new())).ShouldBeNull();

    [Fact]
    public async Task NobodyListening()
    {
        listener.Stop();
        (await Check(new())).ShouldBe($"connect to port {Port}: connection refused");
    }

    [Fact]
    public async Task WhereElseItListensIsLookedForAfterASecondAndEveryFiveThen()
    {
        listener.Stop();
        var time = new FakeTime();
        var looks = 0;
        var watch = new ListenWatch(new(IPAddress.Loopback, Port), () => ++looks == 2 ? null : [new(IPAddress.Any, 3000)], time);
        var target = Target(new()) with { Listens = watch };

        (await After(0.9)).ShouldBe("");
        (await After(0.1)).ShouldBe("; it listens on port 3000: let it take its port from $PORT");
        (await After(4.9)).ShouldBe("; it listens on port 3000: let it take its port from $PORT");
        looks.ShouldBe(1);
        (await After(0.1)).ShouldBe("", "it cannot be seen any more");
        looks.ShouldBe(2);

        async Task<string> After(double seconds)
        {
            time.Advance(TimeSpan.FromSeconds(seconds));
            return (await HealthCheck.RunAsync(target, events, TimeProvider.System, CancellationToken.None)).ShouldNotBeNull().Replace($"connect to port {Port}: connection refused", "", StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", null)]
    [InlineData("HTTP/1.0 204 No Content\r\n\r\n", null)]
    [InlineData("HTTP/1.1 302 Found\r\n\r\n", null)]
    [InlineData("HTTP/1.1 404 Not Found\r\n\r\n", "GET /health: status 404")]
    [InlineData("HTTP/1.1 503 Busy\r\n\r\n", "GET /health: status 503")]
    [InlineData("SSH-2.0-OpenSSH_9\r\n", "GET /health: the answer is not HTTP")]
    [InlineData("HTTP/1.1 ", "GET /health: the connection was closed without an answer")]
    [InlineData("", "GET /health: the connection was closed without an answer")]
    public async Task APathIsJudgedByItsStatus(string answer, string? expected)
    {
        var served = ServeAsync(answer);
        (await Check(new() { Path = "/health" })).ShouldBe(expected);
        (await served).ShouldStartWith($"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{Port}\r\n");
    }

    [Fact]
    public async Task APathThatHangsIsCutAtTheTimeout()
    {
        var time = new FakeTime();
        var check = HealthCheck.RunAsync(Target(new() { Path = "/health", Timeout = TimeSpan.FromSeconds(1) }), events, time, CancellationToken.None);
        using var client = await listener.AcceptTcpClientAsync();
        time.Advance(TimeSpan.FromSeconds(1));
        (await check.WaitAsync(RuntimeBench.Patience)).ShouldBe("GET /health: no answer within 1s");
    }

    [Theory]
    [InlineData("true", null)]
    [InlineData("exit 4", "check command: exit code 4")]
    [InlineData("test \"$PORT\" = 5", null)]
    public async Task ACommandIsJudgedByItsExitCode(string command, string? expected) =>
        (await Check(new() { Command = command })).ShouldBe(expected);

    [Fact]
    public async Task ACommandThatHangsIsEndedWithItsChildren()
    {
        var time = new FakeTime();
        using var folder = new TempFolder();
        var check = HealthCheck.RunAsync(Target(new() { Command = $"touch {folder["up"]}; sleep 1000 & sleep 1000" }), events, time, CancellationToken.None);
        (await Until.DoneAsync(check, () => time.Advance(TimeSpan.FromSeconds(1)))).ShouldBe("check command: took longer than 1s");
        ProcessTable.Tagged("health-test").ShouldBeEmpty();
    }

    [Fact]
    public async Task TheProberTellsTransitionsOnly()
    {
        var news = new BlockingCollection<(string, int, HealthState, string)>();
        await using var prober = new HealthProber(events, TimeProvider.System) { OnNews = (i, e, v) => news.Add((i, e, v.State, v.Message)) };
        var spec = new HealthSpec { Interval = TimeSpan.FromMilliseconds(100), Failures = 2 };
        prober.Begin(Target(spec), new(HealthState.Unknown, default));
        Next().ShouldBe(("web-1", 3, HealthState.Healthy, ""));
        listener.Stop();
        Next().ShouldBe(("web-1", 3, HealthState.Unhealthy, $"connect to port {Port}: connection refused"));
        prober.End("web-1");
        news.ShouldBeEmpty();

        (string, int, HealthState, string) Next() => news.TryTake(out var item, RuntimeBench.Patience) ? item : throw new TimeoutException();
    }

    int Port { get => field == 0 ? field = ((IPEndPoint)listener.LocalEndpoint).Port : field; set; }

    Task<string?> Check(HealthSpec spec) => HealthCheck.RunAsync(Target(spec with { Timeout = TimeSpan.FromSeconds(10) }), events, TimeProvider.System, CancellationToken.None);

    HealthTarget Target(HealthSpec spec) => new("web-1", 3, spec, new(IPAddress.Loopback, Port), command => new(
        ShellCommand.Argv(command),
        new Dictionary<string, string> { ["PORT"] = "5", ["PATH"] = "/usr/bin:/bin", [Tags.Agent] = "health-test", [Tags.Instance] = "web-1" },
        "/",
        "/dev/null",
        "/dev/null"));

    async Task<string> ServeAsync(string answer)
    {
        using var client = await listener.AcceptTcpClientAsync();
        var buffer = new byte[4096];
        var count = await client.GetStream().ReadAsync(buffer);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer));
        return Encoding.ASCII.GetString(buffer, 0, count);
    }
}
