using Mainstay.Observe.Ingest;

namespace Mainstay.Observe.Correlate;

/// <summary>Who was seen to call whom, and when last. Edges are forgotten after an hour of silence. Bounded. Not safe for several callers at a time.</summary>
/// <param name="since">When looking began.</param>
/// <param name="most">The most edges. Default 20,000.</param>
public sealed class EdgeLedger(DateTimeOffset since, int most = 20_000)
{
    static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    readonly Dictionary<EdgeKey, DateTimeOffset> last = [];
    readonly Dictionary<string, double> served = new(StringComparer.Ordinal);

    /// <summary>When looking began.</summary>
    public DateTimeOffset Since => since;

    /// <summary>The edges of the last hour.</summary>
    public IReadOnlyCollection<EdgeKey> Edges => last.Keys;

    public bool Has(EdgeKey edge) => last.ContainsKey(edge);

    /// <summary>About how many requests a node answered since looking began.</summary>
    public double Served(string node) => served.GetValueOrDefault(node);

    /// <summary>Takes in that an edge has so many requests per second, for the length of a step.</summary>
    public void See(EdgeKey edge, double requestsPerSecond, DateTimeOffset now)
    {
        if (requestsPerSecond <= 0 || (last.Count >= most && !last.ContainsKey(edge)))
        {
            return;
        }

        last[edge] = now;
        served[edge.To] = served.GetValueOrDefault(edge.To) + (requestsPerSecond * Thresholds.StepSeconds);
    }

    /// <summary>Forgets what is long gone.</summary>
    public void Forget(DateTimeOffset now)
    {
        foreach (var (edge, at) in last)
        {
            if (now - at > Kept)
            {
                last.Remove(edge);
            }
        }

        if (served.Count > most)
        {
            served.Clear();
        }
    }
}
