using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>How many instances each figure asks for.</summary>
static class ScalingWishes
{
    /// <summary>Beyond that many requests per second the 99th percentile says something.</summary>
    const double LeastRate = 0.5;

    // What a rhythm says is believed up to this.
    const double MostRhythm = 4;

    /// <summary>The figures that are declared, each with what it asks for.</summary>
    public static IReadOnlyList<ScalingFigure> Of(ScalingView view)
    {
        var (spec, seen, current) = (view.Service.Spec.Scale!, view.Figures, view.Service.Wanted());
        List<(ScalingFigure Figure, double? Exact)> all = [];
        if (spec.Cpu is { Fraction: var cpu })
        {
            all.Add(Each("cpu", seen.Cpu, cpu, seen.Settled, current, spec.Tolerance, Percent));
        }

        if (spec.Memory is { Bytes: var bytes })
        {
            all.Add(Each("memory", seen.Memory, bytes, seen.Settled, current, spec.Tolerance, Size));
        }

        if (spec.Requests is { } requests)
        {
            all.Add(Together("requests", seen.InFlight, requests, current, spec.Tolerance, "in flight"));
        }

        if (spec.P99 is { TotalMilliseconds: var p99 })
        {
            all.Add((Tail(seen, p99, current, spec.Tolerance), null));
        }

        if (spec.Queue is { } queue)
        {
            all.Add(Together("queue", seen.Queue, queue.PerInstance, current, spec.Tolerance, $"messages in {queue.Name}"));
        }

        if (spec.Query is { } query)
        {
            all.Add(Together("query", seen.Query, query.Target, current, spec.Tolerance, "by the query"));
        }

        if (spec.Predict && seen.Rhythm > 1 + spec.Tolerance.Fraction && all.Max(a => a.Exact) is { } exact and > 0)
        {
            var asks = Math.Max(1, Up(exact * Math.Min(MostRhythm, seen.Rhythm.Value)));
            all.Add((new("rhythm", Round(seen.Rhythm.Value), 1, asks, $"{Text(seen.Rhythm.Value)} times as many requests are usual soon: {asks}"), null));
        }

        return [.. all.Select(a => a.Figure)];
    }

    // Measured instance by instance. One that is not measured yet is taken to do nothing where more are asked for, and all that it may where fewer are.
    static (ScalingFigure, double?) Each(string name, double? sum, double target, int settled, int current, Share tolerance, Func<double, string> shown)
    {
        if (current == 0)
        {
            return (new(name, null, target, 0, $"{name}: nothing runs"), 0);
        }

        if (sum is not { } known || settled == 0)
        {
            return (new(name, null, target, null, $"{name} is not known yet"), null);
        }

        var (exact, mean) = (known / target, known / settled);
        var asks = exact > settled * (1 + tolerance.Fraction) ? Up(exact)
            : exact >= settled * (1 - tolerance.Fraction) ? current
            : Math.Min(current, Math.Max(1, Up(exact)) + Math.Max(0, current - settled));
        return (new(name, Round(mean), target, asks, $"{name} {shown(mean)} of {shown(target)} in {settled}: {asks}"), exact);
    }

    // Measured for all of them together.
    static (ScalingFigure, double?) Together(string name, double? sum, double target, int current, Share tolerance, string what)
    {
        if (sum is not { } known)
        {
            return (new(name, null, target, null, $"{name} is not known yet"), null);
        }

        var exact = Math.Max(0, known / target);
        var isNear = current > 0 && Math.Abs(exact - current) <= current * tolerance.Fraction;
        var asks = isNear ? current : Up(exact);
        return (new(name, Round(known), target, asks, $"{Text(known)} {what}, {Text(target)} for each: {asks}"), exact);
    }

    // How much more it takes to halve a percentile is not known: it goes by steps, and looks again when what was started takes part.
    static ScalingFigure Tail(ScalingFigures seen, double target, int current, Share tolerance)
    {
        var (value, settled) = (seen.Rate >= LeastRate ? seen.P99 : null, seen.Settled);
        if (current == 0 || value is null || settled == 0)
        {
            return new("p99", null, target, current == 0 ? 0 : seen.Rate < LeastRate ? Math.Max(1, settled - 1) : null, "p99: too few requests to tell");
        }

        var ratio = value.Value / target;
        var asks = ratio > 1 + tolerance.Fraction ? Up(settled * Math.Min(2, ratio))
            : ratio < 0.5 && settled == current ? Math.Max(1, current - 1)
            : current;
        return new("p99", Round(value.Value), target, asks, $"p99 {Text(value.Value)} ms of {Text(target)} ms: {asks}");
    }

    static int Up(double exact) => (int)Math.Min(InstanceCount.Most, Math.Ceiling(exact - 1e-9));

    static double Round(double value) => Math.Round(value, 3);

    static string Percent(double share) => $"{Text(share * 100)}%";

    static string Size(double bytes) => $"{Text(bytes / (1 << 20))}Mi";

    static string Text(double value) => value.ToString(value >= 100 ? "0" : value >= 10 ? "0.#" : "0.##", CultureInfo.InvariantCulture);
}
