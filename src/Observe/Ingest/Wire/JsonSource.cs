using System.Buffers.Text;
using System.Text.Json;
using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Ingest.Wire;

/// <summary>
/// Reads JSON where it lies, and notes texts by their place. What is not JSON, or of a wrong type, throws <see cref="JsonException"/>, which
/// the entry of each decoder turns into a value; what is only too much is noted in <see cref="ItemFault"/> and refuses one item.
/// </summary>
internal ref struct JsonSource(ReadOnlySpan<byte> body, DecodeScratch scratch)
{
    /// <summary>The reader itself; a copy of it is a place to go back to.</summary>
    public Utf8JsonReader Reader = new(body, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Disallow, MaxDepth = 64 });

    public DecodeFault ItemFault;

    public readonly ReadOnlySpan<byte> Body { get; } = body;

    public readonly DecodeScratch Scratch => scratch;

    public readonly JsonTokenType Token => Reader.TokenType;

    public static DecodeFault FaultOf(Exception error) => error is JsonException or InvalidOperationException or FormatException ? DecodeFault.Malformed : DecodeFault.None;

    /// <summary>Goes to the next token, which there has to be.</summary>
    public void Read()
    {
        if (!Reader.Read())
        {
            throw new JsonException("it ends too early");
        }
    }

    /// <summary>Goes to the value's first token, which has to be <c>{</c>; false where it is null.</summary>
    public bool StartObject() => Start(JsonTokenType.StartObject);

    /// <summary>Goes to the value's first token, which has to be <c>[</c>; false where it is null.</summary>
    public bool StartArray() => Start(JsonTokenType.StartArray);

    /// <summary>Goes to the next property's name; false at the object's end.</summary>
    public bool NextProperty()
    {
        Read();
        return Token == JsonTokenType.PropertyName;
    }

    /// <summary>Goes to the next element, which has to be an object; false at the array's end.</summary>
    public bool NextObject()
    {
        Read();
        return Token switch
        {
            JsonTokenType.EndArray => false,
            JsonTokenType.StartObject => true,
            _ => throw new JsonException("an object is expected"),
        };
    }

    public readonly bool Is(ReadOnlySpan<byte> name) => Reader.ValueTextEquals(name);

    /// <summary>Passes the property's value over.</summary>
    public void Skip()
    {
        Read();
        Reader.Skip();
    }

    /// <summary>The text that this token is: a string or a property's name.</summary>
    public TextRef Here()
    {
        if (!Reader.ValueIsEscaped)
        {
            return new((int)Reader.TokenStartIndex + 1, Reader.ValueSpan.Length);
        }

        var text = new JsonText(scratch);
        text.Unescaped(Reader);
        if (text.Overflowed)
        {
            TooMuch();
        }

        return text.Done;
    }

    /// <summary>The value, a string; null is the empty one.</summary>
    public TextRef Text()
    {
        Read();
        return Token switch
        {
            JsonTokenType.String => Here(),
            JsonTokenType.Null => default,
            _ => throw new JsonException("a string is expected"),
        };
    }

    /// <summary>The value, a string without escapes; empty for null.</summary>
    public ReadOnlySpan<byte> Plain()
    {
        Read();
        return Token switch
        {
            JsonTokenType.String => Reader.ValueSpan,
            JsonTokenType.Null => default,
            _ => throw new JsonException("a string is expected"),
        };
    }

    /// <summary>The value, an integer, as number or as string; 0 for null. What is too large is the largest.</summary>
    public long Integer()
    {
        Read();
        if (Token == JsonTokenType.Null)
        {
            return 0;
        }

        if (Token is not (JsonTokenType.Number or JsonTokenType.String))
        {
            throw new JsonException("an integer is expected");
        }

        var digits = Reader.ValueSpan;
        if (Utf8Parser.TryParse(digits, out long value, out var used) && used == digits.Length)
        {
            return value;
        }

        if (Utf8Parser.TryParse(digits, out double number, out used) && used == digits.Length)
        {
            return number >= long.MaxValue ? long.MaxValue : number <= long.MinValue ? long.MinValue : (long)number;
        }

        throw new JsonException("an integer is expected");
    }

    /// <summary>The value, a non-negative integer, as number or as string.</summary>
    public ulong Unsigned()
    {
        Read();
        if (Token is JsonTokenType.Number or JsonTokenType.String)
        {
            var digits = Reader.ValueSpan;
            if (Utf8Parser.TryParse(digits, out ulong value, out var used) && used == digits.Length)
            {
                return value;
            }

            if (Utf8Parser.TryParse(digits, out double number, out used) && used == digits.Length && number >= 0)
            {
                return number >= ulong.MaxValue ? ulong.MaxValue : (ulong)number;
            }
        }

        throw new JsonException("a non-negative integer is expected");
    }

    /// <summary>The value, a number, or its name where it is not finite.</summary>
    public double Number()
    {
        Read();
        if (Token == JsonTokenType.Null)
        {
            return 0;
        }

        var text = Token is JsonTokenType.Number or JsonTokenType.String ? Reader.ValueSpan : default;
        return text switch
        {
            _ when text.SequenceEqual("NaN"u8) => double.NaN,
            _ when text.SequenceEqual("Infinity"u8) => double.PositiveInfinity,
            _ when text.SequenceEqual("-Infinity"u8) => double.NegativeInfinity,
            _ when Utf8Parser.TryParse(text, out double value, out var used) && used == text.Length => value,
            _ => throw new JsonException("a number is expected"),
        };
    }

    public bool Flag()
    {
        Read();
        return Token switch
        {
            JsonTokenType.True => true,
            JsonTokenType.False or JsonTokenType.Null => false,
            _ => throw new JsonException("true or false is expected"),
        };
    }

    /// <summary>One item has more than is read.</summary>
    public void TooMuch() => ItemFault = ItemFault == DecodeFault.None ? DecodeFault.TooMany : ItemFault;

    public void Add(in AttributeSlot slot)
    {
        if (!scratch.Attributes.Add(slot))
        {
            TooMuch();
        }
    }

    bool Start(JsonTokenType type)
    {
        Read();
        return Token == type || (Token == JsonTokenType.Null ? false : throw new JsonException("an object or a list is expected"));
    }
}
