using System.Collections.Concurrent;
using System.Diagnostics;

namespace Mainstay.EndToEnd.Harness;

/// <summary>What a load sends: one of its requests.</summary>
/// <param name="Method">In upper case.</param>
/// <param name="Path">With query.</param>
/// <param name="BodyBytes">Length of the body; null for none.</param>
sealed record LoadRequest(string Method, string Path, int? BodyBytes = null);

/// <summary>One request's way.</summary>
/// <param name="Began">Timestamp at which it was sent, or tried to.</param>
/// <param name="Ended">Timestamp at which it was answered or failed.</param>
/// <param name="Error">Null where it was answered with a status below 500.</param>
sealed record Sent(LoadRequest Request, long Began, long Ended, int Status, string Body, string? Error);

/// <summary>
/// A bounded, steady HTTP load from this process: a few keep-alive connections, each sending one request after another. Nothing is ever sent a second time: what fails
/// has failed, and the next request opens a new connection.
/// </summary>
sealed class Load : IAsyncDisposable
{
    static readonly TimeSpan Usual = TimeSpan.FromMinutes(2);

    readonly ConcurrentQueue<Sent> sent = new();
    readonly CancellationTokenSource stop;
    readonly Task[] workers;

    Load(Uri server, int connections, double perSecond, IReadOnlyList<LoadRequest> mix, TimeSpan? longest = null)
    {
        stop = new(longest ?? Usual);
        var interval = TimeSpan.FromSeconds(connections / perSecond);
        workers = [.. Enumerable.Range(0, connections).Select(i => Task.Run(() => WorkAsync(server, i, interval, mix)))];
    }

    /// <summary>Everything so far, in the order in which it ended.</summary>
    public IReadOnlyList<Sent> All => [.. sent];

    public IReadOnlyList<Sent> Failures => [.. sent.Where(s => s.Error is not null)];

    /// <summary>GET only.</summary>
    public static Load Get(Uri server, string path = "/", int connections = 4, double perSecond = 100, TimeSpan? longest = null) =>
        new(server, connections, perSecond, [new("GET", path)], longest);

    /// <summary>GET, POST, PUT and DELETE in turn; POST and PUT with bodies.</summary>
    public static Load Mixed(Uri server, int connections = 4, double perSecond = 100, TimeSpan? longest = null, int largest = 20_000) => new(
        server,
        connections,
        perSecond,
        [new("GET", "/"), new("POST", "/things", 300), new("GET", "/things"), new("PUT", "/things/1", largest), new("DELETE", "/things/1")],
        longest);

    /// <summary>Waits until so many more requests were answered, so that what follows happens under load.</summary>
    public async Task AnsweredAsync(int more)
    {
        var before = sent.Count(s => s.Error is null);
        await Eventually.IsAsync(() => sent.Count(s => s.Error is null) >= before + more, TimeSpan.FromSeconds(20), Summary);
    }

    /// <summary>Waits for the first answer to a request that began after <paramref name="timestamp"/>; gives how long after it that was.</summary>
    public async Task<TimeSpan> BackAsync(long timestamp)
    {
        var first = await Eventually.GetAsync(
            () => Task.FromResult(sent.Where(s => s.Error is null && s.Began > timestamp).MinBy(s => s.Ended)), TimeSpan.FromSeconds(20), Summary);
        return Stopwatch.GetElapsedTime(timestamp, first.Ended);
    }

    public async Task StopAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(workers);
    }

    /// <summary>Stops; fails where a request failed, or where there were hardly any.</summary>
    public async Task ShouldHaveLostNothingAsync(Func<string> state)
    {
        await StopAsync();
        Failures.Count.ShouldBe(0, $"{Summary()}\n{state()}");
        sent.Count.ShouldBeGreaterThan(20);
    }

    public string Summary()
    {
        var start = sent.Select(s => s.Began).DefaultIfEmpty().Min();
        var lines = Failures.Take(12).Select(f =>
            $"  at {Stopwatch.GetElapsedTime(start, f.Began).TotalMilliseconds:0} ms for {Stopwatch.GetElapsedTime(f.Began, f.Ended).TotalMilliseconds:0} ms: {f.Request.Method} {f.Request.Path}: {f.Error}");
        return string.Join('\n', lines.Prepend($"{sent.Count} requests, {Failures.Count} failed"));
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stop.Dispose();
    }

    async Task WorkAsync(Uri server, int first, TimeSpan interval, IReadOnlyList<LoadRequest> mix)
    {
        using var timer = new PeriodicTimer(interval);
        using var line = new LoadConnection(server);
        for (var i = first; !stop.IsCancellationRequested; i++)
        {
            var request = mix[i % mix.Count];
            var began = Stopwatch.GetTimestamp();
            var (status, body, error) = await line.SendAsync(request);
            sent.Enqueue(new(request, began, Stopwatch.GetTimestamp(), status, body, error ?? (status >= 500 ? $"status {status}: {body}" : null)));
            try
            {
                await timer.WaitForNextTickAsync(stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
