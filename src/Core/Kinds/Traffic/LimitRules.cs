namespace Mainstay.Core.Kinds.Traffic;

/// <summary>What must hold of a list of limits.</summary>
static class LimitRules
{
    /// <summary>The most limits in one place.</summary>
    public const int Most = 8;

    public static IEnumerable<Problem> Problems(IReadOnlyList<LimitSpec>? limits)
    {
        if (limits is null)
        {
            yield break;
        }

        if (limits.Count > Most)
        {
            yield return new("limits", $"{limits.Count} limits are more than {Most}", "join some of them");
        }

        foreach (var (index, limit) in limits.Index())
        {
            foreach (var problem in limit.Validate())
            {
                yield return problem.Under($"limits.{index}");
            }
        }
    }

    /// <summary>Whether one of them makes requests wait, or knows how many are under way.</summary>
    public static bool TellsOfQueueing(IReadOnlyList<LimitSpec>? limits) =>
        limits?.Any(l => l.Per is null && l.Algorithm is LimitAlgorithm.Adaptive or LimitAlgorithm.Concurrency or LimitAlgorithm.LeakyQueue) == true;
}
