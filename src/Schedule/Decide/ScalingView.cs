using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>All that is looked at to decide how many instances a service is to have.</summary>
public sealed record ScalingView
{
    /// <summary>One that declares <c>scale</c>.</summary>
    public required Service Service { get; init; }

    /// <summary>What was decided before; null where nothing was.</summary>
    public required Scaling? Known { get; init; }

    /// <summary>What is measured.</summary>
    public required ScalingFigures Figures { get; init; }

    /// <summary>What was wished for since somebody looks. Not changed by a decision.</summary>
    public required ScalingPast Past { get; init; }

    /// <summary>What lies downstream and is the cause, in words; null where it does not lie there, or was not asked for because nothing leads there.</summary>
    public string? Downstream { get; init; }
}

/// <summary>What is measured of a service that scales. Null stands for what is not known, or not asked for.</summary>
public sealed record ScalingFigures
{
    /// <summary>Ready instances whose figures tell of nothing but their work: what has just started is warming up, and still shows what was before.</summary>
    public int Settled { get; init; }

    /// <summary>Processor time of the settled ones together, in parts of what one is given: 1.4 for two at 70%.</summary>
    public double? Cpu { get; init; }

    /// <summary>Memory of the settled ones together, in bytes.</summary>
    public double? Memory { get; init; }

    /// <summary>Requests in flight.</summary>
    public double? InFlight { get; init; }

    /// <summary>Requests per second.</summary>
    public double Rate { get; init; }

    /// <summary>In milliseconds.</summary>
    public double? P99 { get; init; }

    /// <summary>Messages that wait.</summary>
    public double? Queue { get; init; }

    public double? Query { get; init; }

    /// <summary>How many times as many requests as now are usual at the time for which instances that start now are needed.</summary>
    public double? Rhythm { get; init; }

    /// <summary>When the last request came, as far as known.</summary>
    public DateTimeOffset? LastRequest { get; init; }

    /// <summary>Whether a request waits for it to be started.</summary>
    public bool IsAwaited { get; init; }
}

/// <summary>What became of a look.</summary>
/// <param name="Wanted">How many instances to ask for.</param>
/// <param name="Wish">How many would be asked for without waiting and limits: to be remembered.</param>
/// <param name="Reason">One word of <see cref="ScalingReasons"/>.</param>
/// <param name="Message">The same for people.</param>
/// <param name="Figures">What it rests on.</param>
public sealed record ScalingOutcome(int Wanted, int Wish, string Reason, string Message, IReadOnlyList<ScalingFigure> Figures);
