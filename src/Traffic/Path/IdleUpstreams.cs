namespace Mainstay.Traffic.Path;

/// <summary>
/// The idle connections of one lane to one endpoint, used last first. Only the lane takes and adds, and rarely a second request beside a slow one; the heartbeat sweeps beside it, so the lock is
/// hardly ever contended.
/// </summary>
/// <param name="limit">Connections kept.</param>
internal sealed class IdleUpstreams(int limit)
{
    private readonly Lock gate = new();
    private readonly List<Upstream> kept = [];
    private bool ended;

    public Upstream? Take()
    {
        lock (gate)
        {
            if (kept.Count == 0) return null;
            var last = kept[^1];
            kept.RemoveAt(kept.Count - 1);
            return last;
        }
    }

    /// <summary>False when it is not wanted.</summary>
    public bool Add(Upstream upstream)
    {
        lock (gate)
        {
            if (ended || kept.Count >= limit) return false;
            kept.Add(upstream);
            return true;
        }
    }

    /// <summary>Closes what is stale or was used before <paramref name="oldestMs"/>.</summary>
    public void Sweep(long oldestMs)
    {
        lock (gate)
        {
            for (var index = kept.Count - 1; index >= 0; index--)
            {
                var upstream = kept[index];
                if (!upstream.IsStale && upstream.IdleSinceMs >= oldestMs) continue;
                kept.RemoveAt(index);
                upstream.Close();
            }
        }
    }

    /// <summary>Closes all, and keeps none from now on.</summary>
    public void End()
    {
        lock (gate)
        {
            ended = true;
            foreach (var upstream in kept) upstream.Close();
            kept.Clear();
        }
    }
}
