using Mainstay.Deliver;
using Mainstay.Deliver.Manifest;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.Changes;

/// <summary>The outcomes of writes as HTTP says them.</summary>
public static class Outcomes
{
    public static Answer Of(ApplyOutcome outcome, bool dryRun)
    {
        var problems = outcome.Problems.Select(Place).ToArray();
        var (what, remedy) = problems.Length > 0 ? (problems[0].What, problems[0].Remedy) : ("", "");
        return outcome.Result switch
        {
            ApplyResult.Applied or ApplyResult.Unchanged => Answer.Json(new ChangeResult(
                outcome.Version, outcome.Changes, outcome.Changed, dryRun, outcome.Warnings.Count == 0 ? null : [.. outcome.Warnings.Select(Place)], outcome.Moves.Count == 0 ? null : outcome.Moves)),
            ApplyResult.Missing => ProblemAnswer.NotFound(what, remedy),
            ApplyResult.Conflict => ProblemAnswer.Conflict(what, remedy),
            ApplyResult.Stale => new ProblemAnswer(StatusCodes.Status412PreconditionFailed, "stale", what, remedy),
            _ => ProblemAnswer.Invalid(problems),
        };
    }

    static ProblemPlace Place(PlacedProblem problem) => new(
        problem.Path,
        problem.What,
        problem.Remedy,
        problem.File.Length == 0 ? null : problem.File,
        problem.Line == 0 ? null : problem.Line,
        problem.Column == 0 ? null : problem.Column);
}
