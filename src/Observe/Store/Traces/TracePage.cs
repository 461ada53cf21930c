using System.Buffers.Binary;
using System.Text;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Traces;

/// <summary>A page of spans, read back. What it holds is checked as it is read: a damaged page is null.</summary>
sealed class TracePage
{
    const int MostCells = 8 << 20;

    readonly Trace[] traces;
    readonly Row[] rows;
    readonly string[] names;
    readonly string[] messages;
    readonly string[] services;
    readonly string[] instances;
    readonly AttributeRows resources;
    readonly AttributeRows attributes;
    readonly Events events;
    readonly int[] serviceOf;
    readonly int[] instanceOf;

    TracePage(Trace[] traces, Row[] rows, Texts texts, AttributeRows resources, AttributeRows attributes, Events events)
    {
        (this.traces, this.rows, this.resources, this.attributes, this.events) = (traces, rows, resources, attributes, events);
        (names, messages, services, instances, serviceOf, instanceOf) = (texts.Names, texts.Messages, texts.Services, texts.Instances, texts.ServiceOf, texts.InstanceOf);
    }

    /// <summary>Under which a service is a term.</summary>
    public static ReadOnlySpan<byte> ServiceKey => "\0service"u8;

    /// <summary>Under which a span's name is a term.</summary>
    public static ReadOnlySpan<byte> NameKey => "\0name"u8;

    public int Rows => rows.Length;

    /// <summary>The term of a span that failed; the service or the name may be empty, for any.</summary>
    public static ulong FailureTerm(ReadOnlySpan<byte> service, ReadOnlySpan<byte> name) => TermFilter.Term("\0failed"u8, (long)(Checksum.Hash(service) ^ Checksum.Mix(Checksum.Hash(name))));

    /// <summary>The terms all of which a page with such a span has.</summary>
    public static ulong[] TermsOf(TraceQuery query)
    {
        var terms = new List<ulong>();
        if (query.Service is { } service)
        {
            terms.Add(TermFilter.Term(ServiceKey, Encoding.UTF8.GetBytes(service)));
        }

        if (query.Operation is { } operation)
        {
            terms.Add(TermFilter.Term(NameKey, Encoding.UTF8.GetBytes(operation)));
        }

        if (query.IsError == true && terms.Count > 0)
        {
            terms.Add(FailureTerm(Encoding.UTF8.GetBytes(query.Service ?? ""), Encoding.UTF8.GetBytes(query.Operation ?? "")));
        }

        terms.AddRange(query.Attributes.Select(a => TermFilter.Term(Encoding.UTF8.GetBytes(a.Key), Encoding.UTF8.GetBytes(a.Value))));
        return [.. terms];
    }

    public static TracePage? Read(ReadOnlySpan<byte> page)
    {
        using var unpacked = PagePacker.Unpack(page);
        if (!unpacked.IsWhole)
        {
            return null;
        }

        var cursor = new ByteCursor(unpacked.Bytes);
        var count = unpacked.Rows;
        var plain = unpacked.Plain;
        var (traceCount, ids) = (cursor.Count(count), cursor.Count(plain.Length));
        var traces = new Trace[traceCount];
        var rows = new Row[count];
        if (cursor.Failed || ids != (traceCount * 16) + (count * 8) || !Frame(ref cursor, plain, ids, traces, rows))
        {
            return null;
        }

        if (Texts.Read(ref cursor, rows) is not { } texts || AttributeRows.Read(ref cursor, texts.ServiceOf.Length, MostCells) is not { } resources)
        {
            return null;
        }

        var known = cursor.Count(texts.ServiceOf.Length);
        var resourceOf = TextColumn.Numbers(ref cursor, count, known);
        for (var i = 0; i < count; i++)
        {
            rows[i].Resource = resourceOf[i];
        }

        return !cursor.Failed && AttributeRows.Read(ref cursor, count, MostCells) is { } attributes && Events.Read(ref cursor, count) is { } events
            ? new(traces, rows, texts, resources, attributes, events)
            : null;
    }

    /// <summary>Adds the spans of a trace.</summary>
    public void Get(TraceId trace, List<StoredSpan> into)
    {
        foreach (var one in traces)
        {
            if (one.Id == trace)
            {
                for (var row = one.Start; row < one.Start + one.Count; row++)
                {
                    into.Add(Span(one, row));
                }
            }
        }
    }

    /// <summary>Adds all spans.</summary>
    public void All(List<StoredSpan> into)
    {
        foreach (var one in traces)
        {
            for (var row = one.Start; row < one.Start + one.Count; row++)
            {
                into.Add(Span(one, row));
            }
        }
    }

    /// <summary>Adds the traces that have a span which matches, the oldest first.</summary>
    public void Find(TraceQuery query, List<TraceId> into)
    {
        var (least, from, to) = ((long)query.MinDuration.TotalNanoseconds, query.FromNanoseconds, query.ToNanoseconds);
        foreach (var trace in traces)
        {
            for (var row = trace.Start; row < trace.Start + trace.Count; row++)
            {
                ref readonly var span = ref rows[row];
                if (span.Duration >= least && span.Start <= to && span.Start + span.Duration >= from && (query.IsError is not { } error || error == (span.Status == SpanStatus.Error))
                    && (query.Service is not { } service || services[serviceOf[span.Resource]] == service) && (query.Operation is not { } operation || names[span.Name] == operation)
                    && Has(row, span.Resource, query.Attributes))
                {
                    into.Add(trace.Id);
                    break;
                }
            }
        }
    }

    bool Has(int row, int resource, IReadOnlyList<KeyValuePair<string, string>> wanted)
    {
        foreach (var (key, value) in wanted)
        {
            if (!attributes.Has(row, key, value) && !resources.Has(resource, key, value))
            {
                return false;
            }
        }

        return true;
    }

    StoredSpan Span(in Trace trace, int row)
    {
        ref readonly var span = ref rows[row];
        return new()
        {
            Trace = trace.Id, Span = span.Span, Parent = span.Parent, Start = span.Start, End = span.Start + span.Duration, Kind = span.Kind, Status = span.Status, Shared = span.Shared,
            Service = services[serviceOf[span.Resource]], Instance = instances[instanceOf[span.Resource]], Name = names[span.Name], StatusMessage = messages[span.Message],
            Attributes = attributes[row], Events = events.Of(row, span.Start),
        };
    }

    static bool Frame(ref ByteCursor cursor, ReadOnlySpan<byte> plain, int ids, Trace[] traces, Row[] rows)
    {
        var (at, start) = (0, 0L);
        for (var i = 0; i < traces.Length; i++)
        {
            var count = cursor.Count(rows.Length - at);
            start += cursor.Zigzag();
            traces[i] = new(at, count, start);
            at += count;
        }

        if (cursor.Failed || at != rows.Length)
        {
            return false;
        }

        var strangers = new ByteCursor(plain[ids..]);
        var words = plain;
        foreach (ref var trace in traces.AsSpan())
        {
            trace.Id = new(Word(ref words), Word(ref words));
            start = trace.Base;
            for (var row = trace.Start; row < trace.Start + trace.Count; row++)
            {
                rows[row].Span = Word(ref words);
                rows[row].Start = start += cursor.Zigzag();
            }
        }

        foreach (ref var row in rows.AsSpan())
        {
            row.Duration = cursor.Zigzag();
        }

        foreach (ref var row in rows.AsSpan())
        {
            var state = cursor.Byte();
            (row.Kind, row.Status, row.Shared) = ((SpanKind)(state & 15), (SpanStatus)((state >> 4) & 7), state >= 128);
        }

        foreach (ref readonly var trace in traces.AsSpan())
        {
            for (var row = trace.Start; row < trace.Start + trace.Count; row++)
            {
                var parent = cursor.Count(trace.Count + 1);
                rows[row].Parent = parent switch { 0 => 0, 1 => strangers.UInt64(), _ => rows[trace.Start + parent - 2].Span };
            }
        }

        return !cursor.Failed && !strangers.Failed;
    }

    static ulong Word(ref ReadOnlySpan<byte> from)
    {
        var word = BinaryPrimitives.ReadUInt64LittleEndian(from);
        from = from[8..];
        return word;
    }

    record struct Trace(int Start, int Count, long Base)
    {
        public TraceId Id { get; set; }
    }

    struct Row
    {
        public ulong Span;
        public ulong Parent;
        public long Start;
        public long Duration;
        public int Name;
        public int Message;
        public int Resource;
        public SpanKind Kind;
        public SpanStatus Status;
        public bool Shared;
    }

    sealed record Texts(string[] Names, string[] Messages, string[] Services, string[] Instances, int[] ServiceOf, int[] InstanceOf)
    {
        public static Texts? Read(ref ByteCursor cursor, Row[] rows)
        {
            var names = Column(ref cursor, rows.Length, out var nameOf);
            var messages = Column(ref cursor, rows.Length, out var messageOf);
            var resources = cursor.Count(rows.Length);
            var services = Column(ref cursor, resources, out var serviceOf);
            var instances = Column(ref cursor, resources, out var instanceOf);
            if (names is null || messages is null || services is null || instances is null)
            {
                return null;
            }

            for (var i = 0; i < rows.Length; i++)
            {
                (rows[i].Name, rows[i].Message) = (nameOf[i], messageOf[i]);
            }

            return new(names, messages, services, instances, serviceOf, instanceOf);
        }

        static string[]? Column(ref ByteCursor cursor, int rows, out int[] numbers)
        {
            numbers = [];
            if (TextTable.Read(ref cursor) is not { } texts)
            {
                return null;
            }

            numbers = TextColumn.Numbers(ref cursor, rows, texts.Count);
            return cursor.Failed ? null : texts.Show();
        }
    }

    sealed record Events(int[] At, long[] Times, string[] Names, int[] NameOf, AttributeRows Attributes)
    {
        public static Events? Read(ref ByteCursor cursor, int rows)
        {
            var at = new int[rows + 1];
            for (var i = 0; i < rows && !cursor.Failed; i++)
            {
                at[i + 1] = at[i] + cursor.Count(ushort.MaxValue);
            }

            var count = cursor.Items();
            if (cursor.Failed || count != at[rows])
            {
                return null;
            }

            var times = new long[count];
            for (var i = 0; i < count; i++)
            {
                times[i] = cursor.Zigzag();
            }

            if (TextTable.Read(ref cursor) is not { } names)
            {
                return null;
            }

            var nameOf = TextColumn.Numbers(ref cursor, count, names.Count);
            return !cursor.Failed && AttributeRows.Read(ref cursor, count, MostCells) is { } attributes
                ? new(at, times, names.Show(), nameOf, attributes)
                : null;
        }

        public StoredEvent[] Of(int row, long start)
        {
            var list = new StoredEvent[At[row + 1] - At[row]];
            for (var i = 0; i < list.Length; i++)
            {
                var at = At[row] + i;
                list[i] = new(start + Times[at], Names[NameOf[at]], Attributes[at]);
            }

            return list;
        }
    }
}
