using Mainstay.Deliver.Decide;
using Mainstay.Deliver.Drivers;
using Mainstay.Deliver.Manifest;
using Mainstay.Host.Api;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Client;

/// <summary>What is wrong with a manifest, whoever found it.</summary>
public static class ManifestProblems
{
    /// <summary>The error that lists all problems, each with its place as compilers write it, so that editors can jump there.</summary>
    /// <param name="problems">All of them.</param>
    /// <param name="what">What has them.</param>
    public static CliError AsError(IReadOnlyList<ProblemPlace> problems, string what = "the manifest") => new(
        $"{what} has {Quantities.Count(problems.Count, "problem")}",
        "correct what is listed and run the command again; nothing was changed",
        ExitCode.Invalid)
    {
        Details = [.. problems.SelectMany(p => new[] { Place(p) + TextWidth.Harmless(p.What), "  " + TextWidth.Harmless(p.Remedy) })],
    };

    /// <summary>Finds what can be found without a server.</summary>
    /// <exception cref="CliError">Something is wrong.</exception>
    public static void Check(ApplyRequest request)
    {
        var result = ManifestReader.Read(request.Files, new ManifestSurroundings { BaseFolder = request.BaseFolder, Folders = new DiskFolders() });
        if (result.Problems.Count > 0)
        {
            throw AsError([.. result.Problems.Select(Of)]);
        }
    }

    public static ProblemPlace Of(PlacedProblem problem) => new(problem.Path, problem.What, problem.Remedy, problem.File, problem.Line, problem.Column);

    static string Place(ProblemPlace problem)
    {
        var place = problem switch
        {
            { File: { Length: > 0 } file, Line: > 0 and var line } => $"{file}:{line}:{problem.Column}: ",
            { File: { Length: > 0 } file } => $"{file}: ",
            _ => "",
        };
        return problem.Path.Length > 0 ? $"{place}{problem.Path}: " : place;
    }
}
