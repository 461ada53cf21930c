using System.Text.Json;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Otlp;

/// <summary>Points of metrics in OTLP's JSON.</summary>
internal static class OtlpJsonMetrics
{
    public static DecodeResult Read(ReadOnlySpan<byte> body, DecodeScratch scratch, IPointSink sink)
    {
        var items = new Items(sink);
        return OtlpJson.Read(body, scratch, ref items);
    }

    struct Items(IPointSink sink) : OtlpJson.IItems
    {
        public int Taken { get; private set; }

        public int Refused { get; private set; }

        public DecodeFault FirstRefusal { get; private set; }

        public readonly ReadOnlySpan<byte> List(int level) => level switch { 0 => "resourceMetrics"u8, 1 => "scopeMetrics"u8, _ => "metrics"u8 };

        public readonly void Begin(in ResourceView resource, in ScopeView scope) => sink.Begin(resource, scope);

        // The points may stand before the metric's name: their place is noted, and they are read when everything about them is known.
        public void Item(ref JsonSource json)
        {
            var fields = default(PointFields);
            var points = default(Utf8JsonReader);
            var found = false;
            while (json.NextProperty())
            {
                if (json.Is("name"u8))
                {
                    fields.Name = json.Text();
                }
                else if (json.Is("unit"u8))
                {
                    fields.Unit = json.Text();
                }
                else if (json.Is("description"u8))
                {
                    fields.Description = json.Text();
                }
                else if (TypeOf(json) is { } type)
                {
                    fields.Type = type;
                    found |= Data(ref json, ref fields, ref points);
                }
                else
                {
                    json.Skip();
                }
            }

            if (found)
            {
                var after = json.Reader;
                json.Reader = points;
                Points(ref json, fields);
                json.Reader = after;
            }
        }

        void Points(ref JsonSource json, in PointFields head)
        {
            if (!json.StartArray())
            {
                return;
            }

            var mark = json.Scratch.Here;
            while (json.NextObject())
            {
                json.ItemFault = DecodeFault.None;
                var fields = head;
                OtlpJsonPoint.Read(ref json, ref fields);
                if (json.ItemFault != DecodeFault.None)
                {
                    FirstRefusal = Refused++ == 0 ? json.ItemFault : FirstRefusal;
                }
                else
                {
                    Taken++;
                    sink.Point(new PointView(fields, json.Body, json.Scratch));
                }

                json.Scratch.CutItem(mark);
            }
        }
    }

    static bool Data(ref JsonSource json, ref PointFields fields, ref Utf8JsonReader points)
    {
        var found = false;
        if (!json.StartObject())
        {
            return false;
        }

        while (json.NextProperty())
        {
            if (json.Is("dataPoints"u8))
            {
                points = json.Reader;
                found = true;
                json.Skip();
            }
            else if (json.Is("aggregationTemporality"u8))
            {
                var temporality = json.Integer();
                fields.Temporality = temporality is >= 0 and <= 2 ? (Temporality)temporality : Temporality.Unspecified;
            }
            else if (json.Is("isMonotonic"u8))
            {
                fields.IsMonotonic = json.Flag();
            }
            else
            {
                json.Skip();
            }
        }

        return found;
    }

    static PointType? TypeOf(in JsonSource json) =>
        json.Is("gauge"u8) ? PointType.Gauge
        : json.Is("sum"u8) ? PointType.Sum
        : json.Is("histogram"u8) ? PointType.Histogram
        : json.Is("exponentialHistogram"u8) ? PointType.ExponentialHistogram
        : json.Is("summary"u8) ? PointType.Summary
        : null;
}
