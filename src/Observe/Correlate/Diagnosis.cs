using System.Globalization;

namespace Mainstay.Observe.Correlate;

/// <summary>The answer to why something is slow or fails.</summary>
/// <param name="Symptom">In words; null where there is none.</param>
/// <param name="Since">When it began; null where there is no symptom.</param>
/// <param name="Causes">At most three, the likeliest first. <see cref="CauseKind.Unknown"/> alone where it is not known.</param>
public sealed record Diagnosis(string? Symptom, DateTimeOffset? Since, IReadOnlyList<Cause> Causes);

/// <summary>A cause.</summary>
/// <param name="Target">What it is about, as <c>kind/name</c>: <c>host/a</c>, <c>service/orders</c>, <c>instance/orders-2</c>, <c>database/postgresql/orders</c>, <c>queue/…</c>, <c>statement/…</c>.</param>
/// <param name="Confidence">0 to 1.</param>
/// <param name="Evidence">What speaks for it, the strongest first.</param>
public sealed record Cause(CauseKind Kind, string Target, double Confidence, IReadOnlyList<Evidence> Evidence)
{
    /// <summary>The database of a statement; null for what is no statement.</summary>
    internal string? Store { get; init; }
}

/// <summary>One thing that speaks for a cause.</summary>
/// <param name="Text">For people; it says all of it.</param>
public sealed record Evidence(string Text)
{
    /// <summary>What a figure is now and usually is, with its unit; null where it is no figure.</summary>
    public double? Now { get; init; }

    public double? Before { get; init; }

    public string? Unit { get; init; }

    /// <summary>A trace that shows it.</summary>
    public string? Trace { get; init; }

    /// <summary>The statement that it is about.</summary>
    public string? Statement { get; init; }

    /// <summary>When it happened, for changes.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>A figure beside its usual value.</summary>
    /// <param name="what">What it is of.</param>
    /// <param name="figure">The figure.</param>
    public static Evidence Of(string what, Deviation figure) => new(
        figure.HasBaseline ? $"{what}: {Shown(figure.Before, figure.Figure)} → {Shown(figure.Now, figure.Figure)}" : $"{what}: {Shown(figure.Now, figure.Figure)}")
    {
        Now = Math.Round(figure.Now, 3),
        Before = figure.HasBaseline ? Math.Round(figure.Before, 3) : null,
        Unit = figure.Figure.Unit(),
    };

    /// <summary>A value as people write it.</summary>
    public static string Shown(double value, Figure figure) => figure.Unit() switch
    {
        "share" => Invariant($"{value * 100:0.#}%"),
        "ms" => value >= 10_000 ? Invariant($"{value / 1000:0.#} s") : value >= 100 ? Invariant($"{value:0} ms") : Invariant($"{value:0.#} ms"),
        "s" => Invariant($"{value:0.#} s"),
        "/s" => value >= 100 ? Invariant($"{value:0}/s") : Invariant($"{value:0.#}/s"),
        _ => Invariant($"{value:0.#}"),
    };

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What can be the cause.</summary>
public enum CauseKind
{
    /// <summary>Nothing that was looked at explains it.</summary>
    Unknown,

    /// <summary>A release or a change of settings.</summary>
    Change,

    /// <summary>Something is done to the traffic on purpose.</summary>
    Intervention,

    /// <summary>A host has no processor time left.</summary>
    Cpu,

    /// <summary>The machine below takes processor time away.</summary>
    CpuSteal,

    /// <summary>A limit holds processes back.</summary>
    CpuThrottled,

    /// <summary>A runtime stands still for garbage collections.</summary>
    Gc,

    /// <summary>Work waits for a thread.</summary>
    ThreadPool,

    /// <summary>Work waits for a connection.</summary>
    ConnectionPool,

    /// <summary>Threads wait for locks of their process.</summary>
    Lock,

    /// <summary>A statement takes longer.</summary>
    SlowStatement,

    /// <summary>Transactions wait for each other's rows.</summary>
    RowLock,

    DatabaseDown,
    CacheDown,
    QueueDown,

    /// <summary>A service has no instance that answers.</summary>
    ServiceDown,

    /// <summary>A database, cache or queue as a whole takes longer.</summary>
    SlowStore,

    /// <summary>Messages come faster than they are taken.</summary>
    Backlog,

    Disk,
    Memory,
    Network,

    /// <summary>One instance is worse than its peers.</summary>
    Instance,

    /// <summary>More requests came than usual.</summary>
    Surge,

    /// <summary>Something outside of the architecture is slow or fails.</summary>
    External,
}
