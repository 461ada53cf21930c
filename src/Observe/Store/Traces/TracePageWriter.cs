using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Traces;

/// <summary>
/// Turns spans into a page. Kept as they are: trace ids, span ids and parents that are elsewhere. Packed: for each trace its number of spans and its start; for
/// each span its start after the one before it, duration, kind and status, which span of the trace is its parent, then texts, resources, attributes and events as columns.
/// </summary>
sealed class TracePageWriter
{
    // A page that is unpacked in vain takes some milliseconds, and there are thousands of them.
    const int FilterBits = 16;

    readonly ByteWriter plain = new();
    readonly ByteWriter traces = new();
    readonly ByteWriter starts = new();
    readonly ByteWriter durations = new();
    readonly ByteWriter states = new();
    readonly ByteWriter parents = new();
    readonly ByteWriter strangers = new();
    readonly TextColumn names = new();
    readonly TextColumn messages = new();
    readonly TextColumn resourceOf = new();
    readonly TextColumn services = new();
    readonly TextColumn instances = new();
    readonly AttributeColumns resources = new();
    readonly AttributeColumns attributes = new();
    readonly ByteWriter eventCounts = new();
    readonly ByteWriter eventTimes = new();
    readonly TextColumn eventNames = new();
    readonly AttributeColumns events = new();
    readonly ByteWriter resourceKey = new();
    readonly Dictionary<ulong, int> inTrace = [];
    readonly HashSet<ulong> failures = [];
    readonly HashSet<ulong> terms = [];
    int rows;
    int traceCount;
    long traceBase;
    long first = long.MaxValue;
    long last = long.MinValue;
    long longest;
    bool failed;

    public int Rows => rows;

    /// <summary>Adds the spans of one trace, the earliest first.</summary>
    public void Add(TraceId trace, IReadOnlyList<ReadOnlyMemory<byte>> spans)
    {
        plain.UInt64(trace.High);
        plain.UInt64(trace.Low);
        var start = new SpanParts(spans[0].Span).Start;
        traces.Varint(spans.Count);
        traces.Zigzag(start - traceBase);
        traceBase = start;
        traceCount++;
        inTrace.Clear();
        for (var i = 0; i < spans.Count; i++)
        {
            inTrace.TryAdd(new SpanParts(spans[i].Span).Span, i);
        }

        foreach (var span in spans)
        {
            Add(new SpanParts(span.Span), spans.Count, ref start);
            rows++;
        }
    }

    /// <summary>Begins the next page in the same memory.</summary>
    public void Clear()
    {
        foreach (var writer in (ReadOnlySpan<ByteWriter>)[plain, traces, starts, durations, states, parents, strangers, eventCounts, eventTimes, resourceKey])
        {
            writer.Clear();
        }

        foreach (var column in (ReadOnlySpan<TextColumn>)[names, messages, resourceOf, services, instances, eventNames])
        {
            column.Clear();
        }

        foreach (var columns in (ReadOnlySpan<AttributeColumns>)[resources, attributes, events])
        {
            columns.Clear();
        }

        inTrace.Clear();
        failures.Clear();
        (rows, traceCount, traceBase, first, last, longest, failed) = (0, 0, 0, long.MaxValue, long.MinValue, 0, false);
    }

    /// <summary>The page, its filter and its facts.</summary>
    /// <param name="packable">Memory for what is packed, of which nothing is left behind; null for new one.</param>
    public (byte[] Page, byte[] Filter, PageFacts Facts) Finish(ByteWriter? packable = null)
    {
        var ids = plain.Length;
        plain.Bytes(strangers.Written);
        packable ??= new(1 << 16);
        packable.Clear();
        packable.Varint(traceCount);
        packable.Varint(ids);
        packable.Bytes(traces.Written);
        packable.Bytes(starts.Written);
        packable.Bytes(durations.Written);
        packable.Bytes(states.Written);
        packable.Bytes(parents.Written);
        names.Write(packable);
        messages.Write(packable);
        packable.Varint(resources.Rows);
        services.Write(packable);
        instances.Write(packable);
        resources.Write(packable);
        packable.Varint(resourceOf.Table.Count);
        resourceOf.WriteNumbers(packable);
        attributes.Write(packable);
        packable.Bytes(eventCounts.Written);
        packable.Varint(events.Rows);
        packable.Bytes(eventTimes.Written);
        eventNames.Write(packable);
        events.Write(packable);
        return (PagePacker.Pack(rows, plain.Written, packable.Written), TermFilter.Make(Terms(), FilterBits), new(rows, first, last, longest, failed ? 1 : 0));
    }

    HashSet<ulong> Terms()
    {
        terms.Clear();
        terms.UnionWith(failures);
        attributes.Terms(terms);
        resources.Terms(terms);
        for (var i = 0; i < services.Table.Count; i++)
        {
            terms.Add(TermFilter.Term(TracePage.ServiceKey, services.Table[i]));
        }

        for (var i = 0; i < names.Table.Count; i++)
        {
            terms.Add(TermFilter.Term(TracePage.NameKey, names.Table[i]));
        }

        return terms;
    }

    void Add(in SpanParts span, int count, ref long before)
    {
        plain.UInt64(span.Span);
        starts.Zigzag(span.Start - before);
        before = span.Start;
        durations.Zigzag(span.End - span.Start);
        states.Byte((byte)((span.Kind & 15) | ((span.Status & 7) << 4) | (span.Shared << 7)));
        if (span.Parent == 0)
        {
            parents.Varint(0);
        }
        else if (inTrace.TryGetValue(span.Parent, out var at))
        {
            parents.Varint(at + 2);
        }
        else
        {
            parents.Varint(1);
            strangers.UInt64(span.Parent);
        }

        names.Add(span.Name);
        messages.Add(span.Message);
        Resource(span);
        List(span.Attributes, attributes);
        Events(span);
        first = Math.Min(first, span.Start);
        last = Math.Max(last, span.End);
        longest = Math.Max(longest, span.End - span.Start);
        if (span.Status == (byte)SpanStatus.Error)
        {
            failed = true;
            failures.Add(TracePage.FailureTerm(span.Service, span.Name));
            failures.Add(TracePage.FailureTerm(span.Service, default));
            failures.Add(TracePage.FailureTerm(default, span.Name));
        }
    }

    void Resource(in SpanParts span)
    {
        resourceKey.Clear();
        resourceKey.Varint(span.Service.Length);
        resourceKey.Bytes(span.Service);
        resourceKey.Varint(span.Instance.Length);
        resourceKey.Bytes(span.Instance);
        resourceKey.Bytes(span.Resource);
        var known = resourceOf.Table.Count;
        resourceOf.Add(resourceKey.Written);
        if (resourceOf.Table.Count > known)
        {
            services.Add(span.Service);
            instances.Add(span.Instance);
            List(span.Resource, resources);
        }
    }

    void Events(in SpanParts span)
    {
        var reader = new SpanReader(span.Events);
        var count = reader.UInt16();
        eventCounts.Varint(count);
        for (var i = 0; i < count; i++)
        {
            eventTimes.Zigzag(reader.Int64() - span.Start);
            eventNames.Add(reader.Text());
            List(ref reader, events);
        }
    }

    static void List(ReadOnlySpan<byte> list, AttributeColumns into)
    {
        var reader = new SpanReader(list);
        List(ref reader, into);
    }

    static void List(ref SpanReader reader, AttributeColumns into)
    {
        for (var count = reader.UInt16(); count > 0; count--)
        {
            reader.Attribute(out var key, out var kind, out var text, out var bits);
            into.Add(key, kind, text, bits);
        }

        into.End();
    }
}
