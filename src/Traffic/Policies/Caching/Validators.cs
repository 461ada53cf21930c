namespace Mainstay.Traffic.Policies;

/// <summary>Whether what a client has already is what is kept (RFC 9110 §13).</summary>
internal static class Validators
{
    /// <summary>If-None-Match names this tag, compared weakly (§13.1.2, §8.8.3.2), or any.</summary>
    public static bool Names(ReadOnlySpan<byte> list, ReadOnlySpan<byte> tag)
    {
        list = list.Trim(" \t"u8);
        if (list.SequenceEqual("*"u8)) return true;
        var own = Opaque(tag);
        while (!list.IsEmpty && !own.IsEmpty)
        {
            var open = list.IndexOf((byte)'"');
            if (open < 0) return false;
            var rest = list[(open + 1)..];
            var close = rest.IndexOf((byte)'"');
            if (close < 0) return false;
            if (rest[..close].SequenceEqual(own)) return true;
            list = rest[(close + 1)..];
        }
        return false;
    }

    /// <summary>If-Range holds: the same strong tag, or the very date of the last change (§13.1.5).</summary>
    public static bool HoldsForRange(ReadOnlySpan<byte> condition, ReadOnlySpan<byte> tag, long? changedMs)
    {
        if (condition.StartsWith("\""u8)) return condition.SequenceEqual(tag);
        return changedMs is { } changed && HttpDate.Read(condition) == changed;
    }

    /// <summary>What stands between the quotes; empty for what is no tag.</summary>
    private static ReadOnlySpan<byte> Opaque(ReadOnlySpan<byte> tag)
    {
        if (tag.StartsWith("W/"u8)) tag = tag[2..];
        return tag.Length >= 2 && tag[0] == '"' && tag[^1] == '"' ? tag[1..^1] : default;
    }
}
