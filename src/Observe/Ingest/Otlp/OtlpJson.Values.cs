using System.Text.Json;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Otlp;

/// <summary>Attributes and their values.</summary>
internal static partial class OtlpJson
{
    /// <summary>The property's value, a list of attributes; they lie together.</summary>
    public static SlotRange Attributes(ref JsonSource json)
    {
        var first = json.Scratch.Attributes.Count;
        if (json.StartArray())
        {
            while (json.NextObject())
            {
                var slot = default(AttributeSlot);
                while (json.NextProperty())
                {
                    if (json.Is("key"u8))
                    {
                        slot.Key = json.Text();
                    }
                    else if (json.Is("value"u8))
                    {
                        Value(ref json, ref slot);
                    }
                    else
                    {
                        json.Skip();
                    }
                }

                json.Add(slot);
            }
        }

        return new(first, json.Scratch.Attributes.Count - first);
    }

    /// <summary>The property's value, an AnyValue.</summary>
    public static void Value(ref JsonSource json, ref AttributeSlot slot)
    {
        if (!json.StartObject())
        {
            return;
        }

        while (json.NextProperty())
        {
            if (json.Is("stringValue"u8))
            {
                slot.Text = json.Text();
                slot.Kind = AttributeKind.Text;
            }
            else if (json.Is("boolValue"u8))
            {
                slot.Bits = json.Flag() ? 1 : 0;
                slot.Kind = AttributeKind.Flag;
            }
            else if (json.Is("intValue"u8))
            {
                slot.Bits = json.Integer();
                slot.Kind = AttributeKind.Integer;
            }
            else if (json.Is("doubleValue"u8))
            {
                slot.Bits = BitConverter.DoubleToInt64Bits(json.Number());
                slot.Kind = AttributeKind.Number;
            }
            else if (json.Is("arrayValue"u8) || json.Is("kvlistValue"u8))
            {
                var text = new JsonText(json.Scratch);
                List(ref json, ref text, json.Is("kvlistValue"u8), 1);
                slot.Text = text.Done;
                slot.Kind = AttributeKind.Json;
                if (text.Overflowed)
                {
                    json.TooMuch();
                }
            }
            else if (json.Is("bytesValue"u8))
            {
                Bytes(ref json, ref slot);
            }
            else
            {
                json.Skip();
            }
        }
    }

    static void Bytes(ref JsonSource json, ref AttributeSlot slot)
    {
        json.Read();
        if (json.Token == JsonTokenType.Null)
        {
            return;
        }

        var bag = json.Scratch.Text;
        var room = bag.Room(json.Reader.ValueSpan.Length);
        if (json.Token != JsonTokenType.String || System.Buffers.Text.Base64.DecodeFromUtf8(json.Reader.ValueSpan, room, out _, out var length) != System.Buffers.OperationStatus.Done)
        {
            throw new JsonException("base64 is expected");
        }

        slot.Text = new(~bag.Count, length);
        slot.Kind = AttributeKind.Bytes;
        bag.Took(length);
    }

    // {"values": [...]} of an array or of a map, as plain JSON. The depth of the source bounds this one's.
    static void List(ref JsonSource json, ref JsonText text, bool isMap, int depth)
    {
        text.Raw(isMap ? "{"u8 : "["u8);
        var count = 0;
        if (json.StartObject())
        {
            while (json.NextProperty())
            {
                if (!json.Is("values"u8))
                {
                    json.Skip();
                    continue;
                }

                if (!json.StartArray())
                {
                    continue;
                }

                while (json.NextObject())
                {
                    if (count++ > 0)
                    {
                        text.Raw(","u8);
                    }

                    if (isMap)
                    {
                        Pair(ref json, ref text, depth);
                    }
                    else
                    {
                        Plain(ref json, ref text, depth);
                    }
                }
            }
        }

        text.Raw(isMap ? "}"u8 : "]"u8);
    }

    static void Pair(ref JsonSource json, ref JsonText text, int depth)
    {
        // A key that comes after its value would have to be written before it.
        var here = json.Reader;
        var seen = false;
        text.Raw("\""u8);
        while (json.NextProperty())
        {
            if (json.Is("key"u8))
            {
                json.Read();
                text.Raw(json.Token == JsonTokenType.String ? json.Reader.ValueSpan : throw new JsonException("a string is expected"));
            }
            else
            {
                json.Skip();
            }
        }

        text.Raw("\":"u8);
        json.Reader = here;
        while (json.NextProperty())
        {
            if (!seen && json.Is("value"u8) && json.StartObject())
            {
                seen = true;
                Plain(ref json, ref text, depth);
            }
            else if (json.Token == JsonTokenType.PropertyName)
            {
                json.Skip();
            }
        }

        if (!seen)
        {
            text.Raw("null"u8);
        }
    }

    // An AnyValue whose { has been read.
    static void Plain(ref JsonSource json, ref JsonText text, int depth)
    {
        var seen = false;
        while (json.NextProperty())
        {
            if (seen)
            {
                json.Skip();
                continue;
            }

            seen = true;
            if (json.Is("arrayValue"u8) || json.Is("kvlistValue"u8))
            {
                List(ref json, ref text, json.Is("kvlistValue"u8), depth + 1);
                continue;
            }

            if (json.Is("intValue"u8))
            {
                text.Number(json.Integer());
                continue;
            }

            if (json.Is("doubleValue"u8))
            {
                text.Number(json.Number());
                continue;
            }

            json.Read();
            switch (json.Token)
            {
                case JsonTokenType.String:
                    // Escaped as it came.
                    text.Raw("\""u8);
                    text.Raw(json.Reader.ValueSpan);
                    text.Raw("\""u8);
                    break;
                case JsonTokenType.True or JsonTokenType.False or JsonTokenType.Number:
                    text.Raw(json.Reader.ValueSpan);
                    break;
                default:
                    json.Reader.Skip();
                    text.Raw("null"u8);
                    break;
            }
        }

        if (!seen)
        {
            text.Raw("null"u8);
        }
    }
}
