using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Google.Protobuf;
using Mainstay.Oracle;

namespace Mainstay.Bench.Observe;

/// <summary>
/// Tells a server of a large system by nothing but spans, both halves of one call along each edge every second, and asks it for the map meanwhile: how long the answer takes, and whether all of it is there.
/// Services lie in ten layers; each calls some of the next one.
/// </summary>
internal static class MapLoad
{
    const int Layers = 10;
    const int Rounds = 60;

    public static async Task<int> RunAsync(string[] args)
    {
        string? Of(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
        int Number(string name, int fallback) => int.Parse(Of(name) ?? $"{fallback}", CultureInfo.InvariantCulture);
        if (Of("--http") is not { } http || Of("--api") is not { } api)
        {
            Console.Error.WriteLine("usage: Bench map --http URL --api URL [--services 1000] [--edges 10000]");
            return 2;
        }

        var (services, wanted) = (Number("--services", 1000), Number("--edges", 10_000));
        var edges = Edges(services, wanted);
        using var stop = new CancellationTokenSource();
        var sending = SendAsync(new Uri(http), edges, stop.Token);
        using var admin = new HttpClient { BaseAddress = new Uri(api) };
        var (nodes, found) = (0, 0);
        for (var clock = Stopwatch.StartNew(); found < edges.Count && clock.Elapsed.TotalSeconds < 60 && !sending.IsFaulted;)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
            using var map = JsonDocument.Parse(await admin.GetStringAsync(new Uri("/api/v1/map", UriKind.Relative)));
            (nodes, found) = (map.RootElement.GetProperty("nodes").GetArrayLength(), map.RootElement.GetProperty("edges").EnumerateArray().Count(e => e.GetProperty("requestsPerSecond").GetDouble() > 0));
        }

        var (times, bytes) = (new List<double>(), 0);
        for (var round = 0; round < Rounds; round++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            var began = Stopwatch.GetTimestamp();
            bytes = (await admin.GetByteArrayAsync(new Uri("/api/v1/map", UriKind.Relative))).Length;
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        await stop.CancelAsync();
        await sending;
        times.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"map of {nodes} nodes and {found} edges with traffic ({edges.Count} sent): {bytes / 1024} KiB, median {times[Rounds / 2]:F0} ms, 90th of 100 {times[Rounds * 9 / 10]:F0} ms, slowest {times[^1]:F0} ms"));
        return found == edges.Count && nodes >= services ? 0 : 1;
    }

    // The i-th of a layer calls some of the next, spread over it.
    static List<(int From, int To)> Edges(int services, int wanted)
    {
        var (size, edges) = (services / Layers, new HashSet<(int, int)>());
        for (var step = 0; edges.Count < wanted && step < size; step++)
        {
            for (var from = 0; from < (Layers - 1) * size && edges.Count < wanted; from++)
            {
                edges.Add((from, (((from / size) + 1) * size) + (((from * 7) + (step * 13)) % size)));
            }
        }

        return [.. edges];
    }

    static async Task SendAsync(Uri to, List<(int From, int To)> edges, CancellationToken stop)
    {
        using var client = new HttpClient { BaseAddress = to };
        for (var round = 1; !stop.IsCancellationRequested; round++)
        {
            var clock = Stopwatch.StartNew();
            foreach (var part in edges.Chunk(2500))
            {
                using var content = new ByteArrayContent(Body(part, round));
                content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
                using var answer = await client.PostAsync(new Uri("/v1/traces", UriKind.Relative), content, CancellationToken.None);
                answer.EnsureSuccessStatusCode();
            }

            var left = TimeSpan.FromSeconds(1) - clock.Elapsed;
            await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, TimeProvider.System, stop).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    static byte[] Body((int From, int To)[] edges, int round)
    {
        var (scopes, random, now) = (new Dictionary<int, ScopeSpans>(), new Random(round), (ulong)TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000);
        var request = new TraceRequest();
        foreach (var (from, to) in edges)
        {
            var (trace, call) = (Bytes(random, 16), Bytes(random, 8));
            var took = (ulong)random.Next(500_000, 20_000_000);
            ScopeOf(from).Spans.Add(new Span { TraceId = trace, SpanId = call, Name = "GET", Kind = 3, StartTimeUnixNano = now, EndTimeUnixNano = now + took });
            ScopeOf(to).Spans.Add(new Span { TraceId = trace, SpanId = Bytes(random, 8), ParentSpanId = call, Name = "GET /things", Kind = 2, StartTimeUnixNano = now, EndTimeUnixNano = now + took });
        }

        return request.ToByteArray();

        ScopeSpans ScopeOf(int service)
        {
            if (!scopes.TryGetValue(service, out var scope))
            {
                scopes[service] = scope = new ScopeSpans();
                var name = new KeyValue { Key = "service.name", Value = new AnyValue { StringValue = $"service-{service:d4}" } };
                request.ResourceSpans.Add(new ResourceSpans { Resource = new Resource { Attributes = { name } }, ScopeSpans = { scope } });
            }

            return scope;
        }
    }

    static ByteString Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        bytes[0] |= 1;
        return ByteString.CopyFrom(bytes);
    }
}
