using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Prometheus;

/// <summary>
/// Reads Prometheus remote write 2.0: an <c>io.prometheus.write.v2.Request</c>, packed as one snappy block. Its texts are in one table, the first of them empty, and series name them by number;
/// series say of what type they are.
/// </summary>
public static class RemoteWrite2
{
    /// <summary>Tells every sample, native histogram and exemplar to the sink. A series that is wrong in itself is refused and the next one read.</summary>
    /// <param name="packed">The body as it came.</param>
    /// <param name="scratch">The caller's own; it keeps the unpacked body.</param>
    /// <param name="sink">Called for every sample, on this thread.</param>
    /// <param name="mostBytes">The largest body when unpacked, in bytes.</param>
    public static DecodeResult Read(ReadOnlySpan<byte> packed, DecodeScratch scratch, IPointSink sink, int mostBytes)
    {
        var fault = RemoteWrite.Unpack(packed, scratch, mostBytes, out var body);
        return fault == DecodeFault.None ? ReadPlain(body, scratch, sink) : new(0, 0, fault);
    }

    /// <summary>The same of an unpacked Request.</summary>
    public static DecodeResult ReadPlain(ReadOnlySpan<byte> body, DecodeScratch scratch, IPointSink sink)
    {
        scratch.Clear();
        scratch.Symbols.Cut(0);
        sink.Begin(default, default);
        var request = new ProtoReader(body);
        var again = request.Again();
        while (request.Next())
        {
            if (request.Field != 4)
            {
                request.Skip();
            }
            else if (!scratch.Symbols.Add(request.Bytes()))
            {
                request.Fail(DecodeFault.TooMany, request.Offset);
            }
        }

        if (request.Fault != DecodeFault.None)
        {
            return new(0, 0, request.Fault, request.Offset);
        }

        var tally = default(Tally);
        while (again.Next())
        {
            if (again.Field != 5)
            {
                again.Skip();
                continue;
            }

            var series = again.Message();
            Series(ref series, scratch, sink, ref tally);
            scratch.Clear();
        }

        return new(tally.Samples + tally.Histograms, tally.Refused, again.Fault, again.Offset, tally.First) { Histograms = tally.Histograms, Exemplars = tally.Exemplars };
    }

    // TimeSeries {labels_refs 1, samples 2, histograms 3, exemplars 4, metadata 5, created_timestamp 6}.
    static void Series(ref ProtoReader series, DecodeScratch scratch, IPointSink sink, ref Tally tally)
    {
        var fields = new PointFields { Type = PointType.Unknown };
        var (type, unit, place) = (0, default(TextRef), series.Position);
        var exemplars = series.Again();
        var samples = series.Again();
        while (series.Next())
        {
            switch (series.Field)
            {
                case 1:
                    series.Varints(scratch.Counts);
                    break;
                case 5:
                    Metadata(ref series, scratch, ref type, ref unit);
                    break;
                case 6:
                    fields.Start = RemoteWrite.Nanoseconds((long)series.Varint());
                    break;
                default:
                    series.Skip();
                    break;
            }
        }

        Labels(ref series, scratch, ref fields);
        if (series.Fault == DecodeFault.None && (fields.Name.Length == 0 || scratch.Symbols[0].Length > 0))
        {
            series.Fail(DecodeFault.Malformed, place);
        }

        Describe(series.Body, type, unit, ref fields);
        while (series.Fault == DecodeFault.None && exemplars.Next())
        {
            if (exemplars.Field == 4)
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
        var told = Told(ref samples, series, fields, scratch, sink, ref tally);
        series.Fail(samples);
        if (series.Fault != DecodeFault.None)
        {
            tally.First = tally.Refused++ == 0 ? series.Fault : tally.First;
            return;
        }

        // Prometheus sends exemplars as series of their own, without samples.
        if (!told && fields.Exemplars.Count > 0)
        {
            fields.IsBare = true;
            sink.Point(new PointView(fields, series.Body, scratch));
        }

        // One that names no trace leads nowhere and is not kept.
        for (var i = 0; i < scratch.Exemplars.Count; i++)
        {
            tally.Exemplars += scratch.Exemplars[i].Trace.IsZero ? 0 : 1;
        }
    }

    static bool Told(ref ProtoReader samples, in ProtoReader series, in PointFields fields, DecodeScratch scratch, IPointSink sink, ref Tally tally)
    {
        var told = false;
        while (series.Fault == DecodeFault.None && samples.Next())
        {
            if (samples.Field is not 2 and not 3)
            {
                samples.Skip();
                continue;
            }

            // Each begins with what the series says; a time of its own at which it began wins.
            var one = fields;
            var isHistogram = samples.Field == 3;
            if (isHistogram)
            {
                NativeHistogram.Read(ref samples, ref one, scratch);
            }
            else
            {
                RemoteWrite.Sample(ref samples, ref one);
            }

            if (samples.Fault != DecodeFault.None)
            {
                break;
            }

            // An exemplar that stands with several samples is told once.
            one.Exemplars = told ? default : fields.Exemplars;
            tally.Samples += isHistogram ? 0 : 1;
            tally.Histograms += isHistogram ? 1 : 0;
            sink.Point(new PointView(one, series.Body, scratch));
            told = true;
        }

        return told;
    }

    static void Labels(ref ProtoReader series, DecodeScratch scratch, ref PointFields fields)
    {
        if (!Pairs(ref series, scratch, 0))
        {
            return;
        }

        // The name is no label: what stands before it moves up by one.
        for (var i = 0; i < scratch.Attributes.Count; i++)
        {
            if (!Text(series, scratch.Attributes[i].Key).SequenceEqual("__name__"u8))
            {
                continue;
            }

            fields.Name = scratch.Attributes[i].Text;
            for (var above = i + 1; above < scratch.Attributes.Count; above++)
            {
                scratch.Attributes[above - 1] = scratch.Attributes[above];
            }

            scratch.Attributes.Cut(scratch.Attributes.Count - 1);
            break;
        }

        fields.Attributes = new(0, scratch.Attributes.Count);
    }

    // The numbers read so far from one on, two and two, as attributes.
    static bool Pairs(ref ProtoReader owner, DecodeScratch scratch, int from)
    {
        var numbers = scratch.Counts.Items[from..];
        if (owner.Fault == DecodeFault.None && numbers.Length % 2 != 0)
        {
            owner.Fail(DecodeFault.Malformed, owner.Offset);
        }

        for (var i = 0; i + 1 < numbers.Length && owner.Fault == DecodeFault.None; i += 2)
        {
            if (Symbol(scratch, numbers[i]) is not { } key || Symbol(scratch, numbers[i + 1]) is not { } value)
            {
                owner.Fail(DecodeFault.Malformed, owner.Offset);
            }
            else if (!scratch.Attributes.Add(new AttributeSlot { Key = key, Text = value, Kind = AttributeKind.Text }))
            {
                owner.Fail(DecodeFault.TooMany, owner.Offset);
            }
        }

        scratch.Counts.Cut(from);
        return owner.Fault == DecodeFault.None;
    }

    // Metadata {type 1, help_ref 3, unit_ref 4}.
    static void Metadata(ref ProtoReader series, DecodeScratch scratch, ref int type, ref TextRef unit)
    {
        var metadata = series.Message();
        while (metadata.Next())
        {
            switch (metadata.Field)
            {
                case 1:
                    type = (int)Math.Min(metadata.Varint(), int.MaxValue);
                    break;
                case 4 when Symbol(scratch, metadata.Varint()) is { } symbol:
                    unit = symbol;
                    break;
                case 4:
                    metadata.Fail(DecodeFault.Malformed, metadata.Offset);
                    break;
                default:
                    metadata.Skip();
                    break;
            }
        }

        series.Fail(metadata);
    }

    // Exemplar {labels_refs 1, value 2, timestamp 3}.
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
                    message.Varints(scratch.Counts);
                    break;
                case 2:
                    slot.Value = message.Double();
                    break;
                case 3:
                    slot.Time = RemoteWrite.Nanoseconds((long)message.Varint());
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        Pairs(ref message, scratch, 0);
        series.Fail(message);
        for (var i = first; i < scratch.Attributes.Count && series.Fault == DecodeFault.None; i++)
        {
            ExemplarLabels.Take(ref slot, Text(series, scratch.Attributes[i].Key), Text(series, scratch.Attributes[i].Text));
        }

        slot.Attributes = new(first, scratch.Attributes.Count - first);
        if (series.Fault == DecodeFault.None && !scratch.Exemplars.Add(slot))
        {
            series.Fail(DecodeFault.TooMany, series.Offset);
        }
    }

    // A counter, or a part of a histogram or summary, only grows; all else that has a type is a gauge.
    static void Describe(ReadOnlySpan<byte> body, int type, TextRef unit, ref PointFields fields)
    {
        var name = body.Slice(fields.Name.Start, fields.Name.Length);
        var part = name.EndsWith("_bucket"u8) ? 7 : name.EndsWith("_count"u8) ? 6 : name.EndsWith("_sum"u8) ? 4 : 0;
        var isRising = type switch
        {
            Counter => true,
            Histogram or Summary => part > 0,
            _ => false,
        };
        if (isRising)
        {
            (fields.Type, fields.Temporality, fields.IsMonotonic) = (PointType.Sum, Temporality.Cumulative, true);
        }
        else if (type != 0)
        {
            fields.Type = PointType.Gauge;
        }

        // A unit that is not in the name would change the name by which the series is asked for.
        var cut = !isRising ? 0 : part > 0 ? part : name.EndsWith("_total"u8) ? 6 : name.Length;
        var said = body.Slice(unit.Start, unit.Length);
        var stem = name[..^cut];
        if (said.Length > 0 && stem.Length > said.Length && stem.EndsWith(said) && stem[^(said.Length + 1)] == (byte)'_')
        {
            fields.Unit = unit;
        }
    }

    static TextRef? Symbol(DecodeScratch scratch, ulong number) => number < (ulong)scratch.Symbols.Count ? scratch.Symbols[(int)number] : null;

    static ReadOnlySpan<byte> Text(in ProtoReader of, TextRef text) => of.Body.Slice(text.Start, text.Length);

    // Metadata.MetricType; 0 is unknown, 2 a gauge, 4 a gauge histogram, 6 info, 7 a set of states.
    const int Counter = 1;
    const int Histogram = 3;
    const int Summary = 5;

    struct Tally
    {
        public int Samples;
        public int Histograms;
        public int Exemplars;
        public int Refused;
        public DecodeFault First;
    }
}
