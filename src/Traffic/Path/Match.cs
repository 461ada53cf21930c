using System.Runtime.CompilerServices;

namespace Mainstay.Traffic.Path;

/// <summary>The station that finds where a request goes.</summary>
internal static class Match
{
    private const int DecodedOnStack = 1024;

    /// <summary>
    /// The target, or the reason why there is none. Paths are matched with their percent-encodings decoded, except for an encoded slash;
    /// a path with dot segments, plain or encoded, is refused, because the endpoint would resolve it to a path that was not matched.
    /// </summary>
    public static RouteTarget? Find(ListenerTable table, RequestHead request, ReadOnlySpan<byte> head, out Reason reason)
    {
        reason = Reason.None;
        if (table.Only is { } only) return only;
        var path = request.Path.Of(head);
        if (path.Contains((byte)'%') || HasDotSegment(path)) return FindDecoded(table, path, request, head, out reason);
        var target = table.Find(new Ask(request, head, path));
        if (target is null) reason = Reason.NoRoute;
        return target;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static RouteTarget? FindDecoded(
        ListenerTable table, ReadOnlySpan<byte> path, RequestHead request, ReadOnlySpan<byte> head, out Reason reason)
    {
        reason = Reason.BadRequest;
        var room = path.Length <= DecodedOnStack ? stackalloc byte[DecodedOnStack] : new byte[path.Length];
        var length = Decode(path, room);
        if (length < 0 || HasDotSegment(room[..length])) return null;
        var target = table.Find(new Ask(request, head, room[..length]));
        reason = target is null ? Reason.NoRoute : Reason.None;
        return target;
    }

    /// <summary>Decodes what can be decoded; -1 for an encoded NUL. Malformed encodings stay as they are, as endpoints leave them.</summary>
    private static int Decode(ReadOnlySpan<byte> path, Span<byte> into)
    {
        var length = 0;
        for (var index = 0; index < path.Length; index++)
        {
            var next = path[index];
            if (next == '%' && index + 2 < path.Length && Percent.HexOf(path[index + 1]) is >= 0 and var high && Percent.HexOf(path[index + 2]) is >= 0 and var low)
            {
                var value = high * 16 + low;
                if (value == 0) return -1;
                if (value != '/')
                {
                    into[length++] = (byte)value;
                    index += 2;
                    continue;
                }
            }
            into[length++] = next;
        }
        return length;
    }

    /// <summary>
    /// A segment of one dot or two, however endpoints may read it: between slashes, encoded slashes or backslashes, or with a parameter behind it (<c>..;x</c>).
    /// </summary>
    private static bool HasDotSegment(ReadOnlySpan<byte> path)
    {
        for (var from = 0; path[from..].IndexOf((byte)'.') is >= 0 and var at; from += at + 1)
        {
            var dot = from + at;
            if (!IsSegmentStart(path[..dot])) continue;
            var rest = path[(dot + 1)..];
            if (rest.StartsWith("."u8)) rest = rest[1..];
            if (rest.IsEmpty || rest[0] is (byte)'/' or (byte)'\\' or (byte)';' || StartsWithSlash(rest)) return true;
        }
        return false;
    }

    private static bool IsSegmentStart(ReadOnlySpan<byte> before) =>
        before.Length > 0 && (before[^1] is (byte)'/' or (byte)'\\' || (before.Length >= 3 && StartsWithSlash(before[^3..])));

    private static bool StartsWithSlash(ReadOnlySpan<byte> text) => text.StartsWith("%2f"u8) || text.StartsWith("%2F"u8);
}
