namespace Mainstay.Host.Cli.Client;

/// <summary>Why something is not well, as <c>GET /api/v1/why</c> gives it.</summary>
/// <param name="Symptom">Null where there is none.</param>
public sealed record DiagnosisView(string? Symptom, DateTimeOffset? Since, IReadOnlyList<CauseView> Causes);

/// <summary>A cause.</summary>
/// <param name="Confidence">0 to 1.</param>
public sealed record CauseView(string Kind, string Target, double Confidence, IReadOnlyList<EvidenceView> Evidence);

/// <summary>What speaks for a cause.</summary>
public sealed record EvidenceView(string Text, string? Trace);

/// <summary>Who is hurt by something, as <c>GET /api/v1/impact</c> gives it.</summary>
public sealed record ImpactView(string Target, IReadOnlyList<HurtView> Apis, IReadOnlyList<PathRow>? Paths = null);

/// <summary>A public API that goes through it.</summary>
/// <param name="Share">Which part of its requests, 0 to 1.</param>
public sealed record HurtView(string Route, double Share, double RequestsPerSecond, double AddedP99Ms, double ErrorRatio);

/// <summary>Something that is wrong with who depends on whom.</summary>
public sealed record FindingView(string Kind, string Message, string Remedy, string? Trace);

/// <summary>How objectives stand, as <c>GET /api/v1/reliability</c> gives it.</summary>
public sealed record ReliabilityView(IReadOnlyList<ObjectiveView> Items);

/// <summary>An objective.</summary>
public sealed record ObjectiveView(string Name, string Route, IReadOnlyList<IndicatorView> Indicators, int Incidents, double? MttrSeconds, double? MttfSeconds);

/// <summary>One thing that is asked of it.</summary>
public sealed record IndicatorView(string Of, double Target, double? Actual, double? Nines, double BudgetLeft, IReadOnlyList<BurnView> Burns);

/// <summary>How fast its budget is spent.</summary>
public sealed record BurnView(double LongBurn, bool Firing);

/// <summary>How the users' own rules stand, as <c>GET /api/v1/alerts</c> gives it.</summary>
public sealed record AlertsView(IReadOnlyList<AlertView> Items);

/// <summary>A rule.</summary>
/// <param name="State"><c>inactive</c>, <c>pending</c> or <c>firing</c>.</param>
/// <param name="Fault">Why it could not be looked at; null where it could.</param>
public sealed record AlertView(string Name, Mainstay.Core.Kinds.Observe.RuleSpec Spec, string State, DateTimeOffset? Since, int Series, double? Value, string Text, string? Fault);
