using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;

namespace Mainstay.Deliver.Manifest;

/// <summary>What became of reading a manifest.</summary>
/// <param name="Value">The architecture; null where there are problems.</param>
/// <param name="Problems">Everything wrong, in the order of files, lines and columns.</param>
/// <param name="Warnings">What is allowed and likely to hurt.</param>
public sealed record ManifestResult(ArchitectureSpec? Value, IReadOnlyList<PlacedProblem> Problems, IReadOnlyList<PlacedProblem> Warnings)
{
    internal TreeMap? Root { get; init; }

    /// <summary>A problem that was found later, with the place in the files that its path speaks of.</summary>
    public PlacedProblem Place(Problem problem) => new(Root is null ? Manifest.Place.Nowhere : TreePath.PlaceOf(Root, problem.Path), problem);
}
