using System.Buffers.Text;
using System.Text.Json;
using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Ingest.Wire;

/// <summary>Writes small pieces of JSON and unescaped text into the scratch. A write that does not fit is told at the end, by a range without length.</summary>
internal ref struct JsonText(DecodeScratch scratch)
{
    readonly Bag<byte> text = scratch.Text;
    readonly int start = scratch.Text.Count;

    public bool Overflowed { get; private set; }

    public readonly TextRef Done => Overflowed ? default : new(~start, text.Count - start);

    public void Raw(scoped ReadOnlySpan<byte> bytes)
    {
        var room = text.Room(bytes.Length);
        if (room.Length < bytes.Length)
        {
            Overflowed = true;
            return;
        }

        bytes.CopyTo(room);
        text.Took(bytes.Length);
    }

    public void Number(long value)
    {
        Span<byte> digits = stackalloc byte[24];
        Utf8Formatter.TryFormat(value, digits, out var length);
        Raw(digits[..length]);
    }

    public void Number(double value)
    {
        if (!double.IsFinite(value))
        {
            Raw(double.IsNaN(value) ? "\"NaN\""u8 : value > 0 ? "\"Infinity\""u8 : "\"-Infinity\""u8);
            return;
        }

        Span<byte> digits = stackalloc byte[40];
        Utf8Formatter.TryFormat(value, digits, out var length);
        Raw(digits[..length]);
    }

    public void Quoted(scoped ReadOnlySpan<byte> utf8)
    {
        Raw("\""u8);
        while (!utf8.IsEmpty)
        {
            var plain = utf8.IndexOfAnyInRange((byte)0, (byte)0x1f);
            var special = utf8.IndexOfAny((byte)'"', (byte)'\\');
            var stop = plain < 0 ? special : special < 0 ? plain : Math.Min(plain, special);
            if (stop < 0)
            {
                Raw(utf8);
                break;
            }

            Raw(utf8[..stop]);
            Escape(utf8[stop]);
            utf8 = utf8[(stop + 1)..];
        }

        Raw("\""u8);
    }

    public void Base64(ReadOnlySpan<byte> bytes)
    {
        Raw("\""u8);
        var room = text.Room(System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(Math.Min(bytes.Length, DecodeScratch.MostText)));
        if (room.IsEmpty && !bytes.IsEmpty || System.Buffers.Text.Base64.EncodeToUtf8(bytes, room, out _, out var written) != System.Buffers.OperationStatus.Done)
        {
            Overflowed = true;
            return;
        }

        text.Took(written);
        Raw("\""u8);
    }

    /// <summary>The text of a JSON string or property name that has escapes.</summary>
    /// <exception cref="InvalidOperationException">It is not valid UTF-8 or UTF-16.</exception>
    public void Unescaped(in Utf8JsonReader reader)
    {
        var room = text.Room(reader.ValueSpan.Length);
        if (room.Length < reader.ValueSpan.Length)
        {
            Overflowed = true;
            return;
        }

        text.Took(reader.CopyString(room));
    }

    void Escape(byte c)
    {
        ReadOnlySpan<byte> hex = "0123456789abcdef"u8;
        switch (c)
        {
            case (byte)'"':
                Raw("\\\""u8);
                break;
            case (byte)'\\':
                Raw("\\\\"u8);
                break;
            case (byte)'\n':
                Raw("\\n"u8);
                break;
            default:
                Raw([(byte)'\\', (byte)'u', (byte)'0', (byte)'0', hex[c >> 4], hex[c & 15]]);
                break;
        }
    }
}
