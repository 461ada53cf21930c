using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Reconcile;

namespace Mainstay.Deliver.Decide;

/// <summary>What an apply would do. Nothing of it has happened yet.</summary>
public sealed record ApplyPlan
{
    /// <summary>What to write, all in one commit that fails if any of it changed since it was read.</summary>
    public Plan Writes { get; init; } = new();

    /// <summary>The new version; null where nothing declared changes.</summary>
    public ArchitectureVersion? Version { get; init; }

    /// <summary>What differs from the version in force, in ordinal order of paths.</summary>
    public IReadOnlyList<FieldChange> Changes { get; init; } = [];

    /// <summary>The running services whose instances are replaced, in the order in which they move.</summary>
    public IReadOnlyList<ServiceMove> Moves { get; init; } = [];

    /// <summary>Why it cannot be done; then there is nothing else in the plan.</summary>
    public IReadOnlyList<Problem> Problems { get; init; } = [];

    /// <summary>True when it was refused because what it is about does not exist.</summary>
    public bool IsMissing { get; init; }

    public static ApplyPlan Refused(params IReadOnlyList<Problem> problems) => new() { Problems = problems };

    public static ApplyPlan Missing(string kind, string name, string? remedy = null) => new()
    {
        IsMissing = true,
        Problems = [new("", $"there is no {kind} '{name}'", remedy ?? $"see 'mainstay get {kind}s'")],
    };

    public static ApplyPlan NothingApplied { get; } = new()
    {
        IsMissing = true,
        Problems = [new("", "no architecture has been applied yet", "apply a manifest first: 'mainstay apply -f mainstay.yaml'")],
    };
}
