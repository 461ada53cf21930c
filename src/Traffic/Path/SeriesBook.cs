namespace Mainstay.Traffic.Path;

/// <summary>All series of a gateway: the same key is the same series in every table.</summary>
internal sealed class SeriesBook
{
    private readonly Dictionary<SeriesKey, Series> series = [];

    /// <summary>Begins a new table: what it does not ask for again is old.</summary>
    public void BeginTable()
    {
        lock (series)
        {
            foreach (var one in series.Values) one.IsCurrent = false;
        }
    }

    public Series Of(SeriesKey key)
    {
        lock (series)
        {
            if (!series.TryGetValue(key, out var one)) series[key] = one = new Series(key);
            one.IsCurrent = true;
            return one;
        }
    }

    /// <summary>What moved since the last call. Old series that did not are dropped.</summary>
    public List<TrafficRecord> Take()
    {
        List<Series> all;
        lock (series) all = [.. series.Values];
        var moved = new List<TrafficRecord>();
        foreach (var one in all)
        {
            if (one.TakeDelta() is { } delta)
            {
                moved.Add(RecordOf(one.Key, delta));
            }
            else
            {
                lock (series)
                {
                    if (!one.IsCurrent) series.Remove(one.Key);
                }
            }
        }
        return moved;
    }

    private static TrafficRecord RecordOf(SeriesKey key, Cell delta)
    {
        var latency = new List<long>();
        for (var index = 0; index < delta.Latency.Length; index++)
        {
            if (delta.Latency[index] != 0) latency.AddRange([index, delta.Latency[index]]);
        }
        var reasons = new Dictionary<string, long>();
        for (var index = 1; index < delta.Reasons.Length; index++)
        {
            if (delta.Reasons[index] != 0) reasons[Problem.NameOf((Reason)index)] = delta.Reasons[index];
        }
        return new TrafficRecord(
            key.Listener, key.Caller, key.Route, key.Service, key.Instance, key.Version,
            delta.Requests, delta.Informational, delta.Succeeded, delta.Redirected, delta.ClientErrors, delta.ServerErrors,
            delta.Retries, delta.BytesIn, delta.BytesOut, delta.LatencyMicros, latency, reasons) { TakenOver = delta.TakenOver };
    }
}
