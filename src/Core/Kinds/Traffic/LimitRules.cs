namespace Mainstay.Core.Kinds.Traffic;

/// <summary>What must hold of a list of limits.</summary>
public static class LimitRules
{
    /// <summary>The most limits in one place.</summary>
    internal const int Most = 8;

    internal static IEnumerable<Problem> Problems(IReadOnlyList<LimitSpec>? limits)
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

    /// <summary>What nothing could tell at a place without a guard, or with this one.</summary>
    /// <param name="limits">The limits of the place.</param>
    /// <param name="user">Who a route's user is.</param>
    /// <param name="guard">The guard with its terms; null where there is none.</param>
    /// <param name="remedy">What to do where there is none.</param>
    public static IEnumerable<Problem> Unproven(IReadOnlyList<LimitSpec>? limits, string? user, GuardSpec? guard, string remedy)
    {
        var keys = (limits ?? []).Index().Select(limit => ($"limits.{limit.Index}.per", limit.Item.Per)).Append(("user", user));
        foreach (var (path, text) in keys)
        {
            if (text is null || !LimitKey.TryParse(text, out var key) || !key.IsProven || (key.By == LimitKeyKind.ApiKey ? guard?.ApiKeys is not null : guard?.Jwt is not null))
            {
                continue;
            }

            var way = key.By == LimitKeyKind.ApiKey ? "apiKeys" : "jwt";
            yield return guard is null
                ? new(path, $"'{text}' is what a guard has had proven, and there is none here", remedy)
                : new(path, $"'{text}' is what {way} prove, and the guard has none", $"add {way} to the guard, or use client");
        }
    }

    /// <summary>Whether one of them makes requests wait, or knows how many are under way.</summary>
    internal static bool TellsOfQueueing(IReadOnlyList<LimitSpec>? limits) =>
        limits?.Any(l => l.Per is null && l.Algorithm is LimitAlgorithm.Adaptive or LimitAlgorithm.Concurrency or LimitAlgorithm.LeakyQueue) == true;
}
