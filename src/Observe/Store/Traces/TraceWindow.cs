using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Store.Traces;

/// <summary>
/// The newest spans in memory: a ring of segments, the oldest of which goes as a whole when there is no more room. Spans of a trace are chained from the
/// newest to the oldest. Nothing is allocated per span.
/// </summary>
public sealed class TraceWindow : ITraceStore
{
    const int SegmentBits = 20;
    const int SegmentBytes = 1 << SegmentBits;
    const int MostSpanBytes = SegmentBytes / 4;

    readonly Lock gate = new();
    readonly byte[]?[] segments;
    readonly int[] used;
    readonly long[] spansOf;
    readonly Dictionary<TraceId, long> newest = [];
    long segment;
    int at;
    long spans;
    long forgotten;
    long forgottenSeen;
    long cut;

    /// <param name="mostBytes">Memory for spans; at least four segments of 1 MiB. Default 128 MiB. The index of traces comes on top.</param>
    public TraceWindow(long mostBytes = 128L << 20)
    {
        var count = (int)Math.Clamp(mostBytes >> SegmentBits, 4, 1 << 16);
        (segments, used, spansOf) = (new byte[]?[count], new int[count], new long[count]);
    }

    public TraceStoreFigures Figures
    {
        get
        {
            lock (gate)
            {
                return new(spans, newest.Count, Math.Min(segment + 1, segments.Length) * SegmentBytes, forgotten, cut);
            }
        }
    }

    long Oldest => Math.Max(0, segment - segments.Length + 1);

    public void Add(in ResourceView resource, in ScopeView scope, in SpanView span)
    {
        lock (gate)
        {
            var previous = newest.GetValueOrDefault(span.Trace, -1);
            var length = SpanRecord.Write(Rest(), previous, resource, span, true);
            if (length == 0 || length > MostSpanBytes)
            {
                Next();
                length = SpanRecord.Write(Rest()[..MostSpanBytes], previous, resource, span, true);
                if (length == 0)
                {
                    cut++;
                    length = SpanRecord.Write(Rest()[..MostSpanBytes], previous, resource, span, false);
                }
            }

            if (length == 0)
            {
                forgotten++;
                return;
            }

            Took(span.Trace, length);
        }
    }

    /// <summary>Keeps a span that was written before.</summary>
    public void Add(ReadOnlySpan<byte> record)
    {
        lock (gate)
        {
            if (record.Length > Rest().Length)
            {
                Next();
            }

            var trace = SpanRecord.TraceOf(record);
            var into = Rest();
            record.CopyTo(into);
            SpanRecord.Chain(into, newest.GetValueOrDefault(trace, -1));
            Took(trace, record.Length);
        }
    }

    /// <summary>
    /// Copies spans, as whole records in the order of their coming, from where <paramref name="position"/> stands, which is 0 at first, and moves it.
    /// </summary>
    /// <param name="position">Where the last call ended.</param>
    /// <param name="into">At least 1 MiB.</param>
    /// <param name="lost">How many spans made room before they could be copied.</param>
    /// <returns>The bytes copied; 0 where there is nothing new.</returns>
    public int Copy(ref long position, Span<byte> into, out long lost)
    {
        lost = 0;
        lock (gate)
        {
            if (position >> SegmentBits < Oldest)
            {
                lost = forgotten - forgottenSeen;
                position = Oldest << SegmentBits;
            }

            forgottenSeen = forgotten;
            var (number, from) = (position >> SegmentBits, (int)(position & (SegmentBytes - 1)));
            while (number < segment && from >= used[number % segments.Length])
            {
                (number, from) = (number + 1, 0);
            }

            if (number > segment)
            {
                return 0;
            }

            var slot = (int)(number % segments.Length);
            var length = used[slot] - from;
            segments[slot].AsSpan(from, length).CopyTo(into);
            position = (number << SegmentBits) + used[slot];
            return length;
        }
    }

    /// <summary>All spans as whole records, one piece for each segment, as they lie there: to be read while nothing is added.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Segments()
    {
        lock (gate)
        {
            var found = new List<ReadOnlyMemory<byte>>();
            for (var number = Oldest; number <= segment; number++)
            {
                var slot = (int)(number % segments.Length);
                if (used[slot] > 0)
                {
                    found.Add(segments[slot].AsMemory(0, used[slot]));
                }
            }

            return found;
        }
    }

    /// <summary>Forgets all spans, which are elsewhere now, and keeps the memory for the next.</summary>
    public void Clear()
    {
        lock (gate)
        {
            newest.Clear();
            Array.Clear(used);
            Array.Clear(spansOf);
            (segment, at, spans, forgotten, forgottenSeen) = (0, 0, 0, 0, 0);
        }
    }

    public IReadOnlyList<StoredSpan> Get(TraceId trace)
    {
        lock (gate)
        {
            var found = new List<StoredSpan>();
            for (var where = newest.GetValueOrDefault(trace, -1); where >= 0 && where >> SegmentBits >= Oldest;)
            {
                var record = RecordAt(where);
                found.Add(SpanRecord.Read(record));
                where = SpanRecord.PreviousOf(record);
            }

            return found;
        }
    }

    public IReadOnlyList<TraceId> Find(TraceQuery query)
    {
        var match = new SpanMatch(query);
        var found = new List<TraceId>();
        var seen = new HashSet<TraceId>();
        var inSegment = new List<TraceId>();
        // A segment at a time, so that taking spans in waits for a millisecond at most, not for the whole search.
        for (var number = Current(); found.Count < query.Limit; number--)
        {
            inSegment.Clear();
            lock (gate)
            {
                if (number < Oldest)
                {
                    break;
                }

                Search(number, match, inSegment);
            }

            for (var i = inSegment.Count - 1; i >= 0 && found.Count < query.Limit; i--)
            {
                if (seen.Add(inSegment[i]))
                {
                    found.Add(inSegment[i]);
                }
            }
        }

        return found;
    }

    void Took(TraceId trace, int length)
    {
        newest[trace] = (segment << SegmentBits) + at;
        at += length;
        var slot = (int)(segment % segments.Length);
        used[slot] = at;
        spansOf[slot]++;
        spans++;
    }

    long Current()
    {
        lock (gate)
        {
            return segment;
        }
    }

    void Search(long number, in SpanMatch match, List<TraceId> found)
    {
        var slot = (int)(number % segments.Length);
        for (var here = 0; here < used[slot];)
        {
            var record = segments[slot].AsSpan(here);
            record = record[..SpanRecord.LengthOf(record)];
            if (SpanRecord.Matches(record, match))
            {
                found.Add(SpanRecord.TraceOf(record));
            }

            here += record.Length;
        }
    }

    Span<byte> Rest() => (segments[segment % segments.Length] ??= GC.AllocateUninitializedArray<byte>(SegmentBytes)).AsSpan(at);

    void Next()
    {
        segment++;
        at = 0;
        var slot = (int)(segment % segments.Length);
        Forget(slot, (segment - segments.Length) << SegmentBits);
        (used[slot], spansOf[slot]) = (0, 0);
    }

    // A trace whose newest span goes is gone as a whole: all of its others are older.
    void Forget(int slot, long start)
    {
        for (var here = 0; here < used[slot];)
        {
            ReadOnlySpan<byte> record = segments[slot].AsSpan(here);
            var trace = SpanRecord.TraceOf(record);
            if (newest.GetValueOrDefault(trace, -1) == start + here)
            {
                newest.Remove(trace);
            }

            here += SpanRecord.LengthOf(record);
        }

        spans -= spansOf[slot];
        forgotten += spansOf[slot];
    }

    ReadOnlySpan<byte> RecordAt(long where)
    {
        ReadOnlySpan<byte> record = segments[(where >> SegmentBits) % segments.Length].AsSpan((int)(where & (SegmentBytes - 1)));
        return record[..SpanRecord.LengthOf(record)];
    }
}
