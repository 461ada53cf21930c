using System.Text.Json;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Zipkin;

/// <summary>Reads Zipkin's v2 JSON: a list of spans, times in microseconds, ids of 64 or 128 bits, the server's half sharing its client's id where it says so.</summary>
public static class ZipkinSpans
{
    /// <summary>
    /// Tells every span to the sink, each after the endpoint that it is of. Tags become text attributes under their own names; the remote endpoint becomes
    /// <c>service.peer.name</c>, <c>network.peer.address</c> and <c>network.peer.port</c>; annotations become events; a tag <c>error</c> is the status error.
    /// </summary>
    public static DecodeResult Read(ReadOnlySpan<byte> body, DecodeScratch scratch, ISpanSink sink) => JsonList.Read(body, scratch, sink, One);

    static void One(ref JsonSource json, ISpanSink sink)
    {
        var span = default(ZipkinFields);
        while (json.NextProperty())
        {
            Property(ref json, ref span);
        }

        ref var fields = ref span.Span;
        fields.Start = Nanoseconds(span.Timestamp);
        fields.End = fields.Start + Nanoseconds(Math.Min(span.Duration, (long.MaxValue - fields.Start) / 1000));
        Remote(ref json, ref span);
        var resource = Local(ref json, span);
        if (json.ItemFault == DecodeFault.None && (fields.Trace.IsZero || fields.Span == 0))
        {
            json.ItemFault = DecodeFault.BadId;
        }

        if (json.ItemFault == DecodeFault.None)
        {
            var texts = new Texts(json.Body, json.Scratch.Text.Items);
            var all = json.Scratch.Attributes.Items;
            sink.Begin(new ResourceView(new AttributeList(texts, all.Slice(resource.Start, resource.Count))), default);
            sink.Span(new SpanView(fields, json.Body, json.Scratch));
        }
    }

    static void Property(ref JsonSource json, ref ZipkinFields span)
    {
        if (json.Is("traceId"u8))
        {
            span.Span.Trace = TraceId.TryParse(json.Plain(), out var trace) ? trace : default;
        }
        else if (json.Is("id"u8))
        {
            span.Span.Span = Hex.TryRead(json.Plain(), out var id) ? id : 0;
        }
        else if (json.Is("parentId"u8))
        {
            // Absent, null and zero all say that there is none.
            var hex = json.Plain();
            if (!hex.IsEmpty && !Hex.TryRead(hex, out span.Span.Parent))
            {
                json.ItemFault = DecodeFault.BadId;
            }
        }
        else if (json.Is("name"u8))
        {
            span.Span.Name = json.Text();
        }
        else if (json.Is("kind"u8))
        {
            span.Span.Kind = KindOf(json.Plain());
        }
        else if (json.Is("timestamp"u8))
        {
            span.Timestamp = json.Integer();
        }
        else if (json.Is("duration"u8))
        {
            span.Duration = json.Integer();
        }
        else if (json.Is("shared"u8))
        {
            span.Span.Shared = json.Flag();
        }
        else if (json.Is("tags"u8))
        {
            Tags(ref json, ref span);
        }
        else if (json.Is("annotations"u8))
        {
            Annotations(ref json, ref span.Span);
        }
        else if (json.Is("localEndpoint"u8))
        {
            Endpoint(ref json, ref span.Local);
        }
        else if (json.Is("remoteEndpoint"u8))
        {
            Endpoint(ref json, ref span.Remote);
        }
        else
        {
            json.Skip();
        }
    }

    static SpanKind KindOf(ReadOnlySpan<byte> kind) => kind switch
    {
        _ when kind.SequenceEqual("CLIENT"u8) => SpanKind.Client,
        _ when kind.SequenceEqual("SERVER"u8) => SpanKind.Server,
        _ when kind.SequenceEqual("PRODUCER"u8) => SpanKind.Producer,
        _ when kind.SequenceEqual("CONSUMER"u8) => SpanKind.Consumer,
        _ => SpanKind.Unspecified,
    };

    static void Tags(ref JsonSource json, ref ZipkinFields span)
    {
        span.Tags = new(json.Scratch.Attributes.Count, 0);
        if (json.StartObject())
        {
            while (json.NextProperty())
            {
                var slot = new AttributeSlot { Key = json.Here(), Kind = AttributeKind.Text };
                var isError = json.Is("error"u8);
                json.Read();
                // Real senders write numbers and flags too.
                slot.Text = json.Token switch
                {
                    JsonTokenType.String => json.Here(),
                    JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False => new((int)json.Reader.TokenStartIndex, json.Reader.ValueSpan.Length),
                    JsonTokenType.Null => default,
                    _ => throw new JsonException("a string is expected"),
                };
                if (isError && !json.Reader.ValueSpan.SequenceEqual("false"u8))
                {
                    span.Span.Status = SpanStatus.Error;
                    span.Span.StatusMessage = slot.Text;
                }

                json.Add(slot);
            }
        }

        span.Tags = new(span.Tags.Start, json.Scratch.Attributes.Count - span.Tags.Start);
    }

    static void Annotations(ref JsonSource json, ref SpanFields span)
    {
        var first = json.Scratch.Events.Count;
        if (json.StartArray())
        {
            while (json.NextObject())
            {
                var slot = default(EventSlot);
                while (json.NextProperty())
                {
                    if (json.Is("timestamp"u8))
                    {
                        slot.Time = Nanoseconds(json.Integer());
                    }
                    else if (json.Is("value"u8))
                    {
                        slot.Name = json.Text();
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

        span.Events = new(first, json.Scratch.Events.Count - first);
    }

    static void Endpoint(ref JsonSource json, ref EndpointFields endpoint)
    {
        if (!json.StartObject())
        {
            return;
        }

        while (json.NextProperty())
        {
            if (json.Is("serviceName"u8))
            {
                endpoint.Service = json.Text();
            }
            else if (json.Is("ipv4"u8) || json.Is("ipv6"u8))
            {
                endpoint.Address = json.Text();
            }
            else if (json.Is("port"u8))
            {
                endpoint.Port = json.Integer();
            }
            else
            {
                json.Skip();
            }
        }
    }

    // Attributes of a span lie together: where something came between, or is to be added, the tags move to the end.
    static void Remote(ref JsonSource json, ref ZipkinFields span)
    {
        var bag = json.Scratch.Attributes;
        var first = bag.Count;
        for (var i = 0; i < span.Tags.Count; i++)
        {
            json.Add(bag[span.Tags.Start + i]);
        }

        AddText(ref json, "service.peer.name"u8, span.Remote.Service);
        AddText(ref json, "network.peer.address"u8, span.Remote.Address);
        if (span.Remote.Port > 0)
        {
            json.Add(new AttributeSlot { Key = Put(ref json, "network.peer.port"u8), Kind = AttributeKind.Integer, Bits = span.Remote.Port });
        }

        span.Span.Attributes = new(first, bag.Count - first);
    }

    static SlotRange Local(ref JsonSource json, in ZipkinFields span)
    {
        var first = json.Scratch.Attributes.Count;
        AddText(ref json, "service.name"u8, span.Local.Service);
        AddText(ref json, "host.ip"u8, span.Local.Address);
        return new(first, json.Scratch.Attributes.Count - first);
    }

    static void AddText(ref JsonSource json, ReadOnlySpan<byte> key, TextRef text)
    {
        if (text.Length > 0)
        {
            json.Add(new AttributeSlot { Key = Put(ref json, key), Kind = AttributeKind.Text, Text = text });
        }
    }

    static TextRef Put(ref JsonSource json, ReadOnlySpan<byte> name)
    {
        var text = new JsonText(json.Scratch);
        text.Raw(name);
        return text.Done;
    }

    static long Nanoseconds(long micros) => micros <= 0 ? 0 : Math.Min(micros, long.MaxValue / 1000) * 1000;

    struct ZipkinFields
    {
        public SpanFields Span;
        public SlotRange Tags;
        public EndpointFields Local;
        public EndpointFields Remote;
        public long Timestamp;
        public long Duration;
    }

    struct EndpointFields
    {
        public TextRef Service;
        public TextRef Address;
        public long Port;
    }
}
