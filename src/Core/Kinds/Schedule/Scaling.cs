namespace Mainstay.Core.Kinds.Schedule;

/// <summary>How the scaling of a service stands, and its last decisions. Named as the service; written when something is decided, not when figures change.</summary>
public sealed record Scaling : Resource
{
    /// <summary>So many decisions are kept.</summary>
    public const int MostDecisions = 20;

    /// <summary>How many instances it asks for.</summary>
    public required int Wanted { get; init; }

    /// <summary>What it is at: one word of <see cref="ScalingReasons"/>.</summary>
    public required string Reason { get; init; }

    /// <summary>The same for people.</summary>
    public required string Message { get; init; }

    /// <summary>When it entered that.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>When the number changed last; null where it never did. No instance is taken away for a while after it, whoever looks.</summary>
    public DateTimeOffset? ChangedAt { get; init; }

    /// <summary>The newest first.</summary>
    public required IReadOnlyList<ScalingDecision> Decisions { get; init; }
}

/// <summary>A change of the number of instances, or a change that was held back.</summary>
/// <param name="At">When.</param>
/// <param name="From">How many were asked for before.</param>
/// <param name="To">How many afterwards.</param>
/// <param name="Reason">One word of <see cref="ScalingReasons"/>.</param>
/// <param name="Message">The same for people.</param>
/// <param name="Figures">What it rests on.</param>
public sealed record ScalingDecision(DateTimeOffset At, int From, int To, string Reason, string Message, IReadOnlyList<ScalingFigure> Figures);

/// <summary>A figure beside what is to be kept.</summary>
/// <param name="Name">Which one: <c>cpu</c>, <c>memory</c>, <c>requests</c>, <c>p99</c>, <c>queue</c>, <c>query</c>, <c>schedule</c>, <c>rhythm</c>.</param>
/// <param name="Value">As measured; null where it is not known.</param>
/// <param name="Target">What is to be kept, in the same unit; null where there is none.</param>
/// <param name="Asks">How many instances it asks for; null where it says nothing.</param>
/// <param name="Text">All of it for people.</param>
public sealed record ScalingFigure(string Name, double? Value, double? Target, int? Asks, string Text);

/// <summary>What scaling can be at.</summary>
public static class ScalingReasons
{
    /// <summary>The number fits.</summary>
    public const string Steady = nameof(Steady);

    /// <summary>More were asked for.</summary>
    public const string Out = nameof(Out);

    /// <summary>Fewer were asked for.</summary>
    public const string In = nameof(In);

    /// <summary>It was stopped for want of requests.</summary>
    public const string ToZero = nameof(ToZero);

    /// <summary>A request came while nothing ran.</summary>
    public const string FromZero = nameof(FromZero);

    /// <summary>More would be asked for, and would not help: the cause lies downstream.</summary>
    public const string HeldByCause = nameof(HeldByCause);

    /// <summary>More would be asked for, and new instances do not start.</summary>
    public const string HeldByFailure = nameof(HeldByFailure);

    /// <summary>All instances that may run do.</summary>
    public const string AtMost = nameof(AtMost);

    /// <summary>Somebody set the number by hand.</summary>
    public const string ByHand = nameof(ByHand);

    /// <summary>It does not scale: it has as many as are declared.</summary>
    public const string Declared = nameof(Declared);

    /// <summary>The bounds or a window of time ask for it.</summary>
    public const string Bounds = nameof(Bounds);
}
