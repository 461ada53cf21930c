using System.Text;

namespace Mainstay.Observe.Collect.Probes;

/// <summary>Reads the values of one packet of MySQL's protocol in turn. What is not there reads as 0 or empty, and is told by <see cref="IsWrong"/>.</summary>
ref struct MySqlReader(ReadOnlySpan<byte> packet)
{
    ReadOnlySpan<byte> rest = packet;

    /// <summary>The packet ended within a value.</summary>
    public bool IsWrong { get; private set; }

    public readonly bool IsAtEnd => rest.IsEmpty;

    public readonly ReadOnlySpan<byte> Rest => rest;

    public byte Byte() => Take(1) is [var one] ? one : (byte)0;

    /// <summary>An integer of some bytes, the lowest first.</summary>
    public ulong Integer(int bytes)
    {
        ulong value = 0;
        var taken = Take(bytes);
        for (var i = taken.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | taken[i];
        }

        return value;
    }

    /// <summary>An integer that says how long it is; null for the mark of NULL.</summary>
    public ulong? Length() => Byte() switch
    {
        < 0xfb and var small => small,
        0xfb => null,
        0xfc => Integer(2),
        0xfd => Integer(3),
        0xfe => Integer(8),
        _ => Wrong(),
    };

    /// <summary>A text with its length before it; null for NULL.</summary>
    public string? Text() => Length() is { } length ? Encoding.UTF8.GetString(Take(length)) : null;

    /// <summary>Up to a zero, or to the end where there is none.</summary>
    public ReadOnlySpan<byte> ToZero()
    {
        var end = rest.IndexOf((byte)0);
        var text = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[(end + 1)..];
        return text;
    }

    public ReadOnlySpan<byte> Take(ulong bytes)
    {
        if (bytes > (ulong)rest.Length)
        {
            IsWrong = true;
            rest = default;
            return default;
        }

        var taken = rest[..(int)bytes];
        rest = rest[(int)bytes..];
        return taken;
    }

    ulong Wrong()
    {
        IsWrong = true;
        return 0;
    }

    ReadOnlySpan<byte> Take(int bytes) => Take((ulong)bytes);
}
