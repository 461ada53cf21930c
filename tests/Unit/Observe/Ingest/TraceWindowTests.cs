using Google.Protobuf;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Otlp;
using Mainstay.Observe.Query;
using Mainstay.Observe.Store.Traces;
using Mainstay.Oracle;
using Shouldly;
using Xunit;
using SpanKind = Mainstay.Observe.Ingest.Model.SpanKind;

namespace Mainstay.Tests.Observe.Ingest;

/// <summary>The hot window of traces, and what is made of a trace.</summary>
public sealed class TraceWindowTests
{
    [Fact]
    public void What_is_kept_is_what_came()
    {
        var window = new TraceWindow();
        var request = new OtlpSamples(4).Traces();
        Add(window, request);
        foreach (var span in request.ResourceSpans.SelectMany(r => r.ScopeSpans).SelectMany(s => s.Spans))
        {
            var kept = window.Get(Id(span)).Single();
            (kept.Name, kept.Kind, (int)kept.Status, kept.StatusMessage).ShouldBe((span.Name, (SpanKind)span.Kind, span.Status?.Code ?? 0, span.Status?.Message ?? ""));
            (kept.Start, kept.End).ShouldBe(((long)span.StartTimeUnixNano, (long)span.EndTimeUnixNano));
            kept.Attributes.Select(a => a.Key).ShouldBe(span.Attributes.Select(a => a.Key));
            kept.Events.Select(e => e.Name).ShouldBe(span.Events.Select(e => e.Name));
        }

        window.Get(new(1, 2)).ShouldBeEmpty();
    }

    [Fact]
    public void Spans_are_found_by_everything_that_is_asked()
    {
        var window = new TraceWindow();
        Add(window, Request("shop", One(1, "GET /", 5_000_000, 0, ("user", "ann")), One(2, "GET /", 50_000_000, 2, ("user", "ben")), One(3, "POST /", 5_000_000, 0)));
        Add(window, Request("cart", One(4, "GET /", 5_000_000, 0, ("user", "ann"))));
        Found(new()).ShouldBe([4, 3, 2, 1]);
        Found(new() { Limit = 2 }).ShouldBe([4, 3]);
        Found(new() { Service = "shop" }).ShouldBe([3, 2, 1]);
        Found(new() { Operation = "GET /" }).ShouldBe([4, 2, 1]);
        Found(new() { MinDuration = TimeSpan.FromMilliseconds(50) }).ShouldBe([2]);
        Found(new() { IsError = true }).ShouldBe([2]);
        Found(new() { IsError = false, Service = "shop" }).ShouldBe([3, 1]);
        Found(new() { Attributes = [new("user", "ann")] }).ShouldBe([4, 1]);
        Found(new() { Attributes = [new("user", "ann"), new("service.name", "shop")] }).ShouldBe([1]);
        Found(new() { Attributes = [new("user", "nobody")] }).ShouldBeEmpty();

        List<ulong> Found(TraceQuery query) => [.. window.Find(query).Select(t => t.Low)];
    }

    [Fact]
    public void The_oldest_go_when_there_is_no_more_room()
    {
        var window = new TraceWindow(4 << 20);
        var text = new string('x', 4000);
        for (var i = 1; i <= 3000; i++) Add(window, Request("shop", One((ulong)i, "x", 1, 0, ("text", text))));
        var figures = window.Figures;
        figures.Bytes.ShouldBe(4 << 20);
        (figures.Spans + figures.Forgotten).ShouldBe(3000);
        figures.Spans.ShouldBeInRange(700, 1048);
        figures.Traces.ShouldBe(figures.Spans);
        window.Get(new(0, 1)).ShouldBeEmpty();
        window.Get(new(0, 3000)).Count.ShouldBe(1);
        window.Find(new() { Limit = 10_000 }).Count.ShouldBe((int)figures.Spans);
    }

    [Fact]
    public void A_tree_has_self_times_and_a_critical_path()
    {
        // 0 to 100: a 10–40 and b 30–90 at the same time, c 92–95; below b d 50–90.
        StoredSpan[] spans =
        [
            Stored(5, 3, "d", 50, 90), Stored(1, 0, "root", 0, 100), Stored(2, 1, "a", 10, 40), Stored(3, 1, "b", 30, 90), Stored(4, 1, "c", 92, 95), Stored(6, 77, "lost", 5, 6),
        ];
        var tree = TraceTree.Build(spans)!;
        tree.Spans.Select(s => $"{new string(' ', s.Depth)}{s.Name} {s.SelfMs:0}{(s.Critical ? "*" : "")}").ShouldBe(["root 17*", " a 30", " b 20*", "  d 40*", " c 3*", "lost 1*"]);
        (tree.Missing, tree.DurationMs, tree.Name).ShouldBe((1, 100, "root"));
        TraceTree.Build([]).ShouldBeNull();
        // Two that are each other's parents are still shown, and end.
        TraceTree.Build([Stored(1, 2, "a", 0, 1), Stored(2, 1, "b", 0, 1)])!.Spans.Count.ShouldBe(2);
    }

    static StoredSpan Stored(ulong id, ulong parent, string name, long startMs, long endMs) => new()
    {
        Trace = new(0, 1), Span = id, Parent = parent, Name = name, Service = "s", Instance = "", Kind = SpanKind.Internal, Status = SpanStatus.Unset, StatusMessage = "", Shared = false,
        Start = 1_700_000_000_000_000_000 + (startMs * 1_000_000), End = 1_700_000_000_000_000_000 + (endMs * 1_000_000),
    };

    static void Add(TraceWindow window, TraceRequest request) => OtlpTraces.Read(request.ToByteArray(), new DecodeScratch(), new Into(window)).IsRead.ShouldBeTrue();

    static TraceId Id(Span span) => new(Convert.ToUInt64(Convert.ToHexString(span.TraceId.Span[..8]), 16), Convert.ToUInt64(Convert.ToHexString(span.TraceId.Span[8..]), 16));

    static TraceRequest Request(string service, params Span[] spans) => new()
    {
        ResourceSpans = { new ResourceSpans { Resource = new Mainstay.Oracle.Resource { Attributes = { Text("service.name", service) } }, ScopeSpans = { new ScopeSpans { Spans = { spans } } } } },
    };

    static Span One(ulong trace, string name, ulong nanoseconds, int status, params (string Key, string Value)[] attributes)
    {
        var id = BitConverter.GetBytes(trace);
        Array.Reverse(id);
        return new Span
        {
            TraceId = ByteString.CopyFrom([.. new byte[8], .. id]), SpanId = ByteString.CopyFrom(id), Name = name, Kind = 2, StartTimeUnixNano = 1_700_000_000_000_000_000,
            EndTimeUnixNano = 1_700_000_000_000_000_000 + nanoseconds, Status = new Status { Code = status }, Attributes = { attributes.Select(a => Text(a.Key, a.Value)) },
        };
    }

    static KeyValue Text(string key, string value) => new() { Key = key, Value = new AnyValue { StringValue = value } };

    sealed class Into(TraceWindow window) : ISpanSink
    {
        readonly ResourceCopy resource = new();

        public void Begin(in ResourceView of, in ScopeView scope) => resource.Take(of);

        public void Span(in SpanView span) => window.Add(resource.View, default, span);
    }
}
