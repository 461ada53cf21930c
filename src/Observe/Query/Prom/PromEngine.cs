using System.Diagnostics.CodeAnalysis;

namespace Mainstay.Observe.Query.Prom;

/// <summary>How much one query may take.</summary>
public sealed record PromLimits
{
    /// <summary>The most steps of one answer. Default 11,000, as Prometheus has it.</summary>
    public int Steps { get; init; } = 11_000;

    /// <summary>The most samples that are read or made, over all of the query. Default 50 million.</summary>
    public long Samples { get; init; } = 50_000_000;

    /// <summary>The most series that any part of the query gives. Default 50,000.</summary>
    public int Series { get; init; } = 50_000;

    /// <summary>How far back a value is looked for. Default 5 min.</summary>
    public long LookbackMs { get; init; } = 300_000;
}

/// <summary>The answer to a query.</summary>
/// <param name="Type">Scalar, text, instant; with a span of time all but text are a matrix.</param>
/// <param name="Text">Of a text.</param>
/// <param name="Times">Of the steps, in milliseconds since the epoch.</param>
/// <param name="Rows">In the order in which they are to be shown.</param>
/// <param name="Raw">Of a range selector that is asked for at one time: the samples themselves.</param>
public sealed record PromAnswer(PromType Type, string Text, long[] Times, IReadOnlyList<PromRow> Rows, IReadOnlyList<PromSeries> Raw);

/// <summary>
/// Answers expressions over samples. Pure: what it needs of the world is handed in. Semantics are those of Prometheus 3: a sample at the very beginning of a range or of the
/// lookback is not in it, growth is extrapolated to the ends of the range where the samples come near them, a mark of an ended series ends the lookback.
/// </summary>
public static class PromEngine
{
    /// <summary>Evaluates at one time.</summary>
    public static (PromAnswer? Answer, PromFault? Fault) At(string text, IPromSource source, long atMs, PromLimits limits, CancellationToken stop = default)
    {
        var (node, fault) = PromParser.Parse(text);
        if (node is null)
        {
            return (null, fault);
        }

        var grid = new PromGrid(atMs, 1, 1);
        return Guarded(new(source, limits, atMs, atMs, stop), evaluation =>
        {
            switch (node)
            {
                case TextNode said:
                    return new(PromType.Text, said.Value, grid.Times(), [], []);
                case { Type: PromType.Range }:
                    var (series, range, shifted) = evaluation.Range(node, grid);
                    var until = shifted.At(0);
                    return new(PromType.Range, "", grid.Times(), [], [.. series.Select(s => Within(s, until - range, until)).Where(s => s.Points.Count > 0)]);
                default:
                    return new(node.Type, "", grid.Times(), Order(node, evaluation.Vector(node, grid)), []);
            }
        });
    }

    /// <summary>Evaluates at steps of a span.</summary>
    public static (PromAnswer? Answer, PromFault? Fault) Over(string text, IPromSource source, long fromMs, long toMs, long stepMs, PromLimits limits, CancellationToken stop = default)
    {
        var (node, fault) = PromParser.Parse(text);
        if (node is null)
        {
            return (null, fault);
        }

        if (stepMs <= 0 || toMs < fromMs || (toMs - fromMs) / stepMs >= limits.Steps)
        {
            return (null, new($"the step is not above zero, the end is before the start, or there are more than {limits.Steps} steps", IsLimit: true));
        }

        if (node.Type is PromType.Range or PromType.Text)
        {
            return (null, new("over a span of time a number or an instant vector is expected", node.At));
        }

        var grid = new PromGrid(fromMs, stepMs, (int)((toMs - fromMs) / stepMs) + 1);
        return Guarded(new(source, limits, fromMs, toMs, stop), evaluation =>
            new(node.Type, "", grid.Times(), [.. evaluation.Vector(node, grid).OrderBy(r => r.Labels.Key, StringComparer.Ordinal)], []));
    }

    static PromSeries Within(PromSeries series, long after, long until) =>
        series with { Points = [.. series.Points.Where(p => p.AtMs > after && p.AtMs <= until && !Store.Metrics.Stale.Is(p.Value))] };

    // At one time sort and topk say the order; everything else has one too, so that answers can be compared.
    static IReadOnlyList<PromRow> Order(PromNode node, IReadOnlyList<PromRow> rows) =>
        node is CallNode { Function.Name: "sort" or "sort_desc" } or AggregateNode { Name: "topk" or "bottomk" } ? rows : [.. rows.OrderBy(r => r.Labels.Key, StringComparer.Ordinal)];

    static (PromAnswer?, PromFault?) Guarded(PromEvaluation evaluation, Func<PromEvaluation, PromAnswer> run)
    {
        try
        {
            return (run(evaluation), null);
        }
        catch (PromStop ended)
        {
            return (null, ended.Fault with { IsFound = true });
        }
    }
}

/// <summary>Times at which something is evaluated.</summary>
readonly record struct PromGrid(long FromMs, long StepMs, int Steps)
{
    public long At(int step) => FromMs + (step * StepMs);

    public long LastMs => At(Steps - 1);

    public long[] Times()
    {
        var times = new long[Steps];
        for (var i = 0; i < Steps; i++)
        {
            times[i] = At(i);
        }

        return times;
    }
}

/// <summary>Ends an evaluation from deep within; never leaves the engine.</summary>
[SuppressMessage("Design", "CA1032", Justification = "It has one meaning and one maker.")]
sealed class PromStop(PromFault fault) : Exception(fault.What)
{
    public PromFault Fault => fault;
}
