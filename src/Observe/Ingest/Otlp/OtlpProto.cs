using System.Buffers.Binary;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Otlp;

/// <summary>What traces, metrics and logs have in common in OTLP's protobuf: resources, scopes, attributes, ids.</summary>
internal static class OtlpProto
{
    /// <summary>Reads the items of one scope.</summary>
    public interface IItems
    {
        /// <summary>One item is told to the sink, or refused.</summary>
        void Item(ref ProtoReader item, DecodeScratch scratch);

        void Begin(in ResourceView resource, in ScopeView scope);

        int Taken { get; }

        int Refused { get; }

        DecodeFault FirstRefusal { get; }
    }

    /// <summary>Walks Export…ServiceRequest → Resource… → Scope… → items; every one of the three levels has its header in field 1 and its children in field 2, the request its children in 1.</summary>
    public static DecodeResult Read<T>(ReadOnlySpan<byte> body, DecodeScratch scratch, ref T items)
        where T : struct, IItems, allows ref struct
    {
        var request = new ProtoReader(body);
        scratch.Clear();
        while (request.Next())
        {
            if (request.Field != 1)
            {
                request.Skip();
                continue;
            }

            var resource = request.Message();
            Resource(ref resource, scratch, ref items);
            request.Fail(resource);
            scratch.Clear();
        }

        return new(items.Taken, items.Refused, request.Fault, request.Offset, items.FirstRefusal);
    }

    static void Resource<T>(ref ProtoReader message, DecodeScratch scratch, ref T items)
        where T : struct, IItems, allows ref struct
    {
        var attributes = new SlotRange(0, 0);
        var head = message.Again();
        // The header may come after what it is the header of.
        while (head.Next())
        {
            if (head.Field == 1)
            {
                var resource = head.Message();
                Attributes(ref resource, 1, scratch);
                head.Fail(resource);
            }
            else
            {
                head.Skip();
            }
        }

        message.Fail(head);
        attributes = new(0, scratch.Attributes.Count);
        var mark = scratch.Here;
        while (message.Next())
        {
            if (message.Field != 2)
            {
                message.Skip();
                continue;
            }

            var scope = message.Message();
            Scope(ref scope, attributes, scratch, ref items);
            message.Fail(scope);
            scratch.CutItem(mark);
        }
    }

    static void Scope<T>(ref ProtoReader message, SlotRange resource, DecodeScratch scratch, ref T items)
        where T : struct, IItems, allows ref struct
    {
        TextRef name = default, version = default;
        var first = scratch.Attributes.Count;
        var head = message.Again();
        while (head.Next())
        {
            if (head.Field != 1)
            {
                head.Skip();
                continue;
            }

            var scope = head.Message();
            while (scope.Next())
            {
                switch (scope.Field)
                {
                    case 1:
                        name = scope.Bytes();
                        break;
                    case 2:
                        version = scope.Bytes();
                        break;
                    case 3:
                        Attribute(ref scope, scratch);
                        break;
                    default:
                        scope.Skip();
                        break;
                }
            }

            head.Fail(scope);
        }

        message.Fail(head);
        if (message.Fault != DecodeFault.None)
        {
            return;
        }

        var texts = new Texts(message.Body, scratch.Text.Items);
        var all = scratch.Attributes.Items;
        items.Begin(
            new ResourceView(new AttributeList(texts, all.Slice(resource.Start, resource.Count))),
            new ScopeView(texts[name], texts[version], new AttributeList(texts, all[first..])));
        var mark = scratch.Here;
        while (message.Next())
        {
            if (message.Field != 2)
            {
                message.Skip();
                continue;
            }

            var item = message.Message();
            if (message.Fault == DecodeFault.None)
            {
                items.Item(ref item, scratch);
                scratch.CutItem(mark);
            }
        }
    }

    /// <summary>All attributes of a message in field <paramref name="field"/>; its other fields are passed over.</summary>
    public static void Attributes(ref ProtoReader message, int field, DecodeScratch scratch)
    {
        while (message.Next())
        {
            if (message.Field == field)
            {
                Attribute(ref message, scratch);
            }
            else
            {
                message.Skip();
            }
        }
    }

    /// <summary>A KeyValue: key 1, value 2.</summary>
    public static void Attribute(ref ProtoReader owner, DecodeScratch scratch)
    {
        var slot = default(AttributeSlot);
        var pair = owner.Message();
        while (pair.Next())
        {
            switch (pair.Field)
            {
                case 1:
                    slot.Key = pair.Bytes();
                    break;
                case 2:
                    var value = pair.Message();
                    Value(ref value, ref slot, scratch);
                    pair.Fail(value);
                    break;
                default:
                    pair.Skip();
                    break;
            }
        }

        owner.Fail(pair);
        if (owner.Fault == DecodeFault.None && !scratch.Attributes.Add(slot))
        {
            owner.Fail(DecodeFault.TooMany, owner.Offset);
        }
    }

    /// <summary>An AnyValue: string 1, bool 2, int 3, double 4, array 5, kvlist 6, bytes 7; the last one given counts.</summary>
    public static void Value(ref ProtoReader value, ref AttributeSlot slot, DecodeScratch scratch)
    {
        while (value.Next())
        {
            switch (value.Field)
            {
                case 1:
                    slot.Text = value.Bytes();
                    slot.Kind = AttributeKind.Text;
                    break;
                case 2:
                    slot.Bits = value.Varint() != 0 ? 1 : 0;
                    slot.Kind = AttributeKind.Flag;
                    break;
                case 3:
                    slot.Bits = (long)value.Varint();
                    slot.Kind = AttributeKind.Integer;
                    break;
                case 4:
                    slot.Bits = (long)value.Fixed64();
                    slot.Kind = AttributeKind.Number;
                    break;
                case 5 or 6:
                    var text = new JsonText(scratch);
                    var field = value.Field;
                    var inner = value.Message();
                    List(ref inner, ref text, field == 6, 1);
                    value.Fail(inner);
                    if (text.Overflowed)
                    {
                        value.Fail(DecodeFault.TooMany, value.Offset);
                    }

                    slot.Text = text.Done;
                    slot.Kind = AttributeKind.Json;
                    break;
                case 7:
                    slot.Text = value.Bytes();
                    slot.Kind = AttributeKind.Bytes;
                    break;
                default:
                    value.Skip();
                    break;
            }
        }

        if (slot.Kind is not (AttributeKind.Text or AttributeKind.Json or AttributeKind.Bytes))
        {
            slot.Text = default;
        }
    }

    // ArrayValue and KeyValueList both have their items in field 1.
    static void List(ref ProtoReader list, ref JsonText text, bool isMap, int depth)
    {
        if (depth > ProtoReader.MostDepth)
        {
            list.Fail(DecodeFault.TooDeep, list.Position);
            return;
        }

        text.Raw(isMap ? "{"u8 : "["u8);
        var count = 0;
        while (list.Next())
        {
            if (list.Field != 1)
            {
                list.Skip();
                continue;
            }

            if (count++ > 0)
            {
                text.Raw(","u8);
            }

            var item = list.Message();
            if (isMap)
            {
                Pair(ref item, ref text, depth);
            }
            else
            {
                Value(ref item, ref text, depth);
            }

            list.Fail(item);
        }

        text.Raw(isMap ? "}"u8 : "]"u8);
    }

    static void Pair(ref ProtoReader pair, ref JsonText text, int depth)
    {
        var head = pair.Again();
        TextRef key = default;
        while (head.Next())
        {
            if (head.Field == 1)
            {
                key = head.Bytes();
            }
            else
            {
                head.Skip();
            }
        }

        pair.Fail(head);
        text.Quoted(pair.Body.Slice(key.Start, key.Length));
        text.Raw(":"u8);
        var seen = false;
        while (pair.Next())
        {
            if (pair.Field == 2 && !seen)
            {
                seen = true;
                var value = pair.Message();
                Value(ref value, ref text, depth);
                pair.Fail(value);
            }
            else
            {
                pair.Skip();
            }
        }

        if (!seen)
        {
            text.Raw("null"u8);
        }
    }

    static void Value(ref ProtoReader value, ref JsonText text, int depth)
    {
        var seen = false;
        while (value.Next())
        {
            if (seen || value.Field is < 1 or > 7)
            {
                value.Skip();
                continue;
            }

            seen = true;
            switch (value.Field)
            {
                case 1:
                    text.Quoted(value.Span());
                    break;
                case 2:
                    text.Raw(value.Varint() != 0 ? "true"u8 : "false"u8);
                    break;
                case 3:
                    text.Number((long)value.Varint());
                    break;
                case 4:
                    text.Number(value.Double());
                    break;
                case 7:
                    text.Base64(value.Span());
                    break;
                default:
                    var isMap = value.Field == 6;
                    var inner = value.Message();
                    List(ref inner, ref text, isMap, depth + 1);
                    value.Fail(inner);
                    break;
            }
        }

        if (!seen)
        {
            text.Raw("null"u8);
        }
    }

    /// <summary>16 bytes; default where it is empty; null where it has another length.</summary>
    public static TraceId? Trace(ReadOnlySpan<byte> id) => id.Length switch
    {
        16 => new TraceId(BinaryPrimitives.ReadUInt64BigEndian(id), BinaryPrimitives.ReadUInt64BigEndian(id[8..])),
        0 => default(TraceId),
        _ => null,
    };

    /// <summary>8 bytes; 0 where it is empty; null where it has another length.</summary>
    public static ulong? Span(ReadOnlySpan<byte> id) => id.Length switch
    {
        8 => BinaryPrimitives.ReadUInt64BigEndian(id),
        0 => 0,
        _ => null,
    };
}
