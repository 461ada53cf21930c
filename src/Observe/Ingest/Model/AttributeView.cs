using System.Globalization;
using System.Text;

namespace Mainstay.Observe.Ingest.Model;

/// <summary>What an attribute's value is.</summary>
public enum AttributeKind : byte
{
    Empty,
    Text,
    Flag,
    Integer,
    Number,

    /// <summary>Bytes as they are.</summary>
    Bytes,

    /// <summary>A list or map, as JSON text.</summary>
    Json,
}

/// <summary>One attribute; its texts point into the body.</summary>
public readonly ref struct AttributeView
{
    readonly long bits;

    internal AttributeView(ReadOnlySpan<byte> key, ReadOnlySpan<byte> text, AttributeKind kind, long bits)
    {
        Key = key;
        Text = text;
        Kind = kind;
        this.bits = bits;
    }

    /// <summary>UTF-8.</summary>
    public ReadOnlySpan<byte> Key { get; }

    /// <summary>UTF-8; empty for what is not a text, bytes or JSON.</summary>
    public ReadOnlySpan<byte> Text { get; }

    public AttributeKind Kind { get; }

    public long Integer => Kind == AttributeKind.Number ? (long)BitConverter.Int64BitsToDouble(bits) : bits;

    public double Number => Kind == AttributeKind.Number ? BitConverter.Int64BitsToDouble(bits) : bits;

    public bool Flag => bits != 0;

    /// <summary>The value's 64 bits, as a number, integer or flag has them.</summary>
    public long Bits => bits;

    /// <summary>The value as people read it.</summary>
    public override string ToString() => Show(Kind, Text, bits);

    internal static string Show(AttributeKind kind, ReadOnlySpan<byte> text, long bits) => kind switch
    {
        AttributeKind.Text or AttributeKind.Json => Encoding.UTF8.GetString(text),
        AttributeKind.Flag => bits != 0 ? "true" : "false",
        AttributeKind.Integer => bits.ToString(CultureInfo.InvariantCulture),
        AttributeKind.Number => BitConverter.Int64BitsToDouble(bits).ToString("R", CultureInfo.InvariantCulture),
        AttributeKind.Bytes => Convert.ToBase64String(text),
        _ => "",
    };
}

/// <summary>Attributes in the order in which they came.</summary>
public readonly ref struct AttributeList
{
    readonly Texts texts;
    readonly ReadOnlySpan<AttributeSlot> slots;

    internal AttributeList(Texts texts, ReadOnlySpan<AttributeSlot> slots)
    {
        this.texts = texts;
        this.slots = slots;
    }

    public int Count => slots.Length;

    public AttributeView this[int at]
    {
        get
        {
            ref readonly var slot = ref slots[at];
            return new(texts[slot.Key], texts[slot.Text], slot.Kind, slot.Bits);
        }
    }

    /// <summary>The first attribute of that key; false where there is none.</summary>
    public bool TryFind(ReadOnlySpan<byte> key, out AttributeView found)
    {
        for (var i = 0; i < slots.Length; i++)
        {
            ref readonly var slot = ref slots[i];
            if (slot.Key.Length == key.Length && texts[slot.Key].SequenceEqual(key))
            {
                found = this[i];
                return true;
            }
        }

        found = default;
        return false;
    }

    /// <summary>The text of the first attribute of that key; empty where there is none or it is not a text.</summary>
    public ReadOnlySpan<byte> TextOf(ReadOnlySpan<byte> key) => TryFind(key, out var found) && found.Kind == AttributeKind.Text ? found.Text : default;
}

/// <summary>Where texts are found: the body, and what had to be rewritten.</summary>
internal readonly ref struct Texts(ReadOnlySpan<byte> body, ReadOnlySpan<byte> scratch)
{
    readonly ReadOnlySpan<byte> body = body;
    readonly ReadOnlySpan<byte> scratch = scratch;

    public ReadOnlySpan<byte> this[TextRef at] => at.Start >= 0 ? body.Slice(at.Start, at.Length) : scratch.Slice(~at.Start, at.Length);
}
