using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Mainstay.Bench.Traces;

/// <summary>Asks a server that <see cref="SpanFill"/> filled, over its Admin API as anybody would: traces by their ids, each of which has to be whole, top lists over an hour, and searches.</summary>
internal static class SpanAsk
{
    public static async Task<int> RunAsync(string[] args)
    {
        string? Of(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
        long Number(string name, long fallback) => long.Parse(Of(name) ?? $"{fallback}", CultureInfo.InvariantCulture);
        if (Of("--api") is not { } api || Of("--ids") is not { } ids)
        {
            Console.Error.WriteLine("usage: Bench spans ask --api URL --ids FILE [--lookups 500] [--until EPOCH-MS] [--ids-only]");
            return 2;
        }

        using var admin = new HttpClient { BaseAddress = new Uri(api) };
        var until = Number("--until", long.MaxValue);
        var known = (await File.ReadAllLinesAsync(ids)).Select(l => l.Split(' ')).Where(l => l.Length == 3 && long.Parse(l[2], CultureInfo.InvariantCulture) <= until).ToList();
        var isWhole = await TracesAsync(admin, known, (int)Number("--lookups", 500));
        if (args.Contains("--ids-only"))
        {
            return isWhole ? 0 : 1;
        }

        foreach (var of in new[] { "operations", "services", "callers", "statements" })
        {
            await TimeAsync(admin, $"top 10 {of} over an hour", [.. new[] { "calls", "slow", "heat" }.Select(by => $"/api/v1/top?of={of}&by={by}&window=1h")], 30);
        }

        var path = Uri.EscapeDataString("url.path=/api/none/1");
        foreach (var (what, query) in new[]
        {
            ("newest 20 of a service", "service=payments"), ("newest 20 failed of an operation", "service=orders&operation=" + Uri.EscapeDataString("GET /api/orders/{id}/part1") + "&error=true"),
            ("20 by a path that few have", "attribute=" + Uri.EscapeDataString("url.path=/api/stock/123456/part2")), ("20 by a path that none has", $"attribute={path}"), ("slower than a minute", "minDuration=1m"),
        })
        {
            await TimeAsync(admin, what, ["/api/v1/traces?" + query], 5);
        }

        return isWhole ? 0 : 1;
    }

    static async Task<bool> TracesAsync(HttpClient admin, List<string[]> known, int lookups)
    {
        var (random, times, gone, part, first) = (new Random(7), new List<double>(), 0, 0, 0.0);
        for (var i = 0; i < lookups; i++)
        {
            var one = known[random.Next(known.Count)];
            var began = Stopwatch.GetTimestamp();
            using var answer = await admin.GetAsync(new Uri($"/api/v1/traces/{one[0]}", UriKind.Relative));
            var body = await answer.Content.ReadAsByteArrayAsync();
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            first = i == 0 ? times[0] : first;
            gone += answer.StatusCode == HttpStatusCode.OK ? 0 : 1;
            part += answer.StatusCode == HttpStatusCode.OK && Count(body) != int.Parse(one[1], CultureInfo.InvariantCulture) ? 1 : 0;
        }

        times.Sort();
        Say($"trace by id, {lookups} of {known.Count} known: first {first:F1} ms, median {times[lookups / 2]:F1} ms, 99th of 100 {times[lookups * 99 / 100]:F1} ms, slowest {times[^1]:F1} ms; not found {gone}, not whole {part}");
        return gone + part == 0;
    }

    static int Count(byte[] body)
    {
        using var trace = JsonDocument.Parse(body);
        return trace.RootElement.GetProperty("spans").GetArrayLength();
    }

    static async Task TimeAsync(HttpClient admin, string what, string[] paths, int rounds)
    {
        var (times, found) = (new List<double>(), 0);
        for (var round = 0; round < rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            var body = await admin.GetByteArrayAsync(new Uri(paths[round % paths.Length], UriKind.Relative));
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            using var list = JsonDocument.Parse(body);
            found = list.RootElement.GetProperty("items").GetArrayLength();
        }

        times.Sort();
        Say($"{what}: {found} in {times[rounds / 2]:F0} ms in the median, {times[^1]:F0} ms at most");
    }

    static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
