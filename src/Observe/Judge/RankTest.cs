namespace Mainstay.Observe.Judge;

/// <summary>How two histograms over the same buckets differ in position: Mann and Whitney's test with ties, and the size of the effect.</summary>
/// <param name="Z">Standard normal where both are alike; positive where the second is greater.</param>
/// <param name="Effect">From -1 to 1: how much more often one of the second is greater than one of the first than the other way round.</param>
public readonly record struct RankTest(double Z, double Effect)
{
    public static RankTest Of(IReadOnlyList<long> first, IReadOnlyList<long> second)
    {
        double n1 = first.Sum(), n2 = second.Sum(), n = n1 + n2;
        if (n1 == 0 || n2 == 0)
        {
            return default;
        }

        double below = 0, u = 0, ties = 0;
        for (var index = 0; index < Math.Max(first.Count, second.Count); index++)
        {
            double a = index < first.Count ? first[index] : 0, b = index < second.Count ? second[index] : 0;
            u += b * (below + (a / 2));
            below += a;
            ties += Math.Pow(a + b, 3) - (a + b);
        }

        var variance = n1 * n2 / 12 * (n + 1 - (ties / (n * Math.Max(1, n - 1))));
        return new(variance <= 0 ? 0 : (u - (n1 * n2 / 2)) / Math.Sqrt(variance), (2 * u / (n1 * n2)) - 1);
    }
}
