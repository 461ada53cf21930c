using System.Diagnostics;
using System.Net.Http.Json;
using Mainstay.Client.Config;

namespace Mainstay.Bench.Config;

/// <summary>
/// How long after a publish was asked for its readers have it: <c>watchers URL [READERS] [ROUNDS]</c>, against a server that runs. Every reader waits by a request of its own, as services do.
/// </summary>
static class ConfigWatchers
{
    const string Space = "bench-watchers";

    public static async Task<int> RunAsync(string[] rest)
    {
        if (rest is not [var url, .. var more])
        {
            await Console.Error.WriteLineAsync("write watchers URL [READERS] [ROUNDS]");
            return 2;
        }

        var readers = more.Length > 0 ? int.Parse(more[0]) : 1000;
        var rounds = more.Length > 1 ? int.Parse(more[1]) : 20;
        using var client = new HttpClient { BaseAddress = new Uri(url) };
        await PublishAsync(client, 0);
        var seen = new (int Value, long At)[readers];
        using var stop = new CancellationTokenSource();
        var heard = new SemaphoreSlim(0);
        var missed = 0;
        var all = Enumerable.Range(0, readers).Select(async number =>
        {
            using var feed = new ConfigFeed(Space, null, new Uri(url), $"reader-{number}", new SocketsHttpHandler());
            try
            {
                await foreach (var state in feed.WatchAsync(null, stop.Token))
                {
                    var value = int.Parse(state.Values["value"]);
                    if (value > seen[number].Value + 1)
                    {
                        Interlocked.Increment(ref missed);
                    }

                    seen[number] = (value, Stopwatch.GetTimestamp());
                    heard.Release();
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
            }
        }).ToArray();
        await AllAsync(heard, readers);
        var times = new List<double>();
        for (var round = 1; round <= rounds; round++)
        {
            // Everybody waits again.
            await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System);
            var began = Stopwatch.GetTimestamp();
            await PublishAsync(client, round);
            await AllAsync(heard, readers);
            times.AddRange(seen.Select(s => Stopwatch.GetElapsedTime(began, s.At).TotalMilliseconds));
        }

        await stop.CancelAsync();
        await Task.WhenAll(all);
        times.Sort();
        Console.WriteLine($"{readers} readers, {rounds} publishes: p50 {times[times.Count / 2]:F0} ms, p99 {times[times.Count * 99 / 100]:F0} ms, most {times[^1]:F0} ms after the publish was asked for; {missed} missed");
        return missed == 0 ? 0 : 1;
    }

    static async Task AllAsync(SemaphoreSlim heard, int readers)
    {
        for (var count = 0; count < readers; count++)
        {
            if (!await heard.WaitAsync(TimeSpan.FromSeconds(30)))
            {
                throw new TimeoutException($"{readers - count} readers have not heard of it after 30 s");
            }
        }
    }

    static async Task PublishAsync(HttpClient client, int value)
    {
        using var edited = await client.PostAsJsonAsync($"/api/v1/config/{Space}/edit", new { set = new { value = $"{value}" } });
        edited.EnsureSuccessStatusCode();
        using var published = await client.PostAsJsonAsync($"/api/v1/config/{Space}/publish", new { reason = "bench" });
        published.EnsureSuccessStatusCode();
    }
}
