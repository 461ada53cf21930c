using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>One route's or need's part of the cache: its terms, its addresses, its figures.</summary>
internal sealed class CacheZone(string about, CacheSpec? spec, CacheTerms terms, CacheStore store) : IReporting
{
    /// <summary>Longer addresses are not kept.</summary>
    public const int MostKey = 8 * 1024;

    private const int ZoneBytes = 4;
    private readonly QueryRule? query = QueryRule.Of(spec?.Query);
    private readonly int number = store.NextZone();
    private long obeyed = -1;

    public string About => about;

    public CacheStore Store => store;

    public CacheTerms Terms => terms;

    public CacheCounts Counts { get; } = new();

    public long MostObject { get; } = spec?.MaxObject.Bytes ?? 1024 * 1024;

    public int Variants { get; } = spec?.Variants ?? 16;

    public TimeSpan Collapse { get; } = terms.IsCache ? spec!.Collapse : TimeSpan.Zero;

    public bool Tells { get; } = spec?.Tell ?? false;

    /// <summary>The keys of the parts that requests are divided among; the empty one for the whole.</summary>
    public byte[][] Parts { get; set; } = [[]];

    /// <summary>Writes the key of a target of this zone. Its length; -1 where it is too long.</summary>
    public int WriteKey(Span<byte> into, Exchange x, in CacheAsk ask, ReadOnlySpan<byte> target, ReadOnlySpan<byte> part)
    {
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(into, number);
        var question = target.IndexOf((byte)'?');
        var head = x.HeadBytes;
        var path = question < 0 ? target : target[..question];
        var rest = question < 0 ? default : target[(question + 1)..];
        var length = CacheKey.Write(into[ZoneBytes..], x.Client.Facts is not null, x.Request.Host.Of(head), path, rest, query);
        if (length < 0) return -1;
        length += ZoneBytes;
        if (ask.HasForwarded) length = AddForwarded(into, length, x, head);
        if (terms.IsPerClient && length >= 0) length = AddClient(into, length, x, head);
        return length < 0 ? length : AddPart(into, length, part);
    }

    /// <summary>Whether a key is an address of this zone whose path fits: <c>/a/b</c> exactly, <c>/a/*</c> all below; null for all.</summary>
    public bool Fits(byte[] key, string? path)
    {
        if (System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(key) != number) return false;
        if (path is null) return true;
        var address = key.AsSpan(ZoneBytes);
        var start = address.IndexOf((byte)'/');
        if (start < 0) return false;
        address = address[start..];
        var end = address.IndexOfAny((byte)'?', (byte)'\n');
        if (end >= 0) address = address[..end];
        var wanted = Encoding.ASCII.GetBytes(path);
        return wanted is [.., (byte)'*'] ? address.StartsWith(wanted.AsSpan(0, wanted.Length - 1)) : address.SequenceEqual(wanted);
    }

    /// <summary>Carries out what it has been told to forget since it was told last. One that is new has nothing to forget.</summary>
    public void Obey(CachePurge? told)
    {
        var latest = told?.Acts[^1].Number ?? 0;
        var done = obeyed;
        obeyed = Math.Max(latest, done);
        if (told is null || done < 0 || latest <= done) return;
        var missed = told.Acts[0].Number > done + 1;
        foreach (var path in missed ? [null] : told.Acts.Where(act => act.Number > done).Select(act => act.Path).Distinct()) store.Purge(key => Fits(key, path));
    }

    public PolicyReport? Report(long nowMs)
    {
        var numbers = Counts.Numbers();
        numbers["memoryBytes"] = store.Bytes;
        numbers["memoryLimitBytes"] = store.Capacity;
        return new PolicyReport(about, terms.IsCache ? "cache" : "last-good", "cache", numbers["objects"] > 0 ? "warm" : "empty", "", numbers);
    }

    /// <summary>What a trusted proxy says of the request and the service is told: it may answer by it. A line end keeps it apart from the address.</summary>
    private static int AddForwarded(Span<byte> into, int length, Exchange x, ReadOnlySpan<byte> head)
    {
        var lines = new HeaderLines(head, x.Request);
        while (lines.MoveNext())
        {
            if (HeaderNames.Of(lines.Name) is not (HeaderName.ForwardedHost or HeaderName.ForwardedProto or HeaderName.OtherForwarded)) continue;
            if (Ascii.EqualsIgnoreCase(lines.Name, "x-real-ip"u8)) continue;
            if (into.Length - length < lines.Line.Length + 1) return -1;
            into[length++] = (byte)'\n';
            lines.Line.CopyTo(into[length..]);
            length += lines.Line.Length;
        }
        return length;
    }

    private static int AddPart(Span<byte> into, int length, ReadOnlySpan<byte> part)
    {
        if (part.IsEmpty) return length;
        if (into.Length - length < part.Length + 1) return -1;
        into[length++] = (byte)'\n';
        part.CopyTo(into[length..]);
        return length + part.Length;
    }

    /// <summary>What tells clients apart: credentials, cookies, and who was proven to ask.</summary>
    private static int AddClient(Span<byte> into, int length, Exchange x, ReadOnlySpan<byte> head)
    {
        var lines = new HeaderLines(head, x.Request);
        while (lines.MoveNext())
        {
            if (!Ascii.EqualsIgnoreCase(lines.Name, "authorization"u8) && !Ascii.EqualsIgnoreCase(lines.Name, "cookie"u8)) continue;
            if (into.Length - length < lines.Line.Length + 1) return -1;
            into[length++] = (byte)'\n';
            lines.Line.CopyTo(into[length..]);
            length += lines.Line.Length;
        }
        if (x.Identity is not { } identity) return length;
        if (into.Length - length < identity.Subject.Length + identity.Scheme.Length + 2) return -1;
        into[length++] = (byte)'\n';
        length += Encoding.ASCII.GetBytes(identity.Scheme, into[length..]);
        into[length++] = (byte)' ';
        identity.Subject.CopyTo(into[length..]);
        length += identity.Subject.Length;
        return length;
    }
}
