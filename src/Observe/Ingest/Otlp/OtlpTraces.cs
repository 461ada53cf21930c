using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Otlp;

/// <summary>Reads an ExportTraceServiceRequest.</summary>
public static class OtlpTraces
{
    /// <summary>Tells every span of a protobuf body to the sink. Spans that are wrong in themselves are refused, the others taken; nothing is thrown.</summary>
    /// <param name="body">Whole and unzipped; its size is the caller's to bound.</param>
    /// <param name="scratch">The caller's own; not shared.</param>
    /// <param name="sink">Called for every span, on this thread.</param>
    public static DecodeResult Read(ReadOnlySpan<byte> body, DecodeScratch scratch, ISpanSink sink)
    {
        var items = new Items(sink);
        return OtlpProto.Read(body, scratch, ref items);
    }

    /// <summary>The same from OTLP's JSON.</summary>
    public static DecodeResult ReadJson(ReadOnlySpan<byte> body, DecodeScratch scratch, ISpanSink sink) => OtlpJsonTraces.Read(body, scratch, sink);

    struct Items(ISpanSink sink) : OtlpProto.IItems
    {
        public int Taken { get; private set; }

        public int Refused { get; private set; }

        public DecodeFault FirstRefusal { get; private set; }

        public readonly void Begin(in ResourceView resource, in ScopeView scope) => sink.Begin(resource, scope);

        public void Item(ref ProtoReader item, DecodeScratch scratch)
        {
            var fields = default(SpanFields);
            Span(ref item, ref fields, scratch);
            if (item.Fault == DecodeFault.None && (fields.Trace.IsZero || fields.Span == 0))
            {
                item.Fail(DecodeFault.BadId, item.Position);
            }

            if (item.Fault != DecodeFault.None)
            {
                FirstRefusal = Refused++ == 0 ? item.Fault : FirstRefusal;
                return;
            }

            Taken++;
            sink.Span(new SpanView(fields, item.Body, scratch));
        }
    }

    // Attributes of the span lie together, because those of events and links are noted in a second walk.
    static void Span(ref ProtoReader span, ref SpanFields fields, DecodeScratch scratch)
    {
        var first = scratch.Attributes.Count;
        var again = span.Again();
        var nested = false;
        while (span.Next())
        {
            switch (span.Field)
            {
                case 1:
                    fields.Trace = Id(OtlpProto.Trace(span.Span()), ref span);
                    break;
                case 2:
                    fields.Span = Id(OtlpProto.Span(span.Span()), ref span);
                    break;
                case 3:
                    fields.State = span.Bytes();
                    break;
                case 4:
                    fields.Parent = Id(OtlpProto.Span(span.Span()), ref span);
                    break;
                case 5:
                    fields.Name = span.Bytes();
                    break;
                case 6:
                    var kind = span.Varint();
                    fields.Kind = kind <= (ulong)SpanKind.Consumer ? (SpanKind)kind : SpanKind.Unspecified;
                    break;
                case 7:
                    fields.Start = span.Time();
                    break;
                case 8:
                    fields.End = span.Time();
                    break;
                case 9:
                    OtlpProto.Attribute(ref span, scratch);
                    break;
                case 11 or 13:
                    nested = true;
                    span.Skip();
                    break;
                case 15:
                    var status = span.Message();
                    Status(ref status, ref fields);
                    span.Fail(status);
                    break;
                case 16:
                    fields.Flags = span.Fixed32();
                    break;
                default:
                    span.Skip();
                    break;
            }
        }

        fields.Attributes = new(first, scratch.Attributes.Count - first);
        if (nested && span.Fault == DecodeFault.None)
        {
            Nested(ref again, scratch);
            span.Fail(again);
            fields.Events = new(0, scratch.Events.Count);
            fields.Links = new(0, scratch.Links.Count);
        }
    }

    static void Status(ref ProtoReader status, ref SpanFields fields)
    {
        while (status.Next())
        {
            switch (status.Field)
            {
                case 2:
                    fields.StatusMessage = status.Bytes();
                    break;
                case 3:
                    var code = status.Varint();
                    fields.Status = code <= (ulong)SpanStatus.Error ? (SpanStatus)code : SpanStatus.Unset;
                    break;
                default:
                    status.Skip();
                    break;
            }
        }
    }

    static void Nested(ref ProtoReader span, DecodeScratch scratch)
    {
        while (span.Next())
        {
            var field = span.Field;
            if (field is not (11 or 13))
            {
                span.Skip();
                continue;
            }

            var inner = span.Message();
            if (field == 11 ? !Event(ref inner, scratch) : !Link(ref inner, scratch))
            {
                span.Fail(DecodeFault.TooMany, span.Offset);
            }

            span.Fail(inner);
        }
    }

    static bool Event(ref ProtoReader message, DecodeScratch scratch)
    {
        var slot = default(EventSlot);
        var first = scratch.Attributes.Count;
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    slot.Time = message.Time();
                    break;
                case 2:
                    slot.Name = message.Bytes();
                    break;
                case 3:
                    OtlpProto.Attribute(ref message, scratch);
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        slot.Attributes = new(first, scratch.Attributes.Count - first);
        return scratch.Events.Add(slot);
    }

    static bool Link(ref ProtoReader message, DecodeScratch scratch)
    {
        var slot = default(LinkSlot);
        var first = scratch.Attributes.Count;
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    slot.Trace = Id(OtlpProto.Trace(message.Span()), ref message);
                    break;
                case 2:
                    slot.Span = Id(OtlpProto.Span(message.Span()), ref message);
                    break;
                case 4:
                    OtlpProto.Attribute(ref message, scratch);
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        slot.Attributes = new(first, scratch.Attributes.Count - first);
        return scratch.Links.Add(slot);
    }

    static T Id<T>(T? id, ref ProtoReader reader)
        where T : struct
    {
        if (id is null)
        {
            reader.Fail(DecodeFault.BadId, reader.Offset);
        }

        return id.GetValueOrDefault();
    }
}
