using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Prometheus;

/// <summary>Reads Prometheus remote write 1.0: a WriteRequest, packed as one snappy block.</summary>
public static class RemoteWrite
{
    // Prometheus' mark of a series that has ended.
    const ulong Stale = 0x7ff0000000000002;

    /// <summary>Tells every sample to the sink, as points of unknown type, and every native histogram, as one of OTLP's exponential or explicit buckets; metadata is passed over.</summary>
    /// <param name="packed">The body as it came.</param>
    /// <param name="scratch">The caller's own; it keeps the unpacked body.</param>
    /// <param name="sink">Called for every sample, on this thread.</param>
    /// <param name="mostBytes">The largest body when unpacked, in bytes.</param>
    public static DecodeResult Read(ReadOnlySpan<byte> packed, DecodeScratch scratch, IPointSink sink, int mostBytes)
    {
        var fault = Unpack(packed, scratch, mostBytes, out var body);
        return fault == DecodeFault.None ? ReadPlain(body, scratch, sink) : new(0, 0, fault);
    }

    /// <summary>The same of an unpacked WriteRequest.</summary>
    public static DecodeResult ReadPlain(ReadOnlySpan<byte> body, DecodeScratch scratch, IPointSink sink)
    {
        scratch.Clear();
        var (taken, refused, first) = (0, 0, DecodeFault.None);
        sink.Begin(default, default);
        var request = new ProtoReader(body);
        while (request.Next())
        {
            if (request.Field != 1)
            {
                request.Skip();
                continue;
            }

            var series = request.Message();
            if (request.Fault != DecodeFault.None)
            {
                break;
            }

            Series(ref series, scratch, sink, ref taken, ref refused, ref first);
            scratch.Clear();
        }

        return new(taken, refused, request.Fault, request.Offset, first);
    }

    static void Series(ref ProtoReader series, DecodeScratch scratch, IPointSink sink, ref int taken, ref int refused, ref DecodeFault first)
    {
        var before = taken;
        var fields = new PointFields { Type = PointType.Unknown };
        var again = series.Again();
        while (series.Next())
        {
            if (series.Field == 1)
            {
                Label(ref series, ref fields, scratch);
            }
            else
            {
                series.Skip();
            }
        }

        fields.Attributes = new(0, scratch.Attributes.Count);
        var exemplars = again.Again();
        var histograms = again.Again();
        while (series.Fault == DecodeFault.None && exemplars.Next())
        {
            if (exemplars.Field == 3)
            {
                Exemplar(ref exemplars, scratch);
            }
            else
            {
                exemplars.Skip();
            }
        }

        series.Fail(exemplars);
        fields.Exemplars = new(0, scratch.Exemplars.Count);
        while (series.Fault == DecodeFault.None && again.Next())
        {
            if (again.Field != 2)
            {
                again.Skip();
                continue;
            }

            Sample(ref again, ref fields);
            if (again.Fault == DecodeFault.None)
            {
                taken++;
                sink.Point(new PointView(fields, series.Body, scratch));
            }
        }

        series.Fail(again);
        taken += Histograms(ref histograms, series, fields, scratch, sink);
        series.Fail(histograms);

        // Prometheus sends exemplars as series of their own, without samples.
        if (series.Fault == DecodeFault.None && taken == before && fields.Exemplars.Count > 0)
        {
            fields.IsBare = true;
            sink.Point(new PointView(fields, series.Body, scratch));
        }

        if (series.Fault != DecodeFault.None)
        {
            first = refused++ == 0 ? series.Fault : first;
        }
    }

    static int Histograms(ref ProtoReader histograms, in ProtoReader series, in PointFields fields, DecodeScratch scratch, IPointSink sink)
    {
        var taken = 0;
        while (series.Fault == DecodeFault.None && histograms.Next())
        {
            if (histograms.Field != 4)
            {
                histograms.Skip();
                continue;
            }

            var whole = fields;
            NativeHistogram.Read(ref histograms, ref whole, scratch);
            if (histograms.Fault == DecodeFault.None)
            {
                taken++;
                sink.Point(new PointView(whole, series.Body, scratch));
            }
        }

        return taken;
    }

    static void Label(ref ProtoReader series, ref PointFields fields, DecodeScratch scratch)
    {
        var slot = new AttributeSlot { Kind = AttributeKind.Text };
        Pair(ref series, ref slot);
        if (series.Body.Slice(slot.Key.Start, slot.Key.Length).SequenceEqual("__name__"u8))
        {
            fields.Name = slot.Text;
        }
        else if (series.Fault == DecodeFault.None && !scratch.Attributes.Add(slot))
        {
            series.Fail(DecodeFault.TooMany, series.Offset);
        }
    }

    static void Pair(ref ProtoReader owner, ref AttributeSlot slot)
    {
        var label = owner.Message();
        while (label.Next())
        {
            switch (label.Field)
            {
                case 1:
                    slot.Key = label.Bytes();
                    break;
                case 2:
                    slot.Text = label.Bytes();
                    break;
                default:
                    label.Skip();
                    break;
            }
        }

        owner.Fail(label);
    }

    /// <summary>Reads the field that the series' reader stands at: value 1, timestamp 2, and of version 2 start_timestamp 3.</summary>
    internal static void Sample(ref ProtoReader series, ref PointFields fields)
    {
        (fields.Value, fields.Time) = (0, 0);
        var sample = series.Message();
        while (sample.Next())
        {
            switch (sample.Field)
            {
                case 1:
                    fields.Value = sample.Double();
                    break;
                case 2:
                    fields.Time = Nanoseconds((long)sample.Varint());
                    break;
                case 3:
                    fields.Start = Nanoseconds((long)sample.Varint());
                    break;
                default:
                    sample.Skip();
                    break;
            }
        }

        fields.IsStale = BitConverter.DoubleToUInt64Bits(fields.Value) == Stale;
        series.Fail(sample);
    }

    static void Exemplar(ref ProtoReader series, DecodeScratch scratch)
    {
        var slot = default(ExemplarSlot);
        var first = scratch.Attributes.Count;
        var message = series.Message();
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    var label = new AttributeSlot { Kind = AttributeKind.Text };
                    Pair(ref message, ref label);
                    ExemplarLabels.Take(ref slot, message.Body.Slice(label.Key.Start, label.Key.Length), message.Body.Slice(label.Text.Start, label.Text.Length));
                    if (message.Fault == DecodeFault.None && !scratch.Attributes.Add(label))
                    {
                        message.Fail(DecodeFault.TooMany, message.Offset);
                    }

                    break;
                case 2:
                    slot.Value = message.Double();
                    break;
                case 3:
                    slot.Time = Nanoseconds((long)message.Varint());
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        slot.Attributes = new(first, scratch.Attributes.Count - first);
        series.Fail(message);
        if (series.Fault == DecodeFault.None && !scratch.Exemplars.Add(slot))
        {
            series.Fail(DecodeFault.TooMany, series.Offset);
        }
    }

    /// <summary>Unpacks a body into the scratch, where the caller finds it until the next one.</summary>
    internal static DecodeFault Unpack(ReadOnlySpan<byte> packed, DecodeScratch scratch, int mostBytes, out ReadOnlySpan<byte> body)
    {
        body = default;
        scratch.Clear();
        if (Snappy.Length(packed) is not { } length)
        {
            return DecodeFault.Malformed;
        }

        // A block cannot shrink more than 64 to 3: a length beyond that is a lie, and not worth the memory.
        if (length > mostBytes || length > packed.Length * 22L + 64)
        {
            return DecodeFault.TooLarge;
        }

        if (scratch.Unpacked.Length < length)
        {
            scratch.Unpacked = new byte[Math.Max((int)length, Math.Min(mostBytes, scratch.Unpacked.Length * 2))];
        }

        var into = scratch.Unpacked.AsSpan(0, (int)length);
        body = into;
        return Snappy.Unpack(packed, into);
    }

    internal static long Nanoseconds(long milliseconds) => milliseconds <= 0 ? 0 : Math.Min(milliseconds, long.MaxValue / 1_000_000) * 1_000_000;
}

/// <summary>The labels of an exemplar that name a trace: <c>trace_id</c> and <c>span_id</c>, or as some libraries write them <c>traceID</c> and <c>spanID</c>.</summary>
static class ExemplarLabels
{
    public static void Take(ref ExemplarSlot slot, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.SequenceEqual("trace_id"u8) || key.SequenceEqual("traceID"u8))
        {
            _ = TraceId.TryParse(value, out slot.Trace);
        }
        else if (key.SequenceEqual("span_id"u8) || key.SequenceEqual("spanID"u8))
        {
            _ = Hex.TryRead(value, out slot.Span);
        }
    }
}
