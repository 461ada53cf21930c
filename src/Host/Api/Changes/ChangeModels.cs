using Mainstay.Core.Kinds.Deliver;
using Mainstay.Deliver.Decide;
using Mainstay.Deliver.Manifest;

namespace Mainstay.Host.Api.Changes;

/// <summary>The body of <c>POST /api/v1/apply</c>.</summary>
public sealed record ApplyBody
{
    /// <summary>The manifests, each laid over the ones before it. 1 to 32.</summary>
    public required IReadOnlyList<ManifestFile> Files { get; init; }

    /// <summary>Absolute folder where relative folders start, on the server's machine.</summary>
    public required string BaseFolder { get; init; }

    /// <summary>Why, for the history. At most 1,000 characters.</summary>
    public string Message { get; init; } = "";

    /// <summary>Whether everything is to run afterwards; false leaves it stopped or running as it is. Default true.</summary>
    public bool Run { get; init; } = true;

    /// <summary>Only if this version is in force, else 412; 0 only if none is. Default: whatever is in force.</summary>
    public int? IfVersion { get; init; }
}

/// <summary>The body of <c>POST /api/v1/rollback</c>.</summary>
public sealed record RollbackBody
{
    /// <summary>The number or tag of the version to go back to.</summary>
    public required string Version { get; init; }

    /// <summary>The only service that has to go back, with whoever has to go along; absent for everything.</summary>
    public string? Service { get; init; }

    /// <summary>Why, for the history. At most 1,000 characters.</summary>
    public string Message { get; init; } = "";
}

/// <summary>The body of <c>POST /api/v1/services/{name}/rollout</c>.</summary>
public sealed record RolloutBody
{
    /// <summary>What is to become of the release.</summary>
    public required RolloutAct Act { get; init; }

    /// <summary>Why, for the events. At most 1,000 characters.</summary>
    public string Message { get; init; } = "";
}

/// <summary>The body of <c>POST /api/v1/tags/{name}</c>.</summary>
public sealed record TagBody
{
    /// <summary>The number of the version that the name stands for from now on.</summary>
    public required int Version { get; init; }
}

/// <summary>The body of <c>POST /api/v1/services/{name}/scale</c>.</summary>
public sealed record ScaleBody
{
    /// <summary>How many are to run, within the service's bounds; null takes back what was asked for, so that the service scales by itself where it declares <c>scale</c>.</summary>
    public required int? Instances { get; init; }
}

/// <summary>What became of a write.</summary>
/// <param name="Version">The version in force afterwards; in a dry run the one that it would make.</param>
/// <param name="Changes">What differs from before, or would.</param>
/// <param name="Changed">Whether anything does.</param>
/// <param name="DryRun">True where nothing was written.</param>
/// <param name="Warnings">What was allowed and is likely to hurt; null where there is none.</param>
/// <param name="Moves">The running services whose instances are replaced, in the order in which they move; null where there is none.</param>
public sealed record ChangeResult(
    int Version, IReadOnlyList<FieldChange> Changes, bool Changed, bool DryRun, IReadOnlyList<ProblemPlace>? Warnings = null, IReadOnlyList<ServiceMove>? Moves = null);

/// <summary>The differences between two versions.</summary>
/// <param name="From">0 stands for nothing declared.</param>
public sealed record DiffView(int From, int To, IReadOnlyList<FieldChange> Changes);
