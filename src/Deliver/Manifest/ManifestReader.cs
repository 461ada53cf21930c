using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Deliver.Decide;

namespace Mainstay.Deliver.Manifest;

/// <summary>
/// Reads manifests. Every error at once, each with place and remedy; it never throws for what is in the files, and its effort is bounded
/// (<see cref="ManifestFile.MaxLength"/>, <see cref="TreeReader.MaxNodes"/>, <see cref="TreeReader.MaxDepth"/>).
/// </summary>
public static class ManifestReader
{
    /// <summary>The most problems that a result lists; that there are more is said by one more.</summary>
    public const int MostProblems = 100;

    // Rules are asked until so many problems are found: enough to list the first by place, and bounded work for a file in which everything is wrong.
    internal const int MostFound = 2 * MostProblems;

    /// <summary>Reads <paramref name="files"/>, each laid over the ones before it, and checks the whole.</summary>
    /// <param name="files">In the order of <c>-f</c>; several documents in one file lie over each other likewise.</param>
    /// <param name="rules">What the rules need to know of the surroundings.</param>
    public static ManifestResult Read(IReadOnlyList<ManifestFile> files, ManifestSurroundings rules)
    {
        var problems = new List<PlacedProblem>();
        if (Whole(files, problems) is not { } root)
        {
            return new(null, Listed(problems), []);
        }

        var spec = new Binder(problems).Top<ArchitectureSpec>(root);
        if (spec.Services.Count == 0 && problems.TrueForAll(p => p.Path != "services"))
        {
            problems.Add(Placed(root, new("services", "no service is declared", "add one: 'services: { web: { run: <command> } }'")));
        }

        var said = problems.Select(p => p.Path).ToHashSet(StringComparer.Ordinal);
        problems.AddRange(ManifestRules.Problems(spec, rules).Where(p => !IsSaid(p.Path, said)).Select(p => Placed(root, p)).Take(MostFound));
        var warnings = ManifestRules.Warnings(spec).Take(MostFound).Select(p => Placed(root, p)).ToList();
        return new(problems.Count == 0 ? spec : null, Listed(problems), Listed(warnings)) { Root = root };
    }

    // All documents of all files as one tree; null when a file is not readable as such or nothing is in them.
    static TreeMap? Whole(IReadOnlyList<ManifestFile> files, List<PlacedProblem> problems)
    {
        if (files.Sum(f => (long)f.Text.Length) > ManifestFile.MaxLength && files.Count > 1)
        {
            problems.Add(new(Place.Nowhere, new Problem("", $"the files together are longer than {ManifestFile.MaxLength / (1024 * 1024)} Mi characters", "split the architecture")));
            return null;
        }

        var budget = new TreeReader.Budget();
        var read = files.Select(f => TreeReader.Read(f, budget, problems)).ToList();
        if (read.Contains(null))
        {
            return null;
        }

        TreeMap? root = null;
        foreach (var document in read.SelectMany(d => d!))
        {
            if (document is TreeMap map)
            {
                root = root is null ? map : Overlay.Apply(root, map);
            }
            else
            {
                problems.Add(new(document.Place, new Problem("", $"{document.Noun} stands where the keys of a manifest are expected", "begin with 'architecture: <name>' and 'services:'")));
            }
        }

        if (root is null && problems.Count == 0)
        {
            problems.Add(new(new Place(files.Count > 0 ? files[0].Path : "", 0, 0), new Problem("", "the manifest is empty", "describe an architecture: 'architecture: <name>' and 'services:'")));
        }

        return root;
    }

    // A rule says nothing about a value that could not be read: its error has been reported already.
    static bool IsSaid(string path, HashSet<string> said)
    {
        for (var end = path.Length; end > 0; end = path.LastIndexOf('.', end - 1))
        {
            if (said.Contains(path[..end]))
            {
                return true;
            }
        }

        return false;
    }

    static PlacedProblem Placed(TreeMap root, Problem problem) => new(TreePath.PlaceOf(root, problem.Path), problem);

    static List<PlacedProblem> Listed(List<PlacedProblem> problems)
    {
        List<PlacedProblem> sorted = [.. problems.OrderBy(p => p.File, StringComparer.Ordinal).ThenBy(p => p.Line).ThenBy(p => p.Column).Take(MostProblems)];
        if (problems.Count > MostProblems)
        {
            sorted.Add(new(Place.Nowhere, new Problem("", "more problems are not listed", "mend these first")));
        }

        return sorted;
    }
}
