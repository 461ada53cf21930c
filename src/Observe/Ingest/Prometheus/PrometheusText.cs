using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Prometheus;

/// <summary>Reads Prometheus' text format 0.0.4 and OpenMetrics 1.0. Every line is a point under its own name: a histogram is its <c>_bucket</c>, <c>_sum</c> and <c>_count</c> series.</summary>
public static class PrometheusText
{
    /// <summary>Tells every sample to the sink. A line that cannot be read is refused and the next one read; nothing is thrown.</summary>
    /// <param name="body">The whole answer of an exporter.</param>
    /// <param name="scratch">The caller's own; not shared.</param>
    /// <param name="sink">Called for every sample, on this thread.</param>
    /// <param name="isOpenMetrics">Times are then in seconds, not milliseconds, and it has to end with <c># EOF</c>.</param>
    public static DecodeResult Read(ReadOnlySpan<byte> body, DecodeScratch scratch, IPointSink sink, bool isOpenMetrics)
    {
        scratch.Clear();
        var (taken, refused, first) = (0, 0, DecodeFault.None);
        var family = default(Family);
        var ended = false;
        sink.Begin(default, default);
        for (var at = 0; at < body.Length && !ended;)
        {
            var length = body[at..].IndexOf((byte)'\n');
            var end = length < 0 ? body.Length : at + length;
            var line = new TextLine(body, at, end);
            at = end + 1;
            line.Blanks();
            if (line.IsAtEnd)
            {
                continue;
            }

            if (line.Peek == '#')
            {
                ended = Comment(ref line, ref family) && isOpenMetrics;
                continue;
            }

            var fields = default(PointFields);
            var fault = Sample(ref line, ref fields, family, scratch, isOpenMetrics);
            if (fault == DecodeFault.None)
            {
                taken++;
                sink.Point(new PointView(fields, body, scratch));
            }
            else
            {
                first = refused++ == 0 ? fault : first;
            }

            scratch.Clear();
        }

        // Without its end an OpenMetrics body is cut off.
        return new(taken, refused, isOpenMetrics && !ended ? DecodeFault.Truncated : DecodeFault.None, body.Length, first);
    }

    // "# TYPE name type", "# UNIT name unit", "# EOF"; HELP and all other comments say nothing about the points. True for the end.
    static bool Comment(ref TextLine line, ref Family family)
    {
        line.Advance();
        line.Blanks();
        var word = line.Word();
        if (word.SequenceEqual("EOF"u8))
        {
            return true;
        }

        var isType = word.SequenceEqual("TYPE"u8);
        if (!isType && !word.SequenceEqual("UNIT"u8))
        {
            return false;
        }

        line.Blanks();
        var start = line.Position;
        var quoted = line.Peek == '"';
        if (quoted)
        {
            line.Quoted(null, out _, out _);
        }
        else
        {
            line.Word();
        }

        var name = quoted ? new TextRef(start + 1, Math.Max(0, line.Position - start - 2)) : new TextRef(start, line.Position - start);
        if (!line.Body.Slice(name.Start, name.Length).SequenceEqual(line.Body.Slice(family.Name.Start, family.Name.Length)))
        {
            family = new() { Name = name };
        }

        line.Blanks();
        start = line.Position;
        var value = line.Word();
        if (isType)
        {
            family.Type = value switch
            {
                _ when value.SequenceEqual("counter"u8) => FamilyType.Counter,
                _ when value.SequenceEqual("gauge"u8) => FamilyType.Gauge,
                _ when value.SequenceEqual("histogram"u8) => FamilyType.Histogram,
                _ when value.SequenceEqual("summary"u8) => FamilyType.Summary,
                _ => FamilyType.Unknown,
            };
        }
        else
        {
            family.Unit = new(start, value.Length);
        }

        return false;
    }

    static DecodeFault Sample(ref TextLine line, ref PointFields fields, in Family family, DecodeScratch scratch, bool isOpenMetrics)
    {
        var start = line.Position;
        line.Name();
        fields.Name = new(start, line.Position - start);
        line.Blanks();
        if (line.Peek == '{')
        {
            var fault = Labels(ref line, ref fields.Name, scratch);
            if (fault != DecodeFault.None)
            {
                return fault;
            }
        }

        fields.Attributes = new(0, scratch.Attributes.Count);
        if (fields.Name.Length == 0 || !line.Number(out fields.Value))
        {
            return DecodeFault.Malformed;
        }

        if (line.HasNumber)
        {
            if (!line.Number(out var time))
            {
                return DecodeFault.Malformed;
            }

            fields.Time = Nanoseconds(time, isOpenMetrics);
        }

        Describe(line.Body, ref fields, family, scratch.Text);
        line.Blanks();
        return line.Peek == '#' && isOpenMetrics ? Exemplar(ref line, ref fields, scratch) : line.IsAtEnd ? DecodeFault.None : DecodeFault.Malformed;
    }

    // The name of a quoted series is the one part of its braces that is not a label.
    static DecodeFault Labels(ref TextLine line, ref TextRef name, DecodeScratch scratch)
    {
        line.Advance();
        while (true)
        {
            line.Blanks();
            if (line.Peek == '}')
            {
                line.Advance();
                return DecodeFault.None;
            }

            var slot = new AttributeSlot { Kind = AttributeKind.Text };
            var start = line.Position;
            if (line.Peek == '"')
            {
                if (!line.Quoted(scratch, out slot.Key, out var tooMuch))
                {
                    return tooMuch ? DecodeFault.TooMany : DecodeFault.Malformed;
                }
            }
            else
            {
                line.Name();
                slot.Key = new(start, line.Position - start);
            }

            line.Blanks();
            if (line.Peek == '=')
            {
                line.Advance();
                line.Blanks();
                if (slot.Key.Length == 0 || !line.Quoted(scratch, out slot.Text, out _))
                {
                    return DecodeFault.Malformed;
                }

                if (!scratch.Attributes.Add(slot))
                {
                    return DecodeFault.TooMany;
                }
            }
            else if (name.Length == 0 && slot.Key.Length > 0)
            {
                name = slot.Key;
            }
            else
            {
                return DecodeFault.Malformed;
            }

            line.Blanks();
            if (line.Peek == ',')
            {
                line.Advance();
            }
            else if (line.Peek != '}')
            {
                return DecodeFault.Malformed;
            }
        }
    }

    static DecodeFault Exemplar(ref TextLine line, ref PointFields fields, DecodeScratch scratch)
    {
        line.Advance();
        line.Blanks();
        var first = scratch.Attributes.Count;
        var none = new TextRef(0, 1);
        if (line.Peek != '{')
        {
            return DecodeFault.Malformed;
        }

        var fault = Labels(ref line, ref none, scratch);
        var slot = new ExemplarSlot { Attributes = new(first, scratch.Attributes.Count - first) };
        if (fault != DecodeFault.None || !line.Number(out slot.Value))
        {
            return fault != DecodeFault.None ? fault : DecodeFault.Malformed;
        }

        if (line.HasNumber)
        {
            if (!line.Number(out var time))
            {
                return DecodeFault.Malformed;
            }

            slot.Time = Nanoseconds(time, true);
        }

        var texts = new Texts(line.Body, scratch.Text.Items);
        for (var i = 0; i < slot.Attributes.Count; i++)
        {
            ref readonly var label = ref scratch.Attributes[first + i];
            ExemplarLabels.Take(ref slot, texts[label.Key], texts[label.Text]);
        }

        scratch.Exemplars.Add(slot);
        fields.Exemplars = new(0, 1);
        line.Blanks();
        return line.IsAtEnd ? DecodeFault.None : DecodeFault.Malformed;
    }

    static void Describe(ReadOnlySpan<byte> body, ref PointFields fields, in Family family, Bag<byte> scratch)
    {
        var name = new Texts(body, scratch.Items)[fields.Name];
        var own = body.Slice(family.Name.Start, family.Name.Length);
        if (own.IsEmpty || !name.StartsWith(own))
        {
            return;
        }

        var suffix = name[own.Length..];
        var isPart = suffix.SequenceEqual("_bucket"u8) || suffix.SequenceEqual("_count"u8) || suffix.SequenceEqual("_sum"u8);
        var isCounter = family.Type switch
        {
            FamilyType.Counter => suffix.IsEmpty || suffix.SequenceEqual("_total"u8),
            FamilyType.Histogram or FamilyType.Summary => isPart,
            _ => false,
        };
        if (isCounter)
        {
            (fields.Type, fields.Temporality, fields.IsMonotonic) = (PointType.Sum, Temporality.Cumulative, true);
        }
        else if (suffix.IsEmpty && family.Type is FamilyType.Gauge or FamilyType.Summary)
        {
            fields.Type = PointType.Gauge;
        }

        fields.Unit = family.Unit;
    }

    static long Nanoseconds(double time, bool isSeconds)
    {
        var nanoseconds = time * (isSeconds ? 1e9 : 1e6);
        return nanoseconds > 0 && nanoseconds < long.MaxValue ? (long)nanoseconds : 0;
    }

    enum FamilyType : byte
    {
        Unknown,
        Counter,
        Gauge,
        Histogram,
        Summary,
    }

    struct Family
    {
        public TextRef Name;
        public TextRef Unit;
        public FamilyType Type;
    }
}
