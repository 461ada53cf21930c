using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Host.Cli.Client;

/// <summary>How traffic stands, as the command line reads it.</summary>
sealed record TrafficView(DateTimeOffset At, IReadOnlyList<TrafficWay> Ways, IReadOnlyList<Intervention> Interventions, IReadOnlyList<TrafficPolicy>? Door);

/// <summary>A route or a need.</summary>
sealed record TrafficWay(
    string About, string To, double RequestsPerSecond, double ErrorRatio, double P50Ms, double P99Ms, IReadOnlyList<TrafficPolicy> Policies);

/// <summary>A policy as one gateway has it.</summary>
sealed record TrafficPolicy(string Gateway, string Policy, string State, string Why)
{
    public IReadOnlyDictionary<string, double> Numbers { get; init; } = new Dictionary<string, double>();
}
