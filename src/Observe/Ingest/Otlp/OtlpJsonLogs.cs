using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Otlp;

/// <summary>Log records in OTLP's JSON.</summary>
internal static class OtlpJsonLogs
{
    public static DecodeResult Read(ReadOnlySpan<byte> body, DecodeScratch scratch, ILogSink sink)
    {
        var items = new Items(sink);
        return OtlpJson.Read(body, scratch, ref items);
    }

    struct Items(ILogSink sink) : OtlpJson.IItems
    {
        public int Taken { get; private set; }

        public int Refused { get; private set; }

        public DecodeFault FirstRefusal { get; private set; }

        public readonly ReadOnlySpan<byte> List(int level) => level switch { 0 => "resourceLogs"u8, 1 => "scopeLogs"u8, _ => "logRecords"u8 };

        public readonly void Begin(in ResourceView resource, in ScopeView scope) => sink.Begin(resource, scope);

        public void Item(ref JsonSource json)
        {
            var fields = default(LogFields);
            Log(ref json, ref fields);
            if (json.ItemFault != DecodeFault.None)
            {
                FirstRefusal = Refused++ == 0 ? json.ItemFault : FirstRefusal;
                return;
            }

            Taken++;
            sink.Log(new LogView(fields, json.Body, json.Scratch));
        }
    }

    static void Log(ref JsonSource json, ref LogFields fields)
    {
        while (json.NextProperty())
        {
            if (json.Is("timeUnixNano"u8))
            {
                fields.Time = Math.Max(0, json.Integer());
            }
            else if (json.Is("observedTimeUnixNano"u8))
            {
                fields.ObservedTime = Math.Max(0, json.Integer());
            }
            else if (json.Is("severityNumber"u8))
            {
                fields.Severity = (int)Math.Clamp(json.Integer(), 0, 24);
            }
            else if (json.Is("severityText"u8))
            {
                fields.SeverityText = json.Text();
            }
            else if (json.Is("body"u8))
            {
                OtlpJson.Value(ref json, ref fields.Body);
            }
            else if (json.Is("attributes"u8))
            {
                fields.Attributes = OtlpJson.Attributes(ref json);
            }
            else if (json.Is("traceId"u8))
            {
                fields.Trace = OtlpJson.Trace(json.Plain()) ?? default;
            }
            else if (json.Is("spanId"u8))
            {
                fields.Span = OtlpJson.Span(json.Plain()) ?? 0;
            }
            else if (json.Is("eventName"u8))
            {
                fields.EventName = json.Text();
            }
            else
            {
                json.Skip();
            }
        }
    }
}
