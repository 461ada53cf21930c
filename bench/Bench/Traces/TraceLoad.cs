using System.Diagnostics;
using System.Globalization;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Otlp;
using Mainstay.Observe.Sampling;
using Mainstay.Observe.Store.Traces;

namespace Mainstay.Bench.Traces;

/// <summary>
/// Fills a trace store on disk with spans, opens it anew and asks it: bytes a span, time to open, time for a trace by its id and for searches. All spans are kept; the
/// clock of the store is moved by the data, so that nothing waits.
/// </summary>
internal static class TraceLoad
{
    const int Lookups = 1000;

    public static int Run(string[] args)
    {
        string? Of(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
        var folder = Of("--folder") ?? Path.Combine(Path.GetTempPath(), "mainstay-traces");
        var wanted = long.Parse(Of("--spans") ?? "1000000", CultureInfo.InvariantCulture);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        var options = new TraceStoreOptions { Sampling = new() { SpansPerSecond = 1e9 }, Keep = new(TimeSpan.FromDays(365), 1L << 40) };
        var time = new MovedTime();
        var ids = Fill(new TraceStore(new DiskFiles(folder), time, options), time, wanted);
        Ask(folder, time, options, ids);
        return 0;
    }

    static List<TraceId> Fill(TraceStore store, MovedTime time, long wanted)
    {
        var (samples, scratch, sink, ids) = (new TraceSamples(1), new DecodeScratch(), new Into(store), new List<TraceId>());
        var (made, taking, ticking) = (0L, TimeSpan.Zero, TimeSpan.Zero);
        while (made < wanted)
        {
            var (body, spans, last) = samples.Request((ulong)time.Now.ToUnixTimeMilliseconds() * 1_000_000, 5000);
            var id = last.Span;
            ids.Add(new(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(id), System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(id[8..])));
            var clock = Stopwatch.StartNew();
            OtlpTraces.Read(body, scratch, sink);
            taking += clock.Elapsed;
            made += spans;
            time.Now += TimeSpan.FromSeconds(1);
            clock.Restart();
            store.Tick();
            ticking += clock.Elapsed;
        }

        time.Now += TimeSpan.FromSeconds(30);
        store.Tick();
        time.Now += TimeSpan.FromSeconds(30);
        store.Tick();
        store.Seal();
        var disk = store.Figures.Disk;
        Say($"spans {made}  on disk {disk.Items}  blocks {disk.Blocks}  bytes {disk.Bytes}  bytes a span {(double)disk.Bytes / disk.Items:F1}");
        Say($"reading and keeping {taking.TotalMicroseconds / made:F2} µs a span  writing and sealing {ticking.TotalMicroseconds / made:F2} µs a span");
        return ids;
    }

    static void Ask(string folder, MovedTime time, TraceStoreOptions options, List<TraceId> ids)
    {
        var clock = Stopwatch.StartNew();
        var store = new TraceStore(new DiskFiles(folder), time, options);
        Say($"opened with {store.Figures.Disk.Items} spans in {clock.Elapsed.TotalMilliseconds:F0} ms");
        var random = new Random(7);
        var times = new List<double>();
        var (allocated, cpu, collections) = (GC.GetAllocatedBytesForCurrentThread(), Environment.CpuUsage.TotalTime, GC.CollectionCount(2));
        for (var i = 0; i < Lookups; i++)
        {
            var id = ids[random.Next(ids.Count)];
            clock.Restart();
            var found = store.Get(id).Count;
            times.Add(clock.Elapsed.TotalMilliseconds);
            if (found == 0)
            {
                throw new InvalidOperationException($"trace {id} is gone");
            }
        }

        times.Sort();
        Say($"trace by id: median {times[Lookups / 2]:F1} ms  99th of 100 {times[Lookups * 99 / 100]:F1} ms  slowest {times[^1]:F1} ms");
        Say($"each {(Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds / Lookups:F2} ms of processors, {(GC.GetAllocatedBytesForCurrentThread() - allocated) / 1024 / Lookups} KiB allocated; {GC.CollectionCount(2) - collections} full collections in all");
        foreach (var (what, query) in new (string, TraceQuery)[]
        {
            ("newest 20 of a service", new() { Service = "payments" }),
            ("newest 20 failed of an operation", new() { Service = "orders", Operation = "GET /api/orders/{id}/part1", IsError = true }),
            ("20 by a path that one in 200,000 has", new() { Attributes = [new("url.path", "/api/stock/123456/part2")] }),
            ("20 by a path that none has", new() { Attributes = [new("url.path", "/api/none/1")] }),
            ("none slower than a minute", new() { MinDuration = TimeSpan.FromMinutes(1) }),
        })
        {
            store.Find(query);
            clock.Restart();
            var found = store.Find(query).Count;
            Say($"{what}: {found} in {clock.Elapsed.TotalMilliseconds:F0} ms");
        }
    }

    static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    sealed class MovedTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

        public override DateTimeOffset GetUtcNow() => Now;
    }

    sealed class Into(TraceStore store) : ISpanSink
    {
        readonly ResourceCopy resource = new();

        public void Begin(in ResourceView of, in ScopeView scope) => resource.Take(of);

        public void Span(in SpanView span) => store.Add(resource.View, default, span);
    }
}
