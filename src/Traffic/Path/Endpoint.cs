using System.Net;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// One instance as the path sees it: its idle connections, its requests in flight, and whether it is ejected. Lives across tables, as
/// long as the instance is in them.
/// </summary>
internal sealed class Endpoint(string service, EndpointModel model, IPEndPoint address, PathLimits limits, int lanes = 1)
{
    private readonly IdleUpstreams[] idle = [.. Enumerable.Range(0, lanes).Select(_ => new IdleUpstreams((limits.IdleUpstreams + lanes - 1) / lanes))];
    private int failures;
    private volatile bool retired;

    public string Service { get; } = service;

    public string Instance { get; } = model.Instance;

    public string? Version { get; } = model.Version;

    public string? Zone { get; } = model.Zone;

    public IPEndPoint Address { get; } = address;

    /// <summary>How it is connected to.</summary>
    public required Reach Reach { get; init; }

    /// <summary>What it is picked by.</summary>
    public Load Load { get; } = new(model.Instance);

    public int InFlight => Load.InFlight;

    /// <summary>No longer in the table: its connections end with the exchange they serve.</summary>
    public bool IsRetired => retired;

    public void Enter() => Load.Enter();

    public void Leave() => Load.Leave();

    /// <summary>It gets nothing for now: it could not be connected to, or it is an outlier.</summary>
    public bool IsEjected(long nowMs) => Load.IsAlone(nowMs) || Load.IsEjected(nowMs);

    /// <summary>A connect failed: leave it alone for a while, twice as long each time in a row.</summary>
    public void Eject(long nowMs)
    {
        var shift = Math.Min(Interlocked.Increment(ref failures) - 1, 20);
        var span = Math.Min((long)limits.Ejection.TotalMilliseconds << shift, (long)limits.EjectionMax.TotalMilliseconds);
        Volatile.Write(ref Load.AloneUntilMs, nowMs + span);
    }

    /// <summary>A connect succeeded.</summary>
    public void Redeem()
    {
        Volatile.Write(ref failures, 0);
        Volatile.Write(ref Load.AloneUntilMs, 0);
    }

    /// <summary>The lane's idle connection used last, if one is alive.</summary>
    /// <param name="lane">Whose: an exchange takes none of another lane.</param>
    /// <param name="careful">Ask the kernel too whether the other side has closed it: for requests that cannot be sent twice.</param>
    public Upstream? TakeIdle(int lane, bool careful)
    {
        while (idle[lane].Take() is { } last)
        {
            if (!last.IsStale && !(careful && last.Wire.IsReadable)) return last;
            last.Close();
        }
        return null;
    }

    /// <summary>Keeps a connection whose exchange is complete; closes it where that is not wanted.</summary>
    public void Keep(Upstream upstream, long nowMs)
    {
        upstream.BeginIdle(nowMs);
        if (!idle[upstream.Wire.Lane].Add(upstream)) upstream.Close();
    }

    /// <summary>The heartbeat's part: closes what is stale or idle for too long.</summary>
    public void Sweep(long nowMs)
    {
        var oldest = nowMs - (long)limits.UpstreamIdle.TotalMilliseconds;
        foreach (var pool in idle) pool.Sweep(oldest);
    }

    /// <summary>Closes the idle connections; later ones are closed when their exchange ends.</summary>
    public void Retire()
    {
        retired = true;
        Reach.Retire();
        foreach (var pool in idle) pool.End();
    }
}
