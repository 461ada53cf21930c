using System.Globalization;
using static Mainstay.Observe.Query.Prom.PromRow;

namespace Mainstay.Observe.Query.Prom;

/// <summary><c>histogram_quantile</c> over buckets that include those below them.</summary>
static class PromBuckets
{
    // Differences of so small a share come from calculating, not from counting.
    const double Tolerance = 1e-12;

    public static List<PromRow> Quantile(double[] share, IReadOnlyList<PromRow> rows, int steps)
    {
        var result = new List<PromRow>();
        var groups = rows.Select(r => (Bound: Bound(r.Labels["le"]), Row: r)).Where(r => r.Bound is not null)
            .GroupBy(r => r.Row.Labels.Without(["le", PromLabels.NameLabel]));
        var buckets = new List<(double Bound, double Count)>();
        foreach (var group in groups)
        {
            var sorted = group.OrderBy(r => r.Bound).ToArray();
            var made = Empty(group.Key, steps);
            for (var i = 0; i < steps; i++)
            {
                buckets.Clear();
                foreach (var (bound, row) in sorted)
                {
                    if (!Has(row.Values[i]))
                    {
                        continue;
                    }

                    // Series of one bound, as of several spellings of it, are one bucket.
                    if (buckets.Count > 0 && buckets[^1].Bound == bound)
                    {
                        buckets[^1] = (buckets[^1].Bound, buckets[^1].Count + row.Values[i]);
                    }
                    else
                    {
                        buckets.Add((bound!.Value, row.Values[i]));
                    }
                }

                if (buckets.Count > 0)
                {
                    made.Values[i] = Of(share[i], buckets);
                }
            }

            result.Add(made);
        }

        return PromMath.Present(result);
    }

    static double? Bound(string le) => le is "+Inf" or "Inf" ? double.PositiveInfinity
        : double.TryParse(le, NumberStyles.Float, CultureInfo.InvariantCulture, out var bound) ? bound : null;

    static double Of(double share, List<(double Bound, double Count)> buckets)
    {
        if (double.IsNaN(share))
        {
            return double.NaN;
        }

        if (share is < 0 or > 1)
        {
            return share < 0 ? double.NegativeInfinity : double.PositiveInfinity;
        }

        if (!double.IsPositiveInfinity(buckets[^1].Bound) || buckets.Count < 2)
        {
            return double.NaN;
        }

        Rise(buckets);
        var observations = buckets[^1].Count;
        if (observations == 0 || double.IsNaN(observations))
        {
            return double.NaN;
        }

        var rank = share * observations;
        var at = 0;
        while (at < buckets.Count - 1 && buckets[at].Count < rank)
        {
            at++;
        }

        if (at == buckets.Count - 1)
        {
            return buckets[^2].Bound;
        }

        if (at == 0 && buckets[0].Bound <= 0)
        {
            return buckets[0].Bound;
        }

        var (start, below) = at == 0 ? (0, 0) : buckets[at - 1];
        var inside = buckets[at].Count - below;
        return start + ((buckets[at].Bound - start) * ((rank - below) / inside));
    }

    // Buckets scraped at slightly different moments may fall where they must not.
    static void Rise(List<(double Bound, double Count)> buckets)
    {
        var before = buckets[0].Count;
        for (var i = 1; i < buckets.Count; i++)
        {
            var count = buckets[i].Count;
            var near = Math.Abs(count - before) <= Tolerance * (Math.Abs(count) + Math.Abs(before));
            if (count < before || near)
            {
                buckets[i] = (buckets[i].Bound, before);
            }
            else
            {
                before = count;
            }
        }
    }
}
