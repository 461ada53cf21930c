using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Google.Protobuf;

namespace Mainstay.Bench.Ingest;

/// <summary>
/// Sends recorded batches over OTLP/HTTP as fast as they are taken, waits as long as it is told to where it is told to come again, and compares what was acknowledged
/// with what the server says it took: what is missing is lost.
/// </summary>
internal static class IngestLoad
{
    public static async Task<int> RunAsync(string[] args)
    {
        string? Of(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
        int Number(string name, int fallback) => int.Parse(Of(name) ?? $"{fallback}", CultureInfo.InvariantCulture);
        if (Of("--http") is not { } http || Of("--api") is not { } api)
        {
            Console.Error.WriteLine("usage: Bench ingest --http URL --api URL [--seconds 10] [--connections 2] [--batch 500]");
            return 2;
        }

        var (seconds, connections, batch) = (Number("--seconds", 10), Number("--connections", 2), Number("--batch", 500));
        var bodies = Enumerable.Range(1, 64).Select(i => SpanSamples.Request(batch, i).ToByteArray()).ToArray();
        using var client = new HttpClient { BaseAddress = new Uri(http) };
        using var admin = new HttpClient { BaseAddress = new Uri(api) };
        var before = await TakenAsync(admin);
        var (sent, retries, refused) = (0L, 0L, 0L);
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, connections).Select(async number =>
        {
            for (var i = number * 7; clock.Elapsed.TotalSeconds < seconds; i++)
            {
                using var content = new ByteArrayContent(bodies[i % bodies.Length]);
                content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
                using var answer = await client.PostAsync("/v1/traces", content);
                if (answer.IsSuccessStatusCode)
                {
                    Interlocked.Add(ref sent, batch);
                }
                else if ((int)answer.StatusCode is 429 or 503)
                {
                    Interlocked.Increment(ref retries);
                    await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
                }
                else
                {
                    Interlocked.Add(ref refused, batch);
                }
            }
        }));
        var elapsed = clock.Elapsed.TotalSeconds;
        var taken = await TakenAsync(admin) - before;
        var rss = await ResidentAsync(admin);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"spans/s {sent / elapsed:F0}  sent {sent}  taken {taken}  lost {sent - taken}  refused {refused}  told to come again {retries}  server RSS {rss / 1048576.0:F0} MiB  sender CPU {Environment.CpuUsage.TotalTime.TotalSeconds / elapsed:F2} cores"));
        return sent == taken && refused == 0 && sent > 0 ? 0 : 1;
    }

    static async Task<long> TakenAsync(HttpClient admin)
    {
        using var view = JsonDocument.Parse(await admin.GetStringAsync(new Uri("/api/v1/telemetry", UriKind.Relative)));
        return view.RootElement.GetProperty("formats").EnumerateArray().Single(f => f.GetProperty("format").GetString() == "otlp-traces").GetProperty("items").GetProperty("taken").GetInt64();
    }

    static async Task<double> ResidentAsync(HttpClient admin)
    {
        var line = (await admin.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Split('\n').Single(l => l.StartsWith("process_resident_memory_bytes ", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }
}
