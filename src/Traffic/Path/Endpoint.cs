using System.Net;
using Mainstay.Traffic.Drivers;

namespace Mainstay.Traffic.Path;

/// <summary>
/// One instance as the path sees it: its idle connections, its requests in flight, and whether it is ejected. Lives across tables, as
/// long as the instance is in them.
/// </summary>
internal sealed class Endpoint(string service, EndpointModel model, IPEndPoint address, PathLimits limits)
{
    private readonly Lock gate = new();
    private readonly List<Upstream> idle = [];
    private int inFlight;
    private long ejectedUntilMs;
    private int failures;
    private volatile bool retired;

    public string Service { get; } = service;

    public string Instance { get; } = model.Instance;

    public string? Version { get; } = model.Version;

    public IPEndPoint Address { get; } = address;

    public int InFlight => Volatile.Read(ref inFlight);

    /// <summary>No longer in the table: its connections end with the exchange they serve.</summary>
    public bool IsRetired => retired;

    public void Enter() => Interlocked.Increment(ref inFlight);

    public void Leave() => Interlocked.Decrement(ref inFlight);

    public bool IsEjected(long nowMs) => Volatile.Read(ref ejectedUntilMs) > nowMs;

    /// <summary>A connect failed: leave it alone for a while, twice as long each time in a row.</summary>
    public void Eject(long nowMs)
    {
        var shift = Math.Min(Interlocked.Increment(ref failures) - 1, 20);
        var span = Math.Min((long)limits.Ejection.TotalMilliseconds << shift, (long)limits.EjectionMax.TotalMilliseconds);
        Volatile.Write(ref ejectedUntilMs, nowMs + span);
    }

    /// <summary>A connect succeeded.</summary>
    public void Redeem()
    {
        Volatile.Write(ref failures, 0);
        Volatile.Write(ref ejectedUntilMs, 0);
    }

    /// <summary>The idle connection used last, if one is alive.</summary>
    /// <param name="careful">Ask the kernel too whether the other side has closed it: for requests that cannot be sent twice.</param>
    public Upstream? TakeIdle(bool careful)
    {
        while (true)
        {
            Upstream? last;
            lock (gate)
            {
                if (idle.Count == 0) return null;
                last = idle[^1];
                idle.RemoveAt(idle.Count - 1);
            }
            if (!last.IsStale && !(careful && last.Wire.IsReadable)) return last;
            last.Close();
        }
    }

    /// <summary>Keeps a connection whose exchange is complete; closes it where that is not wanted.</summary>
    public void Keep(Upstream upstream, long nowMs)
    {
        upstream.BeginIdle(nowMs);
        lock (gate)
        {
            if (!retired && idle.Count < limits.IdleUpstreams)
            {
                idle.Add(upstream);
                return;
            }
        }
        upstream.Close();
    }

    /// <summary>The heartbeat's part: closes what is stale or idle for too long.</summary>
    public void Sweep(long nowMs)
    {
        var oldest = nowMs - (long)limits.UpstreamIdle.TotalMilliseconds;
        lock (gate)
        {
            for (var index = idle.Count - 1; index >= 0; index--)
            {
                var upstream = idle[index];
                if (!upstream.IsStale && upstream.IdleSinceMs >= oldest) continue;
                idle.RemoveAt(index);
                upstream.Close();
            }
        }
    }

    /// <summary>Closes the idle connections; later ones are closed when their exchange ends.</summary>
    public void Retire()
    {
        lock (gate)
        {
            retired = true;
            foreach (var upstream in idle) upstream.Close();
            idle.Clear();
        }
    }
}
