using System.Text;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Otlp;
using Mainstay.Observe.Join;
using Mainstay.Oracle;
using Google.Protobuf;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Ingest;

/// <summary>Calls made of spans, in whatever order their halves come, with bounded memory.</summary>
public sealed class JoinTests
{
    [Fact]
    public void Every_call_is_found_once_in_any_order()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var (spans, expected) = Trace(random, 40);
            var sink = new Counted();
            var joiner = new SpanJoiner(4096);
            foreach (var (service, span) in spans.OrderBy(_ => random.Next())) Take(joiner, service, span, 0, sink);
            joiner.Advance(SpanJoiner.WindowSeconds, sink);
            sink.Named(joiner).ShouldBe(expected, $"seed {seed}");
            joiner.Count.ShouldBe(0);
            joiner.Orphans.ShouldBe(0);
        }
    }

    [Fact]
    public void Halves_whose_parents_never_come_are_orphans()
    {
        var joiner = new SpanJoiner(16);
        var sink = new Counted();
        Take(joiner, "a", Span(1, 99, 2), 0, sink);
        joiner.Advance(SpanJoiner.WindowSeconds - 1, sink);
        joiner.Orphans.ShouldBe(0);
        joiner.Advance(SpanJoiner.WindowSeconds, sink);
        (joiner.Orphans, joiner.Count, sink.Total).ShouldBe((1, 0, 0));
    }

    [Fact]
    public void More_than_can_wait_is_settled_early_and_the_joiner_stays_in_its_bounds()
    {
        var joiner = new SpanJoiner(64);
        var sink = new Counted();
        for (ulong i = 1; i <= 10_000; i++) Take(joiner, "a", Span(i, i % 3 == 0 ? 0 : (i * 7) + 1_000_000, 2), 0, sink);
        (joiner.Count, joiner.Hurried).ShouldBe((64, 10_000 - 64));
        joiner.Advance(1000, sink);
        joiner.Count.ShouldBe(0);
    }

    // A tree of calls between five services: every call a client's span and, below it, a server's; a third of the clients call somebody who sends nothing.
    static (List<(string Service, Span Span)> Spans, SortedDictionary<string, int> Expected) Trace(Random random, int calls)
    {
        var spans = new List<(string, Span)>();
        var expected = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var servers = new List<(string Service, ulong Id)> { ("s0", 1) };
        spans.Add(("s0", Span(1, 0, 2)));
        for (ulong id = 2; id < (ulong)(2 + (calls * 2)); id += 2)
        {
            var (caller, parent) = servers[random.Next(servers.Count)];
            var client = Span(id, parent, 3);
            spans.Add((caller, client));
            string callee;
            if (random.Next(3) == 0)
            {
                callee = "silent.example";
                client.Attributes.Add(new KeyValue { Key = "server.address", Value = new AnyValue { StringValue = callee } });
            }
            else
            {
                callee = $"s{random.Next(5)}";
                spans.Add((callee, Span(id + 1, id, 2)));
                servers.Add((callee, id + 1));
            }

            expected[$"{caller} > {callee}"] = expected.GetValueOrDefault($"{caller} > {callee}") + 1;
        }

        return (spans, expected);
    }

    static void Take(SpanJoiner joiner, string service, Span span, long second, IEdgeSink sink)
    {
        var body = new TraceRequest { ResourceSpans = { new ResourceSpans { ScopeSpans = { new ScopeSpans { Spans = { span } } } } } }.ToByteArray();
        OtlpTraces.Read(body, new DecodeScratch(), new Into(joiner, service, second, sink)).Taken.ShouldBe(1);
    }

    static Span Span(ulong id, ulong parent, int kind) => new()
    {
        TraceId = ByteString.CopyFrom([.. new byte[15], 7]), SpanId = Bytes(id), ParentSpanId = parent == 0 ? ByteString.Empty : Bytes(parent), Kind = kind, Name = "x",
    };

    static ByteString Bytes(ulong id)
    {
        var bytes = BitConverter.GetBytes(id);
        Array.Reverse(bytes);
        return ByteString.CopyFrom(bytes);
    }

    sealed class Into(SpanJoiner joiner, string service, long second, IEdgeSink sink) : ISpanSink
    {
        public void Begin(in ResourceView resource, in ScopeView scope)
        {
        }

        public void Span(in SpanView span) => joiner.Take(joiner.Service(Encoding.UTF8.GetBytes(service)), span, second, sink);
    }

    sealed class Counted : IEdgeSink
    {
        readonly Dictionary<(int, int), int> calls = [];

        public int Total => calls.Values.Sum();

        public void Edge(int from, int to, long nanoseconds, bool isError, TraceId trace) => calls[(from, to)] = calls.GetValueOrDefault((from, to)) + 1;

        public SortedDictionary<string, int> Named(SpanJoiner joiner) => new(calls.ToDictionary(c => $"{joiner.Nodes[c.Key.Item1]} > {joiner.Nodes[c.Key.Item2]}", c => c.Value), StringComparer.Ordinal);
    }
}
