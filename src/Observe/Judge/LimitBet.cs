namespace Mainstay.Observe.Judge;

/// <summary>
/// Evidence that something happens more often than a limit allows, which may be looked at after every batch: a bet whose stake, while the rate is at or below the limit, never has an expectation above 1, so that it ever
/// reaches 1/α with a probability of at most α. The stake is spread over several sizes of difference.
/// </summary>
/// <param name="limit">The highest rate that is still allowed, 0 to 1.</param>
sealed class LimitBet(double limit)
{
    static readonly double[] Sizes = [0.01, 0.02, 0.05, 0.1, 0.2, 0.4];

    readonly double limit = Math.Clamp(limit, 0.0005, 0.9);
    readonly double[] logs = new double[Sizes.Length];

    /// <summary>The natural logarithm of the stake; 0 at the beginning.</summary>
    public double LogEvidence
    {
        get
        {
            var most = logs.Max();
            return most + Math.Log(logs.Sum(l => Math.Exp(l - most)) / logs.Length);
        }
    }

    /// <summary>Takes a batch in.</summary>
    public void Add(long requests, long hits)
    {
        for (var size = 0; size < Sizes.Length; size++)
        {
            var worse = Math.Min(0.99, limit + Sizes[size]);
            logs[size] += (hits * Math.Log(worse / limit)) + ((requests - hits) * Math.Log((1 - worse) / (1 - limit)));
        }
    }

    /// <summary>What the rate behind hits of requests is at most, with a probability of 99 %: Wilson's bound.</summary>
    public static double AtMost(long requests, long hits)
    {
        const double Z = 2.326;
        double n = Math.Max(1, requests), p = Math.Min(1, hits / n);
        return Math.Min(1, (p + (Z * Z / (2 * n)) + (Z * Math.Sqrt((p * (1 - p) / n) + (Z * Z / (4 * n * n))))) / (1 + (Z * Z / n)));
    }
}
