using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>The breakers of one target: one, or one per value of a header. Pings the service while one of them is open, and tells of changes.</summary>
internal sealed class BreakerSet : IBeating, IReporting
{
    /// <summary>Values of a header are spread over so many breakers; what shares one, shares its fate.</summary>
    public const int MostParts = 1024;

    private const int MostPings = 8;
    private const int MostNameBytes = 64;
    private readonly string about;
    private readonly BreakerSpec terms;
    private readonly Gateway? gateway;
    private readonly byte[]? header;
    private readonly BreakerPart?[] parts;
    private uint turn;
    private int first;

    public BreakerSet(string about, BreakerSpec terms, Gateway? gateway)
    {
        (this.about, this.terms, this.gateway) = (about, terms, gateway);
        header = terms.PerHeader is { } name ? Encoding.ASCII.GetBytes(name) : null;
        parts = new BreakerPart?[header is null ? 1 : MostParts + 1];
        parts[0] = new BreakerPart(about, header is null ? "breaker" : $"breaker without {terms.PerHeader}", terms, gateway);
    }

    /// <summary>Where pings go; changes with each table.</summary>
    public Cluster? Cluster { get; set; }

    /// <summary>One of them does not let all pass.</summary>
    public bool IsShedding => Array.Exists(parts, one => one is { Breaker.State: not BreakerState.Closed });

    /// <summary>Which of the breakers a request belongs to. One without the header belongs to the first.</summary>
    public int PartOf(Exchange x)
    {
        if (header is null) return 0;
        var value = HeadLines.Find(x.HeadBytes, x.Request, header);
        if (value.IsEmpty) return 0;
        var part = 1 + (int)(KeyHash.Of(value) % MostParts);
        if (Volatile.Read(ref parts[part]) is null) Make(part, value);
        return part;
    }

    /// <summary>Those of a target; null where it has none, or each instance has its own.</summary>
    public static BreakerSet? Of(TargetPlace place)
    {
        if (place.Terms.Breaker is not { PerInstance: false } spec) return null;
        var set = place.Policies.Of($"{place.About}/breaker", spec with { Park = null }, () => new BreakerSet(place.About, spec, place.Policies.Gateway));
        set.Cluster = place.Cluster;
        return set;
    }

    /// <summary>The one of all; null where there are several.</summary>
    public BreakerPart? Only => header is null ? parts[0] : null;

    /// <summary>One of those that <see cref="PartOf"/> gave.</summary>
    public BreakerPart Of(int part) => Volatile.Read(ref parts[part])!;

    /// <summary>The heartbeat's part. No more than a few pings are under way at a time; whoever had none this time is among the first the next time.</summary>
    public void Beat(long nowMs)
    {
        var under = Array.FindAll(parts, one => one is { IsPinging: true }).Length;
        var next = first;
        for (var step = 0; step < parts.Length; step++)
        {
            var at = (first + step) % parts.Length;
            if (Volatile.Read(ref parts[at]) is not { } part || !part.Beat(nowMs)) continue;
            if (under >= MostPings)
            {
                if (next == first) next = at;
                continue;
            }
            under++;
            part.Begin(Cluster is { Endpoints: { Length: > 0 } endpoints } ? endpoints[turn++ % endpoints.Length] : null, nowMs);
        }
        first = next;
    }

    public PolicyReport? Report(long nowMs)
    {
        var known = parts.OfType<BreakerPart>().ToList();
        var counts = known.Aggregate(default(Counts), (sum, one) => sum.With(one.Breaker.Counted(nowMs)));
        return BreakerReport.Of(about, known, header is not null, counts, nowMs);
    }

    /// <summary>The first value that comes to a breaker names it, and is what its pings carry.</summary>
    private void Make(int part, ReadOnlySpan<byte> value)
    {
        var isPlain = value.Length <= MostNameBytes && !value.ContainsAnyExceptInRange((byte)'!', (byte)'~');
        var name = isPlain ? Encoding.ASCII.GetString(value) : $"{part}";
        var made = new BreakerPart(about, $"{terms.PerHeader} {name}", terms, gateway, isPlain ? $"{terms.PerHeader}: {name}\r\n" : "");
        Interlocked.CompareExchange(ref parts[part], made, null);
    }
}
