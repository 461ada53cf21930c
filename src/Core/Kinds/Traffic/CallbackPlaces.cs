using System.Net;
using System.Net.Sockets;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Which places may be called back: decided without asking the network, so that the gateway that accepts and the server that calls decide alike.</summary>
public static class CallbackPlaces
{
    /// <summary>The longest URL of a place.</summary>
    public const int Longest = 2_000;

    /// <summary>What a place has to be like.</summary>
    public const string Remedy = "write an absolute URL of http or https, without user and fragment, of at most 2,000 characters";

    /// <summary>The place that a text names; null where it is none, or leaves open where it leads.</summary>
    public static Uri? Read(string text) =>
        text.Length is > 0 and <= Longest && text.All(c => c is > ' ' and < '\x7f' and not '\\')
        && Uri.TryCreate(text, UriKind.Absolute, out var place) && place.Scheme is "http" or "https" && place is { UserInfo: "", Fragment: "", Host.Length: > 0 } && !HidesPath(text)
            ? place
            : null;

    /// <summary>Whether a place lies in one of these.</summary>
    public static bool IsAllowed(Uri place, IEnumerable<string> allow) => allow.Any(pattern => Means(pattern, place));

    /// <summary>What is wrong with a pattern of places; null where nothing is.</summary>
    public static string? Problem(string pattern) =>
        Split(pattern) is not var (root, isWild) ? $"'{pattern}' is no beginning of places"
        : root.Query.Length > 0 ? $"'{pattern}' has a query, and places are compared by host and path"
        : isWild && (IPAddress.TryParse(root.Host, out _) || !root.Host.Contains('.', StringComparison.Ordinal)) ? $"'{pattern}' would be places of everybody"
        : null;

    /// <summary>Whether an address may be called; <paramref name="isPrivateToo"/>: also those of this machine and of private networks.</summary>
    /// <remarks>Those of a link (RFC 3927, RFC 4291 §2.5.6) are never: clouds answer there with credentials of the machine.</remarks>
    public static bool MayCall(IPAddress address, bool isPrivateToo)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        Span<byte> bytes = stackalloc byte[16];
        plain.TryWriteBytes(bytes, out var length);
        return plain.AddressFamily == AddressFamily.InterNetwork ? MayCallV4(bytes, isPrivateToo) : length == 16 && MayCallV6(plain, bytes, isPrivateToo);
    }

    static bool Means(string pattern, Uri place)
    {
        if (Split(pattern) is not var (root, isWild) || root.Scheme != place.Scheme || root.Port != place.Port)
        {
            return false;
        }

        var isHost = isWild ? place.IdnHost.EndsWith("." + root.IdnHost, StringComparison.OrdinalIgnoreCase) : place.IdnHost.Equals(root.IdnHost, StringComparison.OrdinalIgnoreCase);
        var (path, under) = (place.AbsolutePath, root.AbsolutePath);
        // Whole parts: what is allowed for /orders is not for /orders-of-others.
        return isHost && path.StartsWith(under, StringComparison.Ordinal) && (under.EndsWith('/') || path.Length == under.Length || path[under.Length] == '/');
    }

    static (Uri Root, bool IsWild)? Split(string pattern)
    {
        var wild = pattern.IndexOf("://*.", StringComparison.Ordinal);
        return Read(wild < 0 ? pattern : pattern.Remove(wild + 3, 2)) is { } root ? (root, wild >= 0) : null;
    }

    // Who reads the path behind us may undo these, and come out elsewhere than where we looked.
    static bool HidesPath(string text) => new[] { "%2e", "%2f", "%5c", "%00" }.Any(hidden => text.Contains(hidden, StringComparison.OrdinalIgnoreCase));

    // RFC 6890: this network, shared, loopback, private, for documentation and tests, and from 224 on for groups and not in use.
    static bool MayCallV4(ReadOnlySpan<byte> a, bool isPrivateToo)
    {
        if (a[0] is 0 or >= 224 || (a[0] == 169 && a[1] == 254))
        {
            return false;
        }

        var isOwn = a[0] is 10 or 127 || (a[0] == 172 && a[1] is >= 16 and <= 31) || (a[0] == 192 && a[1] == 168) || (a[0] == 100 && a[1] is >= 64 and <= 127)
            || (a[0] == 198 && a[1] is 18 or 19) || (a[0] == 192 && a[1] == 0 && a[2] is 0 or 2) || (a[0] == 198 && a[1] == 51 && a[2] == 100) || (a[0] == 203 && a[1] == 0 && a[2] == 113);
        return isPrivateToo || !isOwn;
    }

    static bool MayCallV6(IPAddress address, ReadOnlySpan<byte> a, bool isPrivateToo)
    {
        if (address.IsIPv6LinkLocal || address.IsIPv6Multicast || address.Equals(IPAddress.IPv6Any))
        {
            return false;
        }

        // An address of version 4 within one of version 6 (RFC 6052, 6to4, compatible) leads where that leads.
        if (a[..12].SequenceEqual<byte>([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]))
        {
            return MayCallV4(a[12..], isPrivateToo);
        }

        if (a[0] == 0x20 && a[1] == 0x02)
        {
            return MayCallV4(a[2..6], isPrivateToo);
        }

        // 2000::/3 is what is given out (RFC 4291 §2.4); of it 2001:db8::/32 is for documentation.
        var isOpen = (a[0] & 0xe0) == 0x20 && !(a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0d && a[3] == 0xb8);
        return isOpen || (isPrivateToo && (IPAddress.IsLoopback(address) || address.IsIPv6UniqueLocal));
    }
}
