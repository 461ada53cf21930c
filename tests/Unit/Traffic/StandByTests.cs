using System.Collections.Concurrent;
using Mainstay.Traffic;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>A gateway that is warm and waits, over a real Unix domain socket.</summary>
public sealed class StandByTests : IAsyncDisposable
{
    readonly TempFolder folder = new();
    readonly FdStore store = new();
    readonly CancellationTokenSource stop = new();
    readonly TaskCompletionSource standing = new(TaskCreationOptions.RunContinuationsAsynchronously);
    Task running = Task.CompletedTask;

    string Path => folder["fds"];

    [Fact]
    public async Task It_is_told_to_serve_once()
    {
        await OpenAsync();
        store.Promote(Environment.ProcessId).ShouldBeFalse();
        var told = StandBy.WaitAsync(Path, standing.SetResult, stop.Token);
        await PromotedAsync();
        (await told.WaitAsync(Until.Patience, TimeProvider.System)).ShouldBeTrue();
        store.Promote(Environment.ProcessId).ShouldBeFalse();
    }

    [Fact]
    public async Task It_waits_no_longer_than_the_store_lives()
    {
        await OpenAsync();
        var told = StandBy.WaitAsync(Path, standing.SetResult, stop.Token);
        await KnownAsync();
        store.Dispose();
        (await told.WaitAsync(Until.Patience, TimeProvider.System)).ShouldBeFalse();
        (await StandBy.WaitAsync(folder["nobody"], () => { }, stop.Token)).ShouldBeFalse();
    }

    [Fact]
    public async Task It_ends_when_it_is_stopped()
    {
        await OpenAsync();
        using var end = new CancellationTokenSource();
        var told = StandBy.WaitAsync(Path, standing.SetResult, end.Token);
        await standing.Task.WaitAsync(Until.Patience, TimeProvider.System);
        await end.CancelAsync();
        (await told.WaitAsync(Until.Patience, TimeProvider.System)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_gateway_that_stands_by_serves_the_table_of_the_moment_when_it_is_told()
    {
        await OpenAsync();
        await using var upstream = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        var lines = new ConcurrentQueue<string>();
        var live = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var options = new GatewayOptions
        {
            DataFolder = folder.Path,
            FdStorePath = Path,
            StandsBy = true,
            Log = line =>
            {
                lines.Enqueue(line);
                (line.Contains("stands by") ? standing : line.Contains("is live") ? live : null)?.TrySetResult();
            },
        };
        var process = GatewayProcess.RunAsync(options, TimeProvider.System, stop.Token);
        await standing.Task.WaitAsync(Until.Patience, TimeProvider.System);
        File.Exists(folder["gateway/ready"]).ShouldBeFalse();

        var port = RawUpstream.DeadPort();
        new TableFile(folder.Path).Save(new TableModel(
            9,
            [new ListenerModel("gateway", "127.0.0.1", port, ListenerKind.Gateway)],
            [Routes.Of("all", "/{**rest}", "orders")],
            [new ClusterModel("orders", [new EndpointModel("o-1", "127.0.0.1", upstream.Port, "1.0")], Routes.RoundRobin)])).ShouldBeNull();
        await PromotedAsync();
        await live.Task.WaitAsync(Until.Patience, TimeProvider.System);
        lines.ShouldContain(line => line.StartsWith("table 9 is live", StringComparison.Ordinal));
        using (var client = await RawPeer.ConnectAsync(new(System.Net.IPAddress.Loopback, port)))
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
            (await client.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200 ");
        }

        await stop.CancelAsync();
        (await process.WaitAsync(Until.Patience, TimeProvider.System)).ShouldBe(0);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        store.Dispose();
        stop.Dispose();
        folder.Dispose();
    }

    async Task OpenAsync()
    {
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        running = store.RunAsync(Path, stop.Token, listening.SetResult);
        await listening.Task.WaitAsync(Until.Patience, TimeProvider.System);
    }

    // What was sent is there; the store's thread may not have read it yet.
    async Task PromotedAsync()
    {
        await standing.Task.WaitAsync(Until.Patience, TimeProvider.System);
        await Until.HoldsAsync(() => store.Promote(Environment.ProcessId));
    }

    async Task KnownAsync()
    {
        await standing.Task.WaitAsync(Until.Patience, TimeProvider.System);
        await Until.HoldsAsync(() => store.StandingBy.Count == 1);
    }
}
