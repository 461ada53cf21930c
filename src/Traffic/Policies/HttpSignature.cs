using System.Buffers.Text;
using System.Runtime.CompilerServices;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// What a Signature-Input and a Signature say (RFC 9421 §4): one signature, plain component names without parameters, and the parameters that
/// are understood. Anything else is refused: what is not understood cannot be verified.
/// </summary>
internal ref struct HttpSignature
{
    public const int MostComponents = 16;

    private Names names;

    /// <summary>The inner list with its parameters, as it is signed.</summary>
    public ReadOnlySpan<byte> Parameters { get; private set; }

    public ReadOnlySpan<byte> KeyId { get; private set; }

    public ReadOnlySpan<byte> Nonce { get; private set; }

    public long Created { get; private set; }

    /// <summary>Seconds since 1970, or the end of time.</summary>
    public long Expires { get; private set; }

    private ReadOnlySpan<byte> source;
    private int count;

    /// <summary>How many components are covered.</summary>
    public readonly int Components => count;

    /// <summary>The name of a component.</summary>
    public readonly ReadOnlySpan<byte> Component(int index) => source.Slice(names[index] >> 16, names[index] & 0xFFFF);

    public readonly bool Covers(ReadOnlySpan<byte> name)
    {
        for (var index = 0; index < count; index++)
        {
            if (Component(index).SequenceEqual(name)) return true;
        }
        return false;
    }

    /// <summary>Reads both fields; false for anything that is not exactly as expected.</summary>
    /// <param name="input">The value of Signature-Input.</param>
    /// <param name="signature">The value of Signature.</param>
    /// <param name="read">What they say.</param>
    /// <param name="bytes">Where the 32 bytes of the signature go.</param>
    public static bool TryRead(ReadOnlySpan<byte> input, ReadOnlySpan<byte> signature, out HttpSignature read, Span<byte> bytes)
    {
        read = new HttpSignature { source = input, Expires = long.MaxValue, Created = -1 };
        var equals = input.IndexOf((byte)'=');
        if (equals is < 1 or > 64 || input.Length > 4096) return false;
        var at = equals + 1;
        if (!read.TakeList(ref at)) return false;
        while (at < input.Length)
        {
            if (!read.TakeParameter(ref at)) return false;
        }
        read.Parameters = input[(equals + 1)..];

        // label=:base64:
        if (!signature.StartsWith(input[..(equals + 1)])) return false;
        var value = signature[(equals + 1)..];
        return value.Length > 2 && value[0] == ':' && value[^1] == ':'
            && Base64.DecodeFromUtf8(value[1..^1], bytes, out var taken, out var written) == System.Buffers.OperationStatus.Done
            && taken == value.Length - 2 && written == 32;
    }

    /// <summary>RFC 9421 §2: the components in parentheses.</summary>
    private bool TakeList(ref int at)
    {
        if (at >= source.Length || source[at] != '(') return false;
        at++;
        while (at < source.Length && source[at] != ')')
        {
            if (source[at] == ' ')
            {
                at++;
                continue;
            }
            if (!TakeText(ref at, out var start, out var length) || length == 0 || count == MostComponents) return false;
            // RFC 9421 §2.5: each component at most once; names are lower case.
            var name = source.Slice(start, length);
            if (name.ContainsAnyInRange((byte)'A', (byte)'Z') || Covers(name)) return false;
            names[count++] = start << 16 | length;
        }
        return at < source.Length && source[at++] == ')' && count > 0;
    }

    private bool TakeParameter(ref int at)
    {
        if (source[at] != ';') return false;
        at++;
        var equals = source[at..].IndexOf((byte)'=');
        if (equals <= 0) return false;
        var name = source.Slice(at, equals);
        at += equals + 1;
        if (name.SequenceEqual("created"u8)) return TakeNumber(ref at, out var created) && Created < 0 && (Created = created) >= 0;
        if (name.SequenceEqual("expires"u8)) return TakeNumber(ref at, out var expires) && Expires == long.MaxValue && (Expires = expires) >= 0;
        if (!TakeText(ref at, out var start, out var length)) return false;
        var value = source.Slice(start, length);
        if (name.SequenceEqual("keyid"u8) && KeyId.IsEmpty) KeyId = value;
        else if (name.SequenceEqual("nonce"u8) && Nonce.IsEmpty) Nonce = value;
        else if (name.SequenceEqual("alg"u8)) return value.SequenceEqual("hmac-sha256"u8);
        else return name.SequenceEqual("tag"u8);
        return true;
    }

    /// <summary>A text in quotes without escapes.</summary>
    private readonly bool TakeText(ref int at, out int start, out int length)
    {
        (start, length) = (at + 1, 0);
        if (at >= source.Length || source[at] != '"') return false;
        length = source[start..].IndexOf((byte)'"');
        if (length < 0 || source.Slice(start, length).Contains((byte)'\\')) return false;
        at = start + length + 1;
        return true;
    }

    private readonly bool TakeNumber(ref int at, out long number)
    {
        number = 0;
        var from = at;
        while (at < source.Length && at - from < 12 && char.IsAsciiDigit((char)source[at])) number = number * 10 + source[at++] - '0';
        return at > from;
    }

    [InlineArray(MostComponents)]
    private struct Names
    {
        private int first;
    }
}
