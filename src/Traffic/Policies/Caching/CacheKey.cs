using System.Text;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Policies;

/// <summary>Which part of a query tells requests apart, compiled.</summary>
internal sealed class QueryRule
{
    /// <summary>Queries with more parameters are taken as they are.</summary>
    public const int MostParameters = 64;

    private readonly byte[][] names;
    private readonly bool isOnly;

    private QueryRule(byte[][] names, bool isOnly, bool sorts) => (this.names, this.isOnly, Sorts) = (names, isOnly, sorts);

    public bool Sorts { get; }

    /// <summary>Null where the query counts as it is.</summary>
    public static QueryRule? Of(CacheQuerySpec? spec) => spec is null || (spec.Ignore.Count + spec.Only.Count == 0 && !spec.Sort)
        ? null
        : new QueryRule([.. (spec.Only.Count > 0 ? spec.Only : spec.Ignore).Select(Encoding.ASCII.GetBytes)], spec.Only.Count > 0, spec.Sort);

    public bool Counts(ReadOnlySpan<byte> name)
    {
        foreach (var one in names)
        {
            if (one[^1] == '*' ? name.StartsWith(one.AsSpan(0, one.Length - 1)) : name.SequenceEqual(one)) return isOnly;
        }
        return !isOnly;
    }
}

/// <summary>What tells one kept response's address from another's.</summary>
internal static class CacheKey
{
    /// <summary>Writes scheme, host in lower case without the scheme's own port, path, and what counts of the query. Returns the length; -1 where there is no room.</summary>
    public static int Write(Span<byte> into, bool isSecure, ReadOnlySpan<byte> host, ReadOnlySpan<byte> path, ReadOnlySpan<byte> query, QueryRule? rule)
    {
        var own = isSecure ? ":443"u8 : ":80"u8;
        if (host.EndsWith(own)) host = host[..^own.Length];
        if (into.Length < host.Length + path.Length + query.Length + 3) return -1;
        into[0] = isSecure ? (byte)'s' : (byte)'p';
        Ascii.ToLower(host, into[1..], out var length);
        length++;
        path.CopyTo(into[length..]);
        length += path.Length;
        if (query.IsEmpty) return length;
        var start = length;
        into[length++] = (byte)'?';
        length += rule is null ? Copy(query, into[length..]) : WriteQuery(into[length..], query, rule);
        // Nothing of it counts: as if there were none.
        return length == start + 1 && rule is not null ? start : length;
    }

    private static int Copy(ReadOnlySpan<byte> from, Span<byte> into)
    {
        from.CopyTo(into);
        return from.Length;
    }

    private static int WriteQuery(Span<byte> into, ReadOnlySpan<byte> query, QueryRule rule)
    {
        Span<(int Start, int Length)> parts = stackalloc (int, int)[QueryRule.MostParameters];
        var count = 0;
        for (var from = 0; from <= query.Length;)
        {
            var run = query[from..].IndexOf((byte)'&');
            if (run < 0) run = query.Length - from;
            var name = NameOf(query.Slice(from, run));
            if (run > 0 && rule.Counts(name))
            {
                if (count == parts.Length) return Copy(query, into);
                var at = count++;
                // An insertion sort that keeps the order of equal names, which may mean something.
                while (rule.Sorts && at > 0 && NameOf(query.Slice(parts[at - 1].Start, parts[at - 1].Length)).SequenceCompareTo(name) > 0)
                {
                    parts[at] = parts[at - 1];
                    at--;
                }
                parts[at] = (from, run);
            }
            from += run + 1;
        }
        var length = 0;
        for (var index = 0; index < count; index++)
        {
            if (index > 0) into[length++] = (byte)'&';
            length += Copy(query.Slice(parts[index].Start, parts[index].Length), into[length..]);
        }
        return length;
    }

    private static ReadOnlySpan<byte> NameOf(ReadOnlySpan<byte> pair)
    {
        var equals = pair.IndexOf((byte)'=');
        return equals < 0 ? pair : pair[..equals];
    }
}
