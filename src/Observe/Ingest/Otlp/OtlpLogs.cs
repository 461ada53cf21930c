using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Otlp;

/// <summary>Reads an ExportLogsServiceRequest.</summary>
public static class OtlpLogs
{
    /// <summary>Tells every record of a protobuf body to the sink. Records that are wrong in themselves are refused, the others taken; nothing is thrown.</summary>
    public static DecodeResult Read(ReadOnlySpan<byte> body, DecodeScratch scratch, ILogSink sink)
    {
        var items = new Items(sink);
        return OtlpProto.Read(body, scratch, ref items);
    }

    /// <summary>The same from OTLP's JSON.</summary>
    public static DecodeResult ReadJson(ReadOnlySpan<byte> body, DecodeScratch scratch, ILogSink sink) => OtlpJsonLogs.Read(body, scratch, sink);

    struct Items(ILogSink sink) : OtlpProto.IItems
    {
        public int Taken { get; private set; }

        public int Refused { get; private set; }

        public DecodeFault FirstRefusal { get; private set; }

        public readonly void Begin(in ResourceView resource, in ScopeView scope) => sink.Begin(resource, scope);

        public void Item(ref ProtoReader item, DecodeScratch scratch)
        {
            var fields = default(LogFields);
            Log(ref item, ref fields, scratch);
            if (item.Fault != DecodeFault.None)
            {
                FirstRefusal = Refused++ == 0 ? item.Fault : FirstRefusal;
                return;
            }

            Taken++;
            sink.Log(new LogView(fields, item.Body, scratch));
        }
    }

    static void Log(ref ProtoReader log, ref LogFields fields, DecodeScratch scratch)
    {
        var first = scratch.Attributes.Count;
        while (log.Next())
        {
            switch (log.Field)
            {
                case 1:
                    fields.Time = log.Time();
                    break;
                case 2:
                    fields.Severity = (int)Math.Min(log.Varint(), 24);
                    break;
                case 3:
                    fields.SeverityText = log.Bytes();
                    break;
                case 5:
                    var value = log.Message();
                    OtlpProto.Value(ref value, ref fields.Body, scratch);
                    log.Fail(value);
                    break;
                case 6:
                    OtlpProto.Attribute(ref log, scratch);
                    break;
                case 9:
                    // An id of a wrong length is as good as none: the record is worth keeping without it.
                    fields.Trace = OtlpProto.Trace(log.Span()) ?? default;
                    break;
                case 10:
                    fields.Span = OtlpProto.Span(log.Span()) ?? 0;
                    break;
                case 11:
                    fields.ObservedTime = log.Time();
                    break;
                case 12:
                    fields.EventName = log.Bytes();
                    break;
                default:
                    log.Skip();
                    break;
            }
        }

        fields.Attributes = new(first, scratch.Attributes.Count - first);
    }
}
