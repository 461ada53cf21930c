using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Otlp;

/// <summary>Reads an ExportMetricsServiceRequest.</summary>
public static class OtlpMetrics
{
    /// <summary>Tells every point of a protobuf body to the sink. Metrics that are wrong in themselves are refused, the others taken; nothing is thrown. What is counted are points.</summary>
    public static DecodeResult Read(ReadOnlySpan<byte> body, DecodeScratch scratch, IPointSink sink)
    {
        var items = new Items(sink);
        return OtlpProto.Read(body, scratch, ref items);
    }

    /// <summary>The same from OTLP's JSON.</summary>
    public static DecodeResult ReadJson(ReadOnlySpan<byte> body, DecodeScratch scratch, IPointSink sink) => OtlpJsonMetrics.Read(body, scratch, sink);

    struct Items(IPointSink sink) : OtlpProto.IItems
    {
        public int Taken { get; private set; }

        public int Refused { get; private set; }

        public DecodeFault FirstRefusal { get; private set; }

        public readonly void Begin(in ResourceView resource, in ScopeView scope) => sink.Begin(resource, scope);

        public void Item(ref ProtoReader metric, DecodeScratch scratch)
        {
            var fields = default(PointFields);
            var head = metric.Again();
            Head(ref head, ref fields);
            metric.Fail(head);
            while (metric.Next())
            {
                if (TypeOf(metric.Field) is not { } type)
                {
                    metric.Skip();
                    continue;
                }

                var data = metric.Message();
                fields.Type = type;
                Data(ref data, fields, scratch);
                metric.Fail(data);
            }

            if (metric.Fault != DecodeFault.None)
            {
                Refuse(metric.Fault);
            }
        }

        void Data(ref ProtoReader data, PointFields fields, DecodeScratch scratch)
        {
            var head = data.Again();
            while (head.Next())
            {
                switch (head.Field)
                {
                    // Gauge and summary have neither.
                    case 2:
                        var temporality = head.Varint();
                        fields.Temporality = temporality <= 2 ? (Temporality)temporality : Temporality.Unspecified;
                        break;
                    case 3:
                        fields.IsMonotonic = head.Varint() != 0;
                        break;
                    default:
                        head.Skip();
                        break;
                }
            }

            data.Fail(head);
            var mark = scratch.Here;
            while (data.Next())
            {
                if (data.Field != 1)
                {
                    data.Skip();
                    continue;
                }

                var one = fields;
                var message = data.Message();
                OtlpPoint.Read(ref message, ref one, scratch);
                if (message.Fault != DecodeFault.None)
                {
                    Refuse(message.Fault);
                }
                else if (data.Fault == DecodeFault.None)
                {
                    Taken++;
                    sink.Point(new PointView(one, data.Body, scratch));
                }

                scratch.CutItem(mark);
            }
        }

        void Refuse(DecodeFault fault) => FirstRefusal = Refused++ == 0 ? fault : FirstRefusal;
    }

    static void Head(ref ProtoReader metric, ref PointFields fields)
    {
        while (metric.Next())
        {
            switch (metric.Field)
            {
                case 1:
                    fields.Name = metric.Bytes();
                    break;
                case 2:
                    fields.Description = metric.Bytes();
                    break;
                case 3:
                    fields.Unit = metric.Bytes();
                    break;
                default:
                    metric.Skip();
                    break;
            }
        }
    }

    static PointType? TypeOf(int field) => field switch
    {
        5 => PointType.Gauge,
        7 => PointType.Sum,
        9 => PointType.Histogram,
        10 => PointType.ExponentialHistogram,
        11 => PointType.Summary,
        _ => null,
    };
}
