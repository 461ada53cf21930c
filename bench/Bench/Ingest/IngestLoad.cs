using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Google.Protobuf;

namespace Mainstay.Bench.Ingest;

/// <summary>
/// Sends recorded batches over OTLP/HTTP as fast as they are taken, waits as long as it is told to where it is told to come again, and compares what was acknowledged
/// with what the server says it took: what is missing is lost. With <c>--overload N</c> so many connections then send again at once whatever they are told, and the server's memory is looked at all the while.
/// With <c>--rate N</c> bodies are due on a clock, so many spans a second, whatever became of those before: what is turned away is not sent again, and what finds all connections busy is told as not sent.
/// </summary>
internal static class IngestLoad
{
    public static async Task<int> RunAsync(string[] args)
    {
        string? Of(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
        int Number(string name, int fallback) => int.Parse(Of(name) ?? $"{fallback}", CultureInfo.InvariantCulture);
        if (Of("--http") is not { } http || Of("--api") is not { } api)
        {
            Console.Error.WriteLine("usage: Bench ingest --http URL --api URL [--seconds 10] [--connections 2] [--batch 500] [--overload CONNECTIONS | --rate SPANS]");
            return 2;
        }

        var (seconds, connections, batch) = (Number("--seconds", 10), Number("--connections", 2), Number("--batch", 500));
        var bodies = Enumerable.Range(1, 64).Select(i => SpanSamples.Request(batch, i).ToByteArray()).ToArray();
        using var client = new HttpClient { BaseAddress = new Uri(http) };
        using var admin = new HttpClient { BaseAddress = new Uri(api) };
        if (Of("--rate") is not null)
        {
            return await new IngestOffer(admin, bodies, batch, connections).RunAsync(new Uri(http), seconds, Number("--rate", 0)) ? 0 : 1;
        }

        var calm = await SendAsync(client, admin, bodies, batch, connections, seconds, isPatient: true);
        var isRight = Say("", calm);
        if (Of("--overload") is { } crowd)
        {
            var much = await SendAsync(client, admin, bodies, batch, int.Parse(crowd, CultureInfo.InvariantCulture), seconds, isPatient: false);
            isRight &= Say(string.Create(CultureInfo.InvariantCulture, $"overload: offered {much.Offered / much.Seconds:F0} spans/s, {much.Offered / much.Seconds / (calm.Sent / calm.Seconds):F1} x  "), much);
        }

        return isRight ? 0 : 1;
    }

    static bool Say(string what, Sums of)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what}spans/s {of.Sent / of.Seconds:F0}  sent {of.Sent}  taken {of.Taken}  lost {of.Sent - of.Taken}  refused {of.Refused}  told to come again {of.Again}  server RSS {of.Resident / 1048576.0:F0} MiB  sender CPU {of.Cpu:F2} cores"));
        return of.Sent == of.Taken && of.Refused == 0 && of.Sent > 0;
    }

    static async Task<Sums> SendAsync(HttpClient client, HttpClient admin, byte[][] bodies, int batch, int connections, int seconds, bool isPatient)
    {
        var before = await TakenAsync(admin);
        var (sent, again, refused, most) = (0L, 0L, 0L, 0.0);
        var (clock, cpu) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        var senders = Task.WhenAll(Enumerable.Range(0, connections).Select(async number =>
        {
            for (var i = number * 7; clock.Elapsed.TotalSeconds < seconds; i++)
            {
                switch (await PostAsync(client, bodies[i % bodies.Length]))
                {
                    case >= 200 and < 300:
                        Interlocked.Add(ref sent, batch);
                        break;
                    case 429 or 503:
                        Interlocked.Add(ref again, 1);
                        await Task.Delay(TimeSpan.FromMilliseconds(isPatient ? 50 : 1), TimeProvider.System);
                        break;

                    // A sender that is told to come again before all of its body was read finds its connection closed.
                    case 0 when !isPatient:
                        Interlocked.Add(ref again, 1);
                        break;
                    default:
                        Interlocked.Add(ref refused, batch);
                        break;
                }
            }
        }));
        while (!senders.IsCompleted)
        {
            await Task.WhenAny(senders, Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System));
            most = Math.Max(most, await ResidentAsync(admin));
        }

        await senders;
        var elapsed = clock.Elapsed.TotalSeconds;
        return new(elapsed, sent, await TakenAsync(admin) - before, refused, again, sent + refused + (again * batch), most, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds / elapsed);
    }

    /// <summary>Sends a body; the status, 0 where the connection broke or no answer came in time.</summary>
    public static async Task<int> PostAsync(HttpClient client, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
        try
        {
            using var answer = await client.PostAsync("/v1/traces", content);
            return (int)answer.StatusCode;
        }
        catch (Exception gone) when (gone is HttpRequestException or TaskCanceledException)
        {
            return 0;
        }
    }

    /// <summary>What one run came to.</summary>
    /// <param name="Again">Bodies that were not taken because too much was under way.</param>
    /// <param name="Offered">Spans of all attempts.</param>
    /// <param name="Resident">The most memory of the server that was seen, in bytes.</param>
    readonly record struct Sums(double Seconds, long Sent, long Taken, long Refused, long Again, long Offered, double Resident, double Cpu);

    public static async Task<long> TakenAsync(HttpClient admin)
    {
        using var view = JsonDocument.Parse(await admin.GetStringAsync(new Uri("/api/v1/telemetry", UriKind.Relative)));
        return view.RootElement.GetProperty("formats").EnumerateArray().Single(f => f.GetProperty("format").GetString() == "otlp-traces").GetProperty("items").GetProperty("taken").GetInt64();
    }

    public static Task<double> ResidentAsync(HttpClient admin) => MetricAsync(admin, "process_resident_memory_bytes ");

    public static async Task<long> TurnedAwayAsync(HttpClient admin) => (long)await MetricAsync(admin, "mainstay_ingest_refused_bodies_total{format=\"otlp-traces\",why=\"busy\"} ");

    static async Task<double> MetricAsync(HttpClient admin, string series)
    {
        var line = (await admin.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Split('\n').Single(l => l.StartsWith(series, StringComparison.Ordinal));
        return double.Parse(line[series.Length..], CultureInfo.InvariantCulture);
    }
}
