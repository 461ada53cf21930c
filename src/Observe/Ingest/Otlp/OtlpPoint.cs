using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Otlp;

/// <summary>Reads one data point of any of the five types.</summary>
internal static class OtlpPoint
{
    public static void Read(ref ProtoReader point, ref PointFields fields, DecodeScratch scratch)
    {
        var attributes = scratch.Attributes.Count;
        var again = point.Again();
        switch (fields.Type)
        {
            case PointType.Histogram:
                Histogram(ref point, ref fields, scratch);
                break;
            case PointType.ExponentialHistogram:
                Exponential(ref point, ref fields, scratch);
                break;
            case PointType.Summary:
                Summary(ref point, ref fields, scratch);
                break;
            default:
                Number(ref point, ref fields, scratch);
                break;
        }

        fields.Attributes = new(attributes, scratch.Attributes.Count - attributes);
        if (point.Fault == DecodeFault.None && fields.Type != PointType.Summary)
        {
            Exemplars(ref again, fields.Type switch { PointType.Histogram => 8, PointType.ExponentialHistogram => 11, _ => 5 }, scratch);
            point.Fail(again);
            fields.Exemplars = new(0, scratch.Exemplars.Count);
        }
    }

    static void Number(ref ProtoReader point, ref PointFields fields, DecodeScratch scratch)
    {
        while (point.Next())
        {
            switch (point.Field)
            {
                case 2:
                    fields.Start = point.Time();
                    break;
                case 3:
                    fields.Time = point.Time();
                    break;
                case 4:
                    fields.Value = point.Double();
                    fields.IsInteger = false;
                    break;
                case 6:
                    fields.Integer = (long)point.Fixed64();
                    fields.IsInteger = true;
                    break;
                case 7:
                    OtlpProto.Attribute(ref point, scratch);
                    break;
                case 8:
                    fields.IsStale = (point.Varint() & 1) != 0;
                    break;
                default:
                    point.Skip();
                    break;
            }
        }
    }

    static void Histogram(ref ProtoReader point, ref PointFields fields, DecodeScratch scratch)
    {
        while (point.Next())
        {
            switch (point.Field)
            {
                case 2:
                    fields.Start = point.Time();
                    break;
                case 3:
                    fields.Time = point.Time();
                    break;
                case 4:
                    fields.Count = point.Fixed64();
                    break;
                case 5:
                    (fields.Sum, fields.HasSum) = (point.Double(), true);
                    break;
                case 6:
                    point.Fixed64s(scratch.Counts);
                    break;
                case 7:
                    point.Doubles(scratch.Bounds);
                    break;
                case 9:
                    OtlpProto.Attribute(ref point, scratch);
                    break;
                case 10:
                    fields.IsStale = (point.Varint() & 1) != 0;
                    break;
                case 11:
                    (fields.Min, fields.HasMin) = (point.Double(), true);
                    break;
                case 12:
                    (fields.Max, fields.HasMax) = (point.Double(), true);
                    break;
                default:
                    point.Skip();
                    break;
            }
        }

        fields.Counts = new(0, scratch.Counts.Count);
        fields.Bounds = new(0, scratch.Bounds.Count);
        if (scratch.Counts.Count > 0 && scratch.Counts.Count != scratch.Bounds.Count + 1)
        {
            point.Fail(DecodeFault.Malformed, point.Position);
        }
    }

    static void Exponential(ref ProtoReader point, ref PointFields fields, DecodeScratch scratch)
    {
        while (point.Next())
        {
            switch (point.Field)
            {
                case 1:
                    OtlpProto.Attribute(ref point, scratch);
                    break;
                case 2:
                    fields.Start = point.Time();
                    break;
                case 3:
                    fields.Time = point.Time();
                    break;
                case 4:
                    fields.Count = point.Fixed64();
                    break;
                case 5:
                    (fields.Sum, fields.HasSum) = (point.Double(), true);
                    break;
                case 6:
                    fields.Scale = point.SignedVarint();
                    break;
                case 7:
                    fields.ZeroCount = point.Fixed64();
                    break;
                case 8:
                    (fields.PositiveOffset, fields.Counts) = Buckets(ref point, scratch);
                    break;
                case 9:
                    (fields.NegativeOffset, fields.NegativeCounts) = Buckets(ref point, scratch);
                    break;
                case 10:
                    fields.IsStale = (point.Varint() & 1) != 0;
                    break;
                case 12:
                    (fields.Min, fields.HasMin) = (point.Double(), true);
                    break;
                case 13:
                    (fields.Max, fields.HasMax) = (point.Double(), true);
                    break;
                case 14:
                    fields.ZeroThreshold = point.Double();
                    break;
                default:
                    point.Skip();
                    break;
            }
        }
    }

    static (int Offset, SlotRange Counts) Buckets(ref ProtoReader point, DecodeScratch scratch)
    {
        var first = scratch.Counts.Count;
        var offset = 0;
        var buckets = point.Message();
        while (buckets.Next())
        {
            switch (buckets.Field)
            {
                case 1:
                    offset = buckets.SignedVarint();
                    break;
                case 2:
                    buckets.Varints(scratch.Counts);
                    break;
                default:
                    buckets.Skip();
                    break;
            }
        }

        point.Fail(buckets);
        return (offset, new(first, scratch.Counts.Count - first));
    }

    static void Summary(ref ProtoReader point, ref PointFields fields, DecodeScratch scratch)
    {
        while (point.Next())
        {
            switch (point.Field)
            {
                case 2:
                    fields.Start = point.Time();
                    break;
                case 3:
                    fields.Time = point.Time();
                    break;
                case 4:
                    fields.Count = point.Fixed64();
                    break;
                case 5:
                    (fields.Sum, fields.HasSum) = (point.Double(), true);
                    break;
                case 6:
                    Quantile(ref point, scratch);
                    break;
                case 7:
                    OtlpProto.Attribute(ref point, scratch);
                    break;
                case 8:
                    fields.IsStale = (point.Varint() & 1) != 0;
                    break;
                default:
                    point.Skip();
                    break;
            }
        }

        fields.Bounds = new(0, scratch.Bounds.Count);
    }

    static void Quantile(ref ProtoReader point, DecodeScratch scratch)
    {
        double quantile = 0, value = 0;
        var pair = point.Message();
        while (pair.Next())
        {
            switch (pair.Field)
            {
                case 1:
                    quantile = pair.Double();
                    break;
                case 2:
                    value = pair.Double();
                    break;
                default:
                    pair.Skip();
                    break;
            }
        }

        point.Fail(pair);
        if (point.Fault == DecodeFault.None && !(scratch.Bounds.Add(quantile) && scratch.Bounds.Add(value)))
        {
            point.Fail(DecodeFault.TooMany, point.Offset);
        }
    }

    static void Exemplars(ref ProtoReader point, int field, DecodeScratch scratch)
    {
        while (point.Next())
        {
            if (point.Field != field)
            {
                point.Skip();
                continue;
            }

            var message = point.Message();
            var slot = default(ExemplarSlot);
            Exemplar(ref message, ref slot, scratch);
            point.Fail(message);
            if (point.Fault == DecodeFault.None && !scratch.Exemplars.Add(slot))
            {
                point.Fail(DecodeFault.TooMany, point.Offset);
            }
        }
    }

    static void Exemplar(ref ProtoReader message, ref ExemplarSlot slot, DecodeScratch scratch)
    {
        var first = scratch.Attributes.Count;
        while (message.Next())
        {
            switch (message.Field)
            {
                case 2:
                    slot.Time = message.Time();
                    break;
                case 3:
                    slot.Value = message.Double();
                    break;
                case 4:
                    slot.Span = OtlpProto.Span(message.Span()) ?? 0;
                    break;
                case 5:
                    slot.Trace = OtlpProto.Trace(message.Span()) ?? default;
                    break;
                case 6:
                    slot.Value = (long)message.Fixed64();
                    break;
                case 7:
                    OtlpProto.Attribute(ref message, scratch);
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        slot.Attributes = new(first, scratch.Attributes.Count - first);
    }
}
