using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Mainstay.Bench.Traces;

/// <summary>
/// Fills a server's store with spans over OTLP/HTTP protobuf at a steady rate, all different, and waits until the server has them on disk. Every body's last trace is written to a file with the
/// number of its spans, for <see cref="SpanAsk"/>. Meanwhile it asks for a top list over an hour each second.
/// </summary>
internal static class SpanFill
{
    const int Services = 48;

    public static async Task<int> RunAsync(string[] args)
    {
        string? Of(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
        long Number(string name, long fallback) => long.Parse(Of(name) ?? $"{fallback}", CultureInfo.InvariantCulture);
        if (Of("--http") is not { } http || Of("--api") is not { } api || Of("--ids") is not { } ids)
        {
            Console.Error.WriteLine("usage: Bench spans fill --http URL --api URL --ids FILE [--spans 10000000] [--rate 40000] [--batch 2000] [--seed 1] [--no-wait]");
            return 2;
        }

        var (wanted, rate, batch) = (Number("--spans", 10_000_000), Number("--rate", 40_000), (int)Number("--batch", 2000));
        using var client = new HttpClient { BaseAddress = new Uri(http) };
        using var admin = new HttpClient { BaseAddress = new Uri(api) };
        await using var file = new StreamWriter(ids);
        var (samples, clock, sent, again) = (new TraceSamples((int)Number("--seed", 1), Services), Stopwatch.StartNew(), 0L, 0L);
        using var ended = new CancellationTokenSource();
        var tops = TopsAsync(admin, ended.Token);
        while (sent < wanted)
        {
            var due = TimeSpan.FromSeconds((double)sent / rate) - clock.Elapsed;
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due, TimeProvider.System);
            }

            var (body, spans, last) = samples.Request((ulong)TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000, batch);
            again += await SendAsync(client, body);
            sent += spans;
            await file.WriteLineAsync($"{Convert.ToHexStringLower(last.Span)} {samples.LastSpans} {TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()}");
        }

        var took = clock.Elapsed.TotalSeconds;
        await ended.CancelAsync();
        var times = await tops;
        Say($"sent {sent} spans in {took:F0} s, {sent / took:F0} a second; told to come again {again}");
        if (times.Count > 0)
        {
            Say($"top 10 over an hour, asked while spans came: median {times[times.Count / 2]:F0} ms, most {times[^1]:F0} ms");
        }

        return args.Contains("--no-wait") || await SettledAsync(admin, sent) ? 0 : 1;
    }

    // What is not taken is sent again until it is: nothing may be missing afterwards.
    static async Task<int> SendAsync(HttpClient client, byte[] body)
    {
        for (var again = 0; ; again++)
        {
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
            using var answer = await client.PostAsync(new Uri("/v1/traces", UriKind.Relative), content);
            if ((int)answer.StatusCode is not (429 or 503))
            {
                answer.EnsureSuccessStatusCode();
                return (await answer.Content.ReadAsByteArrayAsync()).Length == 0 ? again : throw new InvalidOperationException("some spans were refused");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    static async Task<List<double>> TopsAsync(HttpClient admin, CancellationToken ended)
    {
        var times = new List<double>();
        while (!ended.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, ended).ContinueWith(_ => { }, TaskScheduler.Default);
            var began = Stopwatch.GetTimestamp();
            await admin.GetByteArrayAsync(new Uri("/api/v1/top?window=1h", UriKind.Relative), CancellationToken.None);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        times.Sort();
        return times;
    }

    // The last spans are sealed in a block when that is full, or after ten minutes: until then they lie in a log.
    static async Task<bool> SettledAsync(HttpClient admin, long sent)
    {
        const int open = 1 << 16;
        var clock = Stopwatch.StartNew();
        while (true)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
            using var view = JsonDocument.Parse(await admin.GetStringAsync(new Uri("/api/v1/telemetry", UriKind.Relative)));
            var disk = view.RootElement.GetProperty("tracesOnDisk");
            var (items, bytes, unwritten) = (disk.GetProperty("items").GetInt64(), disk.GetProperty("bytes").GetInt64(), disk.GetProperty("unwritten").GetInt64());
            var taken = view.RootElement.GetProperty("formats").EnumerateArray().Single(f => f.GetProperty("format").GetString() == "otlp-traces").GetProperty("items").GetProperty("taken").GetInt64();
            var dropped = view.RootElement.GetProperty("sampling").GetProperty("droppedSpans").GetInt64();
            if (taken - dropped - unwritten - items < open || clock.Elapsed > TimeSpan.FromMinutes(5))
            {
                Say($"taken {taken} of {sent}, lost {sent - taken}; not chosen {dropped}, not written {unwritten}; settled after {clock.Elapsed.TotalSeconds:F0} s more");
                Say($"in {disk.GetProperty("blocks").GetInt32()} blocks {items} spans, {bytes} bytes, {(double)bytes / items:F1} bytes a span; in the log of the open block {taken - dropped - unwritten - items}");
                return taken == sent && unwritten == 0 && dropped == 0 && taken - items < open;
            }
        }
    }

    static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
