using System.Text;
using Mainstay.Host.Cli;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Roles;
using Mainstay.Tests.Host.Cli;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Roles;

public sealed class StopRequestTests : IDisposable
{
    const string Stop = "POST architecture/stop";
    const string Instances = "GET instances?limit=1";

    readonly FakeTime time = new();
    readonly FakeServer server = new(new StringBuilder(), () => { }, () => { });
    readonly ApiClient client;
    string? gaveUp;

    public StopRequestTests() => client = new(new Uri("http://server"), null, new CliEnvironment
    {
        Out = TextWriter.Null,
        Error = TextWriter.Null,
        Variables = new Dictionary<string, string>(),
        WorkingFolder = "/",
        Time = time,
        Handler = () => server,
        Machine = new FakeMachine(),
    });

    public void Dispose()
    {
        client.Dispose();
        server.Dispose();
    }

    [Theory]
    [InlineData("200", null)]
    [InlineData("404", null)]
    [InlineData("401", "not you")]
    [InlineData("409", "not you")]
    [InlineData("500", "not you")]
    public async Task What_is_refused_is_told_at_once(string status, string? refused)
    {
        server.Add(Stop, status, "", status == "200" ? "{}" : """{"title":"x","detail":"not you","remedy":"be another"}""");
        var asked = Request().AskAsync();
        asked.IsCompletedSuccessfully.ShouldBeTrue();
        time.Elapsed.ShouldBe(TimeSpan.Zero);
        (await asked)?.What.ShouldBe(refused);
        (await asked)?.Remedy.ShouldBe("be another");
        (await asked is null).ShouldBe(refused is null);
    }

    [Fact]
    public async Task A_server_that_cannot_at_the_moment_gets_a_moment()
    {
        server.Add(Stop, "503", "", """{"title":"x","detail":"no space is left","remedy":"make room"}""");
        var asked = Request().AskAsync();
        asked.IsCompleted.ShouldBeFalse();
        time.Advance(StopRequest.Hiccup + TimeSpan.FromMilliseconds(25));
        (await asked)!.Remedy.ShouldBe("make room");
    }

    [Fact]
    public async Task A_server_that_is_away_is_waited_for_unless_none_comes_back()
    {
        server.IsDown = true;
        server.Add(Stop, "200", "", "{}");
        var asked = Request().AskAsync();
        time.Advance(TimeSpan.FromSeconds(20));
        asked.IsCompleted.ShouldBeFalse();
        server.IsDown = false;
        time.Advance(TimeSpan.FromMilliseconds(25));
        (await asked).ShouldBeNull();

        server.IsDown = true;
        gaveUp = "the server ended with exit code 1";
        (await Request().AskAsync())!.What.ShouldBe(gaveUp);
    }

    [Fact]
    public async Task It_is_finished_when_no_instance_is_left()
    {
        server.Add(Instances, "200", "", """{"items":[{}],"revision":1}""");
        server.Add(Instances, "200", "", """{"items":[],"revision":2}""");
        var finished = Request().FinishAsync();
        finished.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromMilliseconds(25));
        (await finished).ShouldBeNull();

        server.Clear();
        server.Add(Instances, "200", "", """{"items":[{}],"revision":3}""");
        finished = Request().FinishAsync();
        time.Advance(StopRequest.Patience);
        (await finished)!.What.ShouldBe("some services still run");
    }

    StopRequest Request() => new(client, () => gaveUp, time);
}
