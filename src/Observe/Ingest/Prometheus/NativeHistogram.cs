using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Prometheus;

/// <summary>
/// Reads a native histogram of remote write (prometheus/prompb/types.proto, message Histogram): counts as integers or floats, exponential buckets of the schemas -4 to 8, which are OTLP's
/// scales, or custom bounds. Buckets come as spans with gaps between them, integer counts as differences from one to the next.
/// </summary>
static class NativeHistogram
{
    const int MostSpans = 256;
    const int CustomBounds = -53;
    const int LeastSchema = -4;
    const int MostSchema = 8;

    // Prometheus' mark of a series that has ended, in the sum.
    const ulong Stale = 0x7ff0000000000002;

    /// <summary>Reads the field that the series' reader stands at into the point, whose name, labels and exemplars stay; faults are the series'.</summary>
    public static void Read(ref ProtoReader series, ref PointFields point, DecodeScratch scratch)
    {
        scratch.Counts.Cut(0);
        scratch.Bounds.Cut(0);
        var histogram = series.Message();
        var positive = histogram.Again();
        var negative = histogram.Again();
        Span<(int Offset, int Length)> above = stackalloc (int, int)[MostSpans], below = stackalloc (int, int)[MostSpans];
        var (aboveCount, belowCount, schema) = (0, 0, 0);
        (point.Count, point.Sum, point.HasSum, point.ZeroCount, point.ZeroThreshold, point.Temporality) = (0, 0, true, 0, 0, Temporality.Cumulative);
        while (histogram.Next())
        {
            switch (histogram.Field)
            {
                case 4:
                    schema = histogram.SignedVarint();
                    break;
                case 8:
                    Stretch(ref histogram, below, ref belowCount);
                    break;
                case 11:
                    Stretch(ref histogram, above, ref aboveCount);
                    break;
                case 16:
                    histogram.Doubles(scratch.Bounds);
                    break;
                default:
                    Figure(ref histogram, ref point);
                    break;
            }
        }

        series.Fail(histogram);
        point.IsStale = BitConverter.DoubleToUInt64Bits(point.Sum) == Stale;
        point.Bounds = new(0, scratch.Bounds.Count);
        if (schema == CustomBounds)
        {
            point.Type = PointType.Histogram;
            point.Counts = Dense(ref series, positive, 12, above[..aboveCount], 0, scratch.Bounds.Count + 1, scratch);
        }
        else if (schema is >= LeastSchema and <= MostSchema)
        {
            // Prometheus numbers a bucket by its upper bound, OTLP by its lower.
            (point.Type, point.Scale) = (PointType.ExponentialHistogram, schema);
            (point.PositiveOffset, point.NegativeOffset) = (First(above, aboveCount) - 1, First(below, belowCount) - 1);
            point.Counts = Dense(ref series, positive, 12, above[..aboveCount], First(above, aboveCount), null, scratch);
            point.NegativeCounts = Dense(ref series, negative, 9, below[..belowCount], First(below, belowCount), null, scratch);
        }
        else
        {
            series.Fail(DecodeFault.WrongType, series.Offset);
        }
    }

    static void Figure(ref ProtoReader histogram, ref PointFields point)
    {
        switch (histogram.Field)
        {
            case 1:
                point.Count = histogram.Varint();
                break;
            case 2:
                point.Count = Whole(histogram.Double());
                break;
            case 3:
                point.Sum = histogram.Double();
                break;
            case 5:
                point.ZeroThreshold = histogram.Double();
                break;
            case 6:
                point.ZeroCount = histogram.Varint();
                break;
            case 7:
                point.ZeroCount = Whole(histogram.Double());
                break;
            case 15:
                point.Time = RemoteWrite.Nanoseconds((long)histogram.Varint());
                break;
            case 17:
                point.Start = RemoteWrite.Nanoseconds((long)histogram.Varint());
                break;
            default:
                histogram.Skip();
                break;
        }
    }

    static int First(ReadOnlySpan<(int Offset, int Length)> spans, int count) => count > 0 ? spans[0].Offset : 0;

    static void Stretch(ref ProtoReader histogram, scoped Span<(int Offset, int Length)> into, ref int count)
    {
        var span = histogram.Message();
        var (offset, length) = (0, 0UL);
        while (span.Next())
        {
            switch (span.Field)
            {
                case 1:
                    offset = span.SignedVarint();
                    break;
                case 2:
                    length = span.Varint();
                    break;
                default:
                    span.Skip();
                    break;
            }
        }

        histogram.Fail(span);
        if (count == MostSpans || length > DecodeScratch.MostParts || Math.Abs((long)offset) > int.MaxValue / 2)
        {
            histogram.Fail(DecodeFault.TooMany, histogram.Offset);
            return;
        }

        into[count++] = (offset, (int)length);
    }

    // Spans and counts as one run of buckets from the first one on, with zeros in the gaps. Field and field + 1 have the counts: as differences, and as floats.
    static SlotRange Dense(ref ProtoReader series, ProtoReader histogram, int field, scoped ReadOnlySpan<(int Offset, int Length)> spans, int first, int? wanted, DecodeScratch scratch)
    {
        var from = scratch.Counts.Count;
        var isFloat = false;
        while (series.Fault == DecodeFault.None && histogram.Next())
        {
            if (histogram.Field == field)
            {
                histogram.Varints(scratch.Counts);
            }
            else if (histogram.Field == field + 1)
            {
                isFloat = true;
                histogram.Fixed64s(scratch.Counts);
            }
            else
            {
                histogram.Skip();
            }
        }

        series.Fail(histogram);
        var (counts, length, buckets) = (scratch.Counts.Count - from, -(long)first, 0L);
        foreach (var (offset, some) in spans)
        {
            (length, buckets) = (length + offset + some, buckets + some);
        }

        length = wanted is { } whole && length <= whole ? whole : length;
        if (series.Fault != DecodeFault.None || counts != buckets || length is < 0 or > DecodeScratch.MostParts || length > (wanted ?? int.MaxValue))
        {
            series.Fail(DecodeFault.Malformed, series.Offset);
            return default;
        }

        var room = scratch.Counts.Room((int)length);
        if (room.Length != length)
        {
            series.Fail(DecodeFault.TooMany, series.Offset);
            return default;
        }

        room.Clear();
        if (!Fill(room, scratch.Counts.Items[from..], spans, first, isFloat))
        {
            series.Fail(DecodeFault.Malformed, series.Offset);
            return default;
        }

        var start = scratch.Counts.Count;
        scratch.Counts.Took((int)length);
        return new(start, (int)length);
    }

    static bool Fill(Span<ulong> room, ReadOnlySpan<ulong> counts, ReadOnlySpan<(int Offset, int Length)> spans, int first, bool isFloat)
    {
        var (at, next, value) = (-(long)first, 0, 0L);
        var isFirst = true;
        foreach (var (offset, length) in spans)
        {
            if (!isFirst && offset < 0)
            {
                return false;
            }

            isFirst = false;
            at += offset;
            for (var i = 0; i < length; i++, at++)
            {
                var raw = counts[next++];
                value = isFloat ? (long)Whole(BitConverter.UInt64BitsToDouble(raw)) : value + ((long)(raw >> 1) ^ -(long)(raw & 1));
                if (value < 0 || at < 0 || at >= room.Length)
                {
                    return false;
                }

                room[(int)at] = (ulong)value;
            }
        }

        return true;
    }

    static ulong Whole(double count) => count is > 0 and < long.MaxValue ? (ulong)Math.Round(count) : 0;
}
