namespace Mainstay.Traffic.Path;

/// <summary>The last station: a dozen plain additions in the calling thread's own cell.</summary>
internal static class Record
{
    public static void Add(Exchange x, ListenerTable table)
    {
        var target = x.Target;
        var series = target is null ? table.Unrouted : target.Series[x.EndpointIndex >= 0 ? x.EndpointIndex : ^1];
        var micros = x.Connection.Gateway.Clock.MicrosSince(x.StartedAt);
        var cell = series.Mine();
        cell.Requests++;
        switch (x.Status / 100)
        {
            case 1: cell.Informational++; break;
            case 2: cell.Succeeded++; break;
            case 3: cell.Redirected++; break;
            case 4: cell.ClientErrors++; break;
            default: cell.ServerErrors++; break;
        }
        cell.Retries += Math.Max(x.Attempt - 1, 0);
        cell.BytesIn += x.BytesIn;
        cell.BytesOut += x.BytesOut;
        cell.LatencyMicros += micros;
        cell.Reasons[(int)x.Reason]++;
        cell.Latency[LatencyBuckets.IndexOf(micros)]++;
        x.Connection.Gateway.Journal.Add(x, micros);
    }
}
