using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Otlp;

/// <summary>Spans in OTLP's JSON.</summary>
internal static class OtlpJsonTraces
{
    public static DecodeResult Read(ReadOnlySpan<byte> body, DecodeScratch scratch, ISpanSink sink)
    {
        var items = new Items(sink);
        return OtlpJson.Read(body, scratch, ref items);
    }

    struct Items(ISpanSink sink) : OtlpJson.IItems
    {
        public int Taken { get; private set; }

        public int Refused { get; private set; }

        public DecodeFault FirstRefusal { get; private set; }

        public readonly ReadOnlySpan<byte> List(int level) => level switch { 0 => "resourceSpans"u8, 1 => "scopeSpans"u8, _ => "spans"u8 };

        public readonly void Begin(in ResourceView resource, in ScopeView scope) => sink.Begin(resource, scope);

        public void Item(ref JsonSource json)
        {
            var fields = default(SpanFields);
            Span(ref json, ref fields);
            if (json.ItemFault == DecodeFault.None && (fields.Trace.IsZero || fields.Span == 0))
            {
                json.ItemFault = DecodeFault.BadId;
            }

            if (json.ItemFault != DecodeFault.None)
            {
                FirstRefusal = Refused++ == 0 ? json.ItemFault : FirstRefusal;
                return;
            }

            Taken++;
            sink.Span(new SpanView(fields, json.Body, json.Scratch));
        }
    }

    static void Span(ref JsonSource json, ref SpanFields fields)
    {
        while (json.NextProperty())
        {
            if (json.Is("traceId"u8))
            {
                fields.Trace = Known(OtlpJson.Trace(json.Plain()), ref json);
            }
            else if (json.Is("spanId"u8))
            {
                fields.Span = Known(OtlpJson.Span(json.Plain()), ref json);
            }
            else if (json.Is("parentSpanId"u8))
            {
                fields.Parent = Known(OtlpJson.Span(json.Plain()), ref json);
            }
            else if (json.Is("name"u8))
            {
                fields.Name = json.Text();
            }
            else if (json.Is("kind"u8))
            {
                var kind = json.Integer();
                fields.Kind = kind is >= 0 and <= (long)SpanKind.Consumer ? (SpanKind)kind : SpanKind.Unspecified;
            }
            else if (json.Is("startTimeUnixNano"u8))
            {
                fields.Start = Math.Max(0, json.Integer());
            }
            else if (json.Is("endTimeUnixNano"u8))
            {
                fields.End = Math.Max(0, json.Integer());
            }
            else if (json.Is("attributes"u8))
            {
                fields.Attributes = OtlpJson.Attributes(ref json);
            }
            else
            {
                Rarer(ref json, ref fields);
            }
        }
    }

    static void Rarer(ref JsonSource json, ref SpanFields fields)
    {
        if (json.Is("events"u8))
        {
            fields.Events = Events(ref json);
        }
        else if (json.Is("links"u8))
        {
            fields.Links = Links(ref json);
        }
        else if (json.Is("status"u8))
        {
            Status(ref json, ref fields);
        }
        else if (json.Is("traceState"u8))
        {
            fields.State = json.Text();
        }
        else if (json.Is("flags"u8))
        {
            fields.Flags = (uint)json.Integer();
        }
        else
        {
            json.Skip();
        }
    }

    static void Status(ref JsonSource json, ref SpanFields fields)
    {
        if (!json.StartObject())
        {
            return;
        }

        while (json.NextProperty())
        {
            if (json.Is("code"u8))
            {
                var code = json.Integer();
                fields.Status = code is >= 0 and <= (long)SpanStatus.Error ? (SpanStatus)code : SpanStatus.Unset;
            }
            else if (json.Is("message"u8))
            {
                fields.StatusMessage = json.Text();
            }
            else
            {
                json.Skip();
            }
        }
    }

    static SlotRange Events(ref JsonSource json)
    {
        var first = json.Scratch.Events.Count;
        if (json.StartArray())
        {
            while (json.NextObject())
            {
                var slot = default(EventSlot);
                while (json.NextProperty())
                {
                    if (json.Is("timeUnixNano"u8))
                    {
                        slot.Time = Math.Max(0, json.Integer());
                    }
                    else if (json.Is("name"u8))
                    {
                        slot.Name = json.Text();
                    }
                    else if (json.Is("attributes"u8))
                    {
                        slot.Attributes = OtlpJson.Attributes(ref json);
                    }
                    else
                    {
                        json.Skip();
                    }
                }

                if (!json.Scratch.Events.Add(slot))
                {
                    json.TooMuch();
                }
            }
        }

        return new(first, json.Scratch.Events.Count - first);
    }

    static SlotRange Links(ref JsonSource json)
    {
        var first = json.Scratch.Links.Count;
        if (json.StartArray())
        {
            while (json.NextObject())
            {
                var slot = default(LinkSlot);
                while (json.NextProperty())
                {
                    if (json.Is("traceId"u8))
                    {
                        slot.Trace = Known(OtlpJson.Trace(json.Plain()), ref json);
                    }
                    else if (json.Is("spanId"u8))
                    {
                        slot.Span = Known(OtlpJson.Span(json.Plain()), ref json);
                    }
                    else if (json.Is("attributes"u8))
                    {
                        slot.Attributes = OtlpJson.Attributes(ref json);
                    }
                    else
                    {
                        json.Skip();
                    }
                }

                if (!json.Scratch.Links.Add(slot))
                {
                    json.TooMuch();
                }
            }
        }

        return new(first, json.Scratch.Links.Count - first);
    }

    static T Known<T>(T? id, ref JsonSource json)
        where T : struct
    {
        if (id is null)
        {
            json.ItemFault = DecodeFault.BadId;
        }

        return id.GetValueOrDefault();
    }
}
