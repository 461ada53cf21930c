namespace Mainstay.Observe.Ingest;

/// <summary>Requests that ended between a caller and one instance of a callee, counted by whoever carried them.</summary>
/// <param name="From">The calling service, or <c>gateway</c>.</param>
/// <param name="To">The called service.</param>
/// <param name="Instance">The instance that answered; null if none did.</param>
/// <param name="Requests">How many.</param>
/// <param name="Errors">How many of them failed through no fault of the caller.</param>
/// <param name="Latency">Pairs of bucket and count, flattened. Pairs outside the scale are ignored.</param>
public readonly record struct EdgeSample(string From, string To, string? Instance, long Requests, long Errors, IReadOnlyList<long> Latency);

/// <summary>What an edge or an instance did within the window.</summary>
/// <param name="RequestsPerSecond">Over the seconds that are known, at most the window.</param>
/// <param name="ErrorRatio">0 to 1.</param>
/// <param name="P50Ms">Half of the requests were at most this slow; within 3.2 %.</param>
/// <param name="P99Ms">99 of 100 requests were at most this slow; within 3.2 %.</param>
/// <param name="MeanMs">The sum of their time by their number; within 3.2 %.</param>
public readonly record struct EdgeFigures(double RequestsPerSecond, double ErrorRatio, double P50Ms, double P99Ms, double MeanMs = 0);

/// <summary>An edge of the live graph.</summary>
public readonly record struct EdgeKey(string From, string To);
