using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Query.Prom;

/// <summary>One evaluation: every part of the expression is evaluated over all steps at once.</summary>
sealed class PromEvaluation(IPromSource source, PromLimits limits, long startMs, long endMs, CancellationToken stop)
{
    const long DefaultSubqueryStepMs = 60_000;

    long samples;

    /// <summary>Rows of an instant vector or a number.</summary>
    public IReadOnlyList<PromRow> Vector(PromNode node, PromGrid grid)
    {
        var rows = node switch
        {
            NumberNode number => [Constant(number.Value, grid)],
            SelectorNode selector => Latest(selector, grid),
            NegativeNode negative => PromMath.Map(Vector(negative.Inner, grid), v => -v, negative.Type == PromType.Instant),
            CallNode call => PromCalls.Evaluate(this, call, grid),
            AggregateNode aggregate => PromAggregates.Evaluate(aggregate, Vector(aggregate.Inner, grid), Parameter(aggregate.Parameter, grid), grid.Steps),
            BinaryNode binary => PromBinary.Evaluate(binary, Vector(binary.Left, grid), Vector(binary.Right, grid), grid.Steps),
            _ => throw new PromStop(new("an instant vector is expected here", node.At)),
        };
        Take((long)rows.Count * grid.Steps, rows.Count, node);
        return rows;
    }

    /// <summary>The samples of a range vector, its range and the times at which it is looked at.</summary>
    public (IReadOnlyList<PromSeries> Series, long RangeMs, PromGrid Grid) Range(PromNode node, PromGrid grid)
    {
        if (node is SelectorNode selector)
        {
            var at = Shifted(selector.Shift, grid);
            return (Read(selector, at.FromMs - selector.RangeMs + 1, at.LastMs), selector.RangeMs, at);
        }

        var sub = (SubqueryNode)node;
        var shifted = Shifted(sub.Shift, grid);
        var step = sub.StepMs > 0 ? sub.StepMs : DefaultSubqueryStepMs;

        // Steps of a subquery are at whole multiples of it, whatever the query's are.
        var first = FloorDiv(shifted.FromMs - sub.RangeMs, step) * step + step;
        var count = FloorDiv(shifted.LastMs - first, step) + 1;
        if (count > limits.Samples)
        {
            throw new PromStop(new($"the subquery has more than {limits.Samples} steps", node.At, true));
        }

        if (count <= 0)
        {
            return ([], sub.RangeMs, shifted);
        }

        var inner = new PromGrid(first, step, (int)count);
        return ([.. Vector(sub.Inner, inner).Select(r => new PromSeries(r.Labels, Points(r, inner)))], sub.RangeMs, shifted);
    }

    /// <summary>The number that a part is at each step.</summary>
    public double[] Scalar(PromNode node, PromGrid grid) => Vector(node, grid)[0].Values;

    public static PromRow Constant(double value, PromGrid grid)
    {
        var values = new double[grid.Steps];
        Array.Fill(values, value);
        return new(PromLabels.None, values);
    }

    /// <summary>Counts what is read or made, and ends what asks for too much.</summary>
    public void Take(long more, int series, PromNode node)
    {
        samples += more;
        if (samples > limits.Samples || series > limits.Series)
        {
            throw new PromStop(new($"the query takes more than {limits.Samples} samples or {limits.Series} series; select less, or take a larger step", node.At, true));
        }

        if (stop.IsCancellationRequested)
        {
            throw new PromStop(new("the query took too long", IsLimit: true));
        }
    }

    /// <summary>The last sample of each series at each step, and when it was.</summary>
    public IEnumerable<(PromLabels Labels, double[] Values, long[] Times)> Samples(SelectorNode selector, PromGrid grid)
    {
        var at = Shifted(selector.Shift, grid);
        foreach (var series in Read(selector, at.FromMs - limits.LookbackMs + 1, at.LastMs))
        {
            var (values, times) = (new double[grid.Steps], new long[grid.Steps]);
            var (next, points) = (0, series.Points);
            for (var i = 0; i < grid.Steps; i++)
            {
                var now = at.At(i);
                while (next < points.Count && points[next].AtMs <= now)
                {
                    next++;
                }

                var seen = next > 0 && points[next - 1].AtMs > now - limits.LookbackMs && !Stale.Is(points[next - 1].Value);
                (values[i], times[i]) = seen ? (points[next - 1].Value, points[next - 1].AtMs) : (PromRow.Absent, 0);
            }

            yield return (series.Labels, values, times);
        }
    }

    IReadOnlyList<PromRow> Latest(SelectorNode selector, PromGrid grid) =>
        [.. Samples(selector, grid).Where(s => s.Values.Any(PromRow.Has)).Select(s => new PromRow(s.Labels, s.Values))];

    IReadOnlyList<PromSeries> Read(SelectorNode selector, long fromMs, long toMs)
    {
        var found = source.Read(selector.Matchers, fromMs, toMs);
        Take(found.Sum(s => (long)s.Points.Count), found.Count, selector);
        return found;
    }

    double[]? Parameter(PromNode? node, PromGrid grid) => node is null or TextNode ? null : Scalar(node, grid);

    PromGrid Shifted(PromShift shift, PromGrid grid) => shift.IsFixed
        ? new((shift.FixedMs ?? (shift.Edge < 0 ? startMs : endMs)) - shift.OffsetMs, 0, grid.Steps)
        : grid with { FromMs = grid.FromMs - shift.OffsetMs };

    static List<MetricPoint> Points(PromRow row, PromGrid grid)
    {
        var points = new List<MetricPoint>();
        for (var i = 0; i < grid.Steps; i++)
        {
            if (PromRow.Has(row.Values[i]))
            {
                points.Add(new(grid.At(i), row.Values[i]));
            }
        }

        return points;
    }

    static long FloorDiv(long a, long b) => (a / b) - (a % b < 0 ? 1 : 0);
}
