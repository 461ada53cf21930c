using System.Runtime.InteropServices;

namespace Mainstay.Observe.Store.Metrics;

/// <summary>Takes the batches of many collectors into one sink.</summary>
public sealed class BatchIntake(IMetricSink sink)
{
    /// <summary>The most series of one collector.</summary>
    public const int MostSeries = 50_000;

    /// <summary>The most collectors.</summary>
    public const int MostSenders = 1024;

    readonly Lock gate = new();
    readonly Dictionary<string, Sender> senders = new(StringComparer.Ordinal);

    /// <summary>Takes one batch, whole or, where it says to send it again, not at all.</summary>
    public BatchResult Take(string sender, MetricBatch batch)
    {
        lock (gate)
        {
            if (!senders.TryGetValue(sender, out var known) || known.Epoch != batch.Epoch)
            {
                if (senders.Count >= MostSenders)
                {
                    senders.Clear();
                }

                senders[sender] = known = new(batch.Epoch);
            }

            foreach (var series in batch.Series)
            {
                if (known.Series.Count < MostSeries)
                {
                    known.Series[series.Id] = series.ToSeries();
                }
            }

            var samples = new List<MetricSample>(batch.Values.Count / 2);
            for (var i = 0; i + 1 < batch.Values.Count; i += 2)
            {
                if (!known.Series.TryGetValue((int)batch.Values[i], out var series))
                {
                    // Where it does not know more than it can keep, asking again would not help.
                    return new(known.Series.Count < MostSeries);
                }

                if (series is not null)
                {
                    samples.Add(new(series, batch.Values[i + 1], batch.AtMs));
                }
            }

            sink.Add(CollectionsMarshal.AsSpan(samples));
            return new(false);
        }
    }

    sealed class Sender(long epoch)
    {
        public long Epoch => epoch;

        // Null where the series cannot be stored.
        public Dictionary<int, MetricSeries?> Series { get; } = [];
    }
}
