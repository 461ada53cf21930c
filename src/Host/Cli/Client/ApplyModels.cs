using Mainstay.Core.Kinds.Deliver;
using Mainstay.Deliver.Decide;
using Mainstay.Deliver.Manifest;

namespace Mainstay.Host.Cli.Client;

/// <summary>A manifest to apply.</summary>
/// <param name="Files">In order; later ones lie over earlier ones.</param>
/// <param name="BaseFolder">Absolute folder that the manifest's relative paths start from.</param>
/// <param name="Message">Why, for the history.</param>
/// <param name="Run">Start the architecture when it is stopped.</param>
/// <param name="IfVersion">Only if this version is in force; null does not ask.</param>
public sealed record ApplyRequest(IReadOnlyList<ManifestFile> Files, string BaseFolder, string Message = "", bool Run = true, int? IfVersion = null);

/// <summary>What applying did, or would do.</summary>
public sealed record ApplyResult
{
    /// <summary>Number of the version in force afterwards.</summary>
    public int Version { get; init; }

    public IReadOnlyList<FieldChange> Changes { get; init; } = [];

    public bool Changed { get; init; }

    public bool DryRun { get; init; }

    /// <summary>The running services whose instances are replaced, in the order in which they move.</summary>
    public IReadOnlyList<ServiceMove> Moves { get; init; } = [];
}

/// <summary>The difference of two versions.</summary>
public sealed record DiffResult
{
    public int From { get; init; }

    public int To { get; init; }

    public IReadOnlyList<FieldChange> Changes { get; init; } = [];
}
