using System.Buffers.Binary;
using System.Text;
using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Store.Traces;

/// <summary>
/// A span as bytes: length 4, previous of its trace 8, trace 16, span 8, parent 8, start 8, end 8, kind, status, shared, then texts (length 2, UTF-8) and lists
/// (count 2). Attributes of the span come before those of its resource.
/// </summary>
internal static class SpanRecord
{
    /// <summary>Writes a span; 0 where it does not fit.</summary>
    public static int Write(Span<byte> into, long previous, in ResourceView resource, in SpanView span, bool withEvents)
    {
        var writer = new SpanWriter(into);
        writer.Int32(0);
        writer.Int64(previous);
        writer.Int64((long)span.Trace.High);
        writer.Int64((long)span.Trace.Low);
        writer.Int64((long)span.Span);
        writer.Int64((long)span.Parent);
        writer.Int64(span.Start);
        writer.Int64(span.End);
        writer.Byte((byte)span.Kind);
        writer.Byte((byte)span.Status);
        writer.Byte(span.Shared ? (byte)1 : (byte)0);
        writer.Text(resource.Service);
        writer.Text(span.Name);
        writer.Text(resource.Instance);
        writer.Text(span.StatusMessage);
        writer.List(span.Attributes);
        var events = withEvents ? Math.Min(span.Events, ushort.MaxValue) : 0;
        writer.UInt16((ushort)events);
        for (var i = 0; i < events; i++)
        {
            var one = span.Event(i);
            writer.Int64(one.Time);
            writer.Text(one.Name);
            writer.List(one.Attributes);
        }

        writer.List(resource.Attributes);
        return writer.Finish();
    }

    public static int LengthOf(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadInt32LittleEndian(record);

    public static long PreviousOf(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadInt64LittleEndian(record[4..]);

    /// <summary>Says which span of the trace came before it.</summary>
    public static void Chain(Span<byte> record, long previous) => BinaryPrimitives.WriteInt64LittleEndian(record[4..], previous);

    public static TraceId TraceOf(ReadOnlySpan<byte> record) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(record[12..]), BinaryPrimitives.ReadUInt64LittleEndian(record[20..]));

    public static bool Matches(ReadOnlySpan<byte> record, in SpanMatch match)
    {
        var reader = new SpanReader(record[44..]);
        var (start, end) = (reader.Int64(), reader.Int64());
        reader.Byte();
        var isError = reader.Byte() == (byte)SpanStatus.Error;
        reader.Byte();
        var service = reader.Text();
        var name = reader.Text();
        if (end - start < match.MinNanoseconds || start > match.To || end < match.From || (match.IsError is { } wanted && wanted != isError)
            || (match.Service is { } s && !service.SequenceEqual(s)) || (match.Operation is { } o && !name.SequenceEqual(o)))
        {
            return false;
        }

        if (match.Attributes.Length == 0)
        {
            return true;
        }

        reader.Text();
        reader.Text();
        var found = 0L;
        reader.Find(match.Attributes, ref found);
        for (var events = reader.UInt16(); events > 0; events--)
        {
            reader.Int64();
            reader.Text();
            var ignored = 0L;
            reader.Find([], ref ignored);
        }

        reader.Find(match.Attributes, ref found);
        return found == (1L << match.Attributes.Length) - 1;
    }

    public static StoredSpan Read(ReadOnlySpan<byte> record)
    {
        var reader = new SpanReader(record[12..]);
        var trace = new TraceId((ulong)reader.Int64(), (ulong)reader.Int64());
        var (span, parent, start, end) = ((ulong)reader.Int64(), (ulong)reader.Int64(), reader.Int64(), reader.Int64());
        var (kind, status, shared) = ((SpanKind)reader.Byte(), (SpanStatus)reader.Byte(), reader.Byte() != 0);
        var (service, name, instance, message) = (reader.String(), reader.String(), reader.String(), reader.String());
        var attributes = reader.List();
        var events = new StoredEvent[reader.UInt16()];
        for (var i = 0; i < events.Length; i++)
        {
            events[i] = new(reader.Int64(), reader.String(), reader.List());
        }

        return new()
        {
            Trace = trace, Span = span, Parent = parent, Start = start, End = end, Kind = kind, Status = status, Shared = shared,
            Service = service, Name = name, Instance = instance, StatusMessage = message, Attributes = attributes, Events = events,
        };
    }
}

/// <summary>A record's parts, as they lie there.</summary>
internal readonly ref struct SpanParts
{
    public SpanParts(ReadOnlySpan<byte> record)
    {
        var reader = new SpanReader(record[12..]);
        Trace = new((ulong)reader.Int64(), (ulong)reader.Int64());
        (Span, Parent, Start, End) = ((ulong)reader.Int64(), (ulong)reader.Int64(), reader.Int64(), reader.Int64());
        (Kind, Status, Shared) = (reader.Byte(), reader.Byte(), reader.Byte());
        Service = reader.Text();
        Name = reader.Text();
        Instance = reader.Text();
        Message = reader.Text();
        Attributes = reader.PassList();
        Events = reader.PassEvents();
        Resource = reader.PassList();
    }

    public TraceId Trace { get; }

    public ulong Span { get; }

    public ulong Parent { get; }

    public long Start { get; }

    public long End { get; }

    public byte Kind { get; }

    public byte Status { get; }

    public byte Shared { get; }

    public ReadOnlySpan<byte> Service { get; }

    public ReadOnlySpan<byte> Name { get; }

    public ReadOnlySpan<byte> Instance { get; }

    public ReadOnlySpan<byte> Message { get; }

    public ReadOnlySpan<byte> Attributes { get; }

    public ReadOnlySpan<byte> Events { get; }

    public ReadOnlySpan<byte> Resource { get; }
}

/// <summary>A query as bytes, so that spans need not be made texts to be compared.</summary>
internal readonly struct SpanMatch(TraceQuery query)
{
    public byte[]? Service { get; } = query.Service is { } service ? Encoding.UTF8.GetBytes(service) : null;

    public byte[]? Operation { get; } = query.Operation is { } operation ? Encoding.UTF8.GetBytes(operation) : null;

    public long MinNanoseconds { get; } = (long)query.MinDuration.TotalNanoseconds;

    public long From { get; } = query.FromNanoseconds;

    public long To { get; } = query.ToNanoseconds;

    public bool? IsError { get; } = query.IsError;

    public KeyValuePair<byte[], string>[] Attributes { get; } = [.. query.Attributes.Take(32).Select(a => KeyValuePair.Create(Encoding.UTF8.GetBytes(a.Key), a.Value))];
}
