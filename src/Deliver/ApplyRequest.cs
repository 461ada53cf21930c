using Mainstay.Core.Kinds.Deliver;
using Mainstay.Deliver.Decide;
using Mainstay.Deliver.Manifest;

namespace Mainstay.Deliver;

/// <summary>Asks for an architecture to be as some manifests say.</summary>
public sealed record ApplyRequest
{
    /// <summary>The manifests, each laid over the ones before it.</summary>
    public required IReadOnlyList<ManifestFile> Files { get; init; }

    /// <summary>Absolute folder where relative folders start, on the server's machine.</summary>
    public required string BaseFolder { get; init; }

    /// <summary>Whether everything is to run afterwards; false leaves it stopped or running as it is. Default true.</summary>
    public bool Run { get; init; } = true;

    /// <summary>Only if this version is in force (0: only if none is); null does not ask.</summary>
    public int? IfVersion { get; init; }
}

/// <summary>What became of a write.</summary>
/// <param name="Result">In one word.</param>
/// <param name="Version">The version in force afterwards; in a dry run the one that it would make. 0 before the first.</param>
/// <param name="Changes">What differs from before, or would.</param>
/// <param name="Problems">Why it was not done; empty where it was.</param>
/// <param name="Warnings">What was allowed and is likely to hurt.</param>
public sealed record ApplyOutcome(
    ApplyResult Result,
    int Version,
    IReadOnlyList<FieldChange> Changes,
    IReadOnlyList<PlacedProblem> Problems,
    IReadOnlyList<PlacedProblem> Warnings)
{
    /// <summary>The running services whose instances are replaced, in the order in which they move.</summary>
    public IReadOnlyList<ServiceMove> Moves { get; init; } = [];

    /// <summary>Whether anything changed, or would.</summary>
    public bool Changed => Changes.Count > 0;
}

/// <summary>The outcomes of a write, each with the HTTP status that stands for it.</summary>
public enum ApplyResult
{
    /// <summary>Done, and durable; or, in a dry run, it could be done. 200.</summary>
    Applied,

    /// <summary>Nothing was to be done. 200.</summary>
    Unchanged,

    /// <summary>Refused for what was asked; see the problems. 422.</summary>
    Invalid,

    /// <summary>What it is about does not exist. 404.</summary>
    Missing,

    /// <summary>Somebody else changed what is declared at the same time; nothing was done. 409.</summary>
    Conflict,

    /// <summary>The resource is not at the revision that the caller expected; nothing was done. 412.</summary>
    Stale,
}
