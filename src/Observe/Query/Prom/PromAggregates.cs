using System.Globalization;
using static Mainstay.Observe.Query.Prom.PromRow;

namespace Mainstay.Observe.Query.Prom;

/// <summary>Many series made into fewer, step by step.</summary>
static class PromAggregates
{
    public static IReadOnlyList<PromRow> Evaluate(AggregateNode node, IReadOnlyList<PromRow> rows, double[]? parameter, int steps)
    {
        var groups = rows.GroupBy(r => GroupOf(node, r.Labels)).Select(g => (g.Key, Rows: g.ToArray())).ToArray();
        return node.Name switch
        {
            "topk" or "bottomk" => Top(groups, node.Name == "topk", parameter!, steps),
            "count_values" => CountValues(node, groups, steps),
            _ => PromMath.Present([.. groups.Select(g => One(node, g.Key, g.Rows, parameter, steps))]),
        };
    }

    static PromLabels GroupOf(AggregateNode node, PromLabels labels) =>
        node.Without ? labels.Without([.. node.Labels, PromLabels.NameLabel]) : node.Labels.Count == 0 ? PromLabels.None : labels.Only(node.Labels);

    static PromRow One(AggregateNode node, PromLabels labels, PromRow[] rows, double[]? parameter, int steps)
    {
        var made = Empty(labels, steps);
        var values = new List<double>();
        for (var i = 0; i < steps; i++)
        {
            values.Clear();
            foreach (var row in rows)
            {
                if (Has(row.Values[i]))
                {
                    values.Add(row.Values[i]);
                }
            }

            if (values.Count > 0)
            {
                made.Values[i] = node.Name switch
                {
                    "sum" => PromMath.Sum(values),
                    "avg" => PromMath.Mean(values),
                    "min" => PromMath.Least(values),
                    "max" => PromMath.Greatest(values),
                    "count" => values.Count,
                    "group" => 1,
                    "stddev" => Math.Sqrt(PromMath.Variance(values)),
                    "stdvar" => PromMath.Variance(values),
                    _ => PromMath.Quantile(parameter![i], values),
                };
            }
        }

        return made;
    }

    // NaN is chosen last by both. At one time the chosen come in order.
    static List<PromRow> Top((PromLabels Key, PromRow[] Rows)[] groups, bool most, double[] parameter, int steps)
    {
        var result = new List<PromRow>();
        foreach (var (_, rows) in groups)
        {
            var made = rows.Select(r => Empty(r.Labels, steps)).ToArray();
            var order = Enumerable.Range(0, rows.Length).ToArray();
            for (var i = 0; i < steps; i++)
            {
                var k = double.IsNaN(parameter[i]) || parameter[i] < 1 ? 0 : (int)Math.Min(parameter[i], rows.Length);
                var present = Enumerable.Range(0, rows.Length).Where(r => Has(rows[r].Values[i]));
                var sorted = most ? present.OrderBy(r => double.IsNaN(rows[r].Values[i])).ThenByDescending(r => rows[r].Values[i])
                    : present.OrderBy(r => double.IsNaN(rows[r].Values[i])).ThenBy(r => rows[r].Values[i]);
                var chosen = sorted.Take(k).ToArray();
                foreach (var one in chosen)
                {
                    made[one].Values[i] = rows[one].Values[i];
                }

                order = steps == 1 ? chosen : order;
            }

            result.AddRange(order.Select(o => made[o]));
        }

        return PromMath.Present(result);
    }

    static IReadOnlyList<PromRow> CountValues(AggregateNode node, (PromLabels Key, PromRow[] Rows)[] groups, int steps)
    {
        var made = new Dictionary<PromLabels, PromRow>();
        var label = ((TextNode)node.Parameter!).Value;
        foreach (var (key, rows) in groups)
        {
            foreach (var row in rows)
            {
                for (var i = 0; i < steps; i++)
                {
                    if (Has(row.Values[i]))
                    {
                        var labels = key.With(label, PromMath.Shown(row.Values[i]));
                        if (!made.TryGetValue(labels, out var counted))
                        {
                            made[labels] = counted = Empty(labels, steps);
                        }

                        counted.Values[i] = Has(counted.Values[i]) ? counted.Values[i] + 1 : 1;
                    }
                }
            }
        }

        return [.. made.Values];
    }
}

/// <summary>What aggregations and functions calculate with.</summary>
static class PromMath
{
    public static string Shown(double value) => double.IsNaN(value) ? "NaN" : double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf"
        : value.ToString("R", CultureInfo.InvariantCulture).Replace("E", "e", StringComparison.Ordinal);

    /// <summary>The rows that have a value at some step.</summary>
    public static List<PromRow> Present(List<PromRow> rows)
    {
        rows.RemoveAll(r => !Array.Exists(r.Values, v => Has(v)));
        return rows;
    }

    /// <summary>Each value by itself.</summary>
    public static List<PromRow> Map(IReadOnlyList<PromRow> rows, Func<double, double> of, bool dropName = true) =>
        [.. rows.Select(r => new PromRow(dropName ? r.Labels.Nameless() : r.Labels, Array.ConvertAll(r.Values, v => Has(v) ? of(v) : v)))];

    // Neumaier's compensated sum.
    public static double Sum(IReadOnlyList<double> values)
    {
        var (sum, lost) = (0.0, 0.0);
        foreach (var value in values)
        {
            var next = sum + value;
            lost += double.IsInfinity(next) ? 0 : Math.Abs(sum) >= Math.Abs(value) ? sum - next + value : value - next + sum;
            sum = next;
        }

        return double.IsInfinity(sum) ? sum : sum + lost;
    }

    public static double Mean(IReadOnlyList<double> values) => Sum(values) / values.Count;

    public static double Least(IReadOnlyList<double> values)
    {
        var least = values[0];
        foreach (var value in values)
        {
            least = value < least || double.IsNaN(least) ? value : least;
        }

        return least;
    }

    public static double Greatest(IReadOnlyList<double> values)
    {
        var greatest = values[0];
        foreach (var value in values)
        {
            greatest = value > greatest || double.IsNaN(greatest) ? value : greatest;
        }

        return greatest;
    }

    public static double Variance(IReadOnlyList<double> values)
    {
        var (count, mean, squares) = (0.0, 0.0, 0.0);
        foreach (var value in values)
        {
            count++;
            var delta = value - mean;
            mean += delta / count;
            squares += delta * (value - mean);
        }

        return squares / count;
    }

    public static double Quantile(double share, List<double> values)
    {
        if (values.Count == 0 || double.IsNaN(share))
        {
            return double.NaN;
        }

        if (share is < 0 or > 1)
        {
            return share < 0 ? double.NegativeInfinity : double.PositiveInfinity;
        }

        var sorted = values.ToArray();
        Array.Sort(sorted);
        var rank = share * (sorted.Length - 1);
        var lower = (int)Math.Max(0, Math.Floor(rank));
        var upper = Math.Min(sorted.Length - 1, lower + 1);
        var weight = rank - Math.Floor(rank);
        return (sorted[lower] * (1 - weight)) + (sorted[upper] * weight);
    }
}
