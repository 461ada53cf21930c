using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>Which part of a request decides where it goes.</summary>
internal sealed class RequestKey(HashSpec? spec)
{
    private readonly byte[]? header = spec?.Header is { } name ? Encoding.ASCII.GetBytes(name) : null;
    private readonly byte[]? cookie = spec?.Cookie is { } name ? Encoding.ASCII.GetBytes(name) : null;

    /// <summary>Its hash; 0 where the request has no such part.</summary>
    public ulong Of(Exchange x)
    {
        if (header is null && cookie is null)
        {
            var address = x.ClientAddress;
            return KeyHash.Mix((ulong)address ^ KeyHash.Mix((ulong)(address >> 64))) | 1;
        }
        var head = x.HeadBytes;
        var value = header is not null ? HeadLines.Find(head, x.Request, header) : HeadLines.FindCookie(head, x.Request, cookie);
        return value.IsEmpty ? 0 : KeyHash.Of(value) | 1;
    }
}

/// <summary>Looks up what the parser does not note, in a head that is whole. Goes through the lines: for those policies that need it.</summary>
internal static class HeadLines
{
    /// <summary>The first value of a header; empty where it is absent.</summary>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> head, MessageHead parsed, ReadOnlySpan<byte> name)
    {
        foreach (ref readonly var line in parsed.Lines)
        {
            if (line.IsNamed(head, name)) return line.Value(head).Of(head);
        }
        return default;
    }

    /// <summary>RFC 6265 §4.2.1: the first cookie of that name; empty where it is absent.</summary>
    public static ReadOnlySpan<byte> FindCookie(ReadOnlySpan<byte> head, MessageHead parsed, ReadOnlySpan<byte> name)
    {
        var cookies = Find(head, parsed, "Cookie"u8);
        foreach (var range in cookies.Split((byte)';'))
        {
            var pair = cookies[range].Trim((byte)' ');
            if (pair.Length > name.Length && pair[name.Length] == '=' && pair[..name.Length].SequenceEqual(name)) return pair[(name.Length + 1)..];
        }
        return default;
    }
}
