using System.Text.Json;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Otlp;

/// <summary>One data point of any of the five types in OTLP's JSON; their members do not contradict each other.</summary>
internal static class OtlpJsonPoint
{
    public static void Read(ref JsonSource json, ref PointFields fields)
    {
        while (json.NextProperty())
        {
            if (json.Is("timeUnixNano"u8))
            {
                fields.Time = Math.Max(0, json.Integer());
            }
            else if (json.Is("startTimeUnixNano"u8))
            {
                fields.Start = Math.Max(0, json.Integer());
            }
            else if (json.Is("attributes"u8))
            {
                fields.Attributes = OtlpJson.Attributes(ref json);
            }
            else if (json.Is("asDouble"u8))
            {
                (fields.Value, fields.IsInteger) = (json.Number(), false);
            }
            else if (json.Is("asInt"u8))
            {
                (fields.Integer, fields.IsInteger) = (json.Integer(), true);
            }
            else if (json.Is("flags"u8))
            {
                fields.IsStale = (json.Integer() & 1) != 0;
            }
            else if (json.Is("exemplars"u8))
            {
                fields.Exemplars = Exemplars(ref json);
            }
            else
            {
                Distribution(ref json, ref fields);
            }
        }

        if (fields.Type == PointType.Histogram && fields.Counts.Count > 0 && fields.Counts.Count != fields.Bounds.Count + 1)
        {
            json.ItemFault = DecodeFault.Malformed;
        }
    }

    static void Distribution(ref JsonSource json, ref PointFields fields)
    {
        if (json.Is("count"u8))
        {
            fields.Count = json.Unsigned();
        }
        else if (json.Is("sum"u8))
        {
            (fields.Sum, fields.HasSum) = (json.Number(), true);
        }
        else if (json.Is("min"u8))
        {
            (fields.Min, fields.HasMin) = (json.Number(), true);
        }
        else if (json.Is("max"u8))
        {
            (fields.Max, fields.HasMax) = (json.Number(), true);
        }
        else if (json.Is("bucketCounts"u8))
        {
            fields.Counts = Counts(ref json);
        }
        else if (json.Is("explicitBounds"u8))
        {
            fields.Bounds = Bounds(ref json);
        }
        else if (json.Is("quantileValues"u8))
        {
            fields.Bounds = Quantiles(ref json);
        }
        else
        {
            Exponential(ref json, ref fields);
        }
    }

    static void Exponential(ref JsonSource json, ref PointFields fields)
    {
        if (json.Is("scale"u8))
        {
            fields.Scale = (int)Math.Clamp(json.Integer(), -64, 64);
        }
        else if (json.Is("zeroCount"u8))
        {
            fields.ZeroCount = json.Unsigned();
        }
        else if (json.Is("zeroThreshold"u8))
        {
            fields.ZeroThreshold = json.Number();
        }
        else if (json.Is("positive"u8))
        {
            (fields.PositiveOffset, fields.Counts) = Buckets(ref json);
        }
        else if (json.Is("negative"u8))
        {
            (fields.NegativeOffset, fields.NegativeCounts) = Buckets(ref json);
        }
        else
        {
            json.Skip();
        }
    }

    static (int Offset, SlotRange Counts) Buckets(ref JsonSource json)
    {
        var (offset, counts) = (0, default(SlotRange));
        if (json.StartObject())
        {
            while (json.NextProperty())
            {
                if (json.Is("offset"u8))
                {
                    offset = (int)Math.Clamp(json.Integer(), int.MinValue, int.MaxValue);
                }
                else if (json.Is("bucketCounts"u8))
                {
                    counts = Counts(ref json);
                }
                else
                {
                    json.Skip();
                }
            }
        }

        return (offset, counts);
    }

    static SlotRange Counts(ref JsonSource json)
    {
        var bag = json.Scratch.Counts;
        var first = bag.Count;
        if (json.StartArray())
        {
            // Unsigned() reads the next token itself, which only a copy can look at before.
            for (var ahead = json.Reader; ahead.Read() && ahead.TokenType != JsonTokenType.EndArray; ahead = json.Reader)
            {
                if (!bag.Add(json.Unsigned()))
                {
                    json.TooMuch();
                }
            }

            json.Read();
        }

        return new(first, bag.Count - first);
    }

    static SlotRange Bounds(ref JsonSource json)
    {
        var bag = json.Scratch.Bounds;
        var first = bag.Count;
        if (json.StartArray())
        {
            for (var ahead = json.Reader; ahead.Read() && ahead.TokenType != JsonTokenType.EndArray; ahead = json.Reader)
            {
                if (!bag.Add(json.Number()))
                {
                    json.TooMuch();
                }
            }

            json.Read();
        }

        return new(first, bag.Count - first);
    }

    static SlotRange Quantiles(ref JsonSource json)
    {
        var bag = json.Scratch.Bounds;
        var first = bag.Count;
        if (json.StartArray())
        {
            while (json.NextObject())
            {
                double quantile = 0, value = 0;
                while (json.NextProperty())
                {
                    if (json.Is("quantile"u8))
                    {
                        quantile = json.Number();
                    }
                    else if (json.Is("value"u8))
                    {
                        value = json.Number();
                    }
                    else
                    {
                        json.Skip();
                    }
                }

                if (!(bag.Add(quantile) && bag.Add(value)))
                {
                    json.TooMuch();
                }
            }
        }

        return new(first, bag.Count - first);
    }

    static SlotRange Exemplars(ref JsonSource json)
    {
        var first = json.Scratch.Exemplars.Count;
        if (json.StartArray())
        {
            while (json.NextObject())
            {
                var slot = default(ExemplarSlot);
                Exemplar(ref json, ref slot);
                if (!json.Scratch.Exemplars.Add(slot))
                {
                    json.TooMuch();
                }
            }
        }

        return new(first, json.Scratch.Exemplars.Count - first);
    }

    static void Exemplar(ref JsonSource json, ref ExemplarSlot slot)
    {
        while (json.NextProperty())
        {
            if (json.Is("timeUnixNano"u8))
            {
                slot.Time = Math.Max(0, json.Integer());
            }
            else if (json.Is("asDouble"u8) || json.Is("asInt"u8))
            {
                slot.Value = json.Number();
            }
            else if (json.Is("traceId"u8))
            {
                slot.Trace = OtlpJson.Trace(json.Plain()) ?? default;
            }
            else if (json.Is("spanId"u8))
            {
                slot.Span = OtlpJson.Span(json.Plain()) ?? 0;
            }
            else if (json.Is("filteredAttributes"u8))
            {
                slot.Attributes = OtlpJson.Attributes(ref json);
            }
            else
            {
                json.Skip();
            }
        }
    }
}
