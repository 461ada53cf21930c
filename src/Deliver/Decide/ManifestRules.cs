using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;

namespace Mainstay.Deliver.Decide;

/// <summary>What must hold of an architecture as a whole. Pure; paths are the manifest's.</summary>
public static class ManifestRules
{
    const int LongestTitle = 63;

    /// <summary>Everything wrong, in no particular order; an architecture with any of it is not applied.</summary>
    public static IEnumerable<Problem> Problems(ArchitectureSpec spec, ManifestSurroundings around) =>
        TitleProblems(spec)
            .Concat(ServiceRules.Problems(spec, around))
            .Concat(NeedRules.Problems(spec))
            .Concat(VersionRules.Problems(spec, around.History))
            .Concat(WatchRules.Problems(spec))
            .Concat(ObjectiveRules.Problems(spec))
            .Concat(AlertRules.Problems(spec, around))
            .Concat(NotifyRules.Problems(spec))
            .Concat(JobRules.Problems(spec, around))
            .Concat(QueueRules.Problems(spec))
            .Concat(FlowRules.Problems(spec))
            .Concat(ConfigRules.Problems(spec))
            .Concat(spec.Telemetry?.Validate().Select(p => p.Under("telemetry")) ?? [])
            .Concat(GatewayRules.Problems(spec, around));

    /// <summary>What is allowed and likely to hurt.</summary>
    public static IEnumerable<Problem> Warnings(ArchitectureSpec spec) =>
        NeedRules.Warnings(spec).Concat(GatewayRules.Warnings(spec));

    static IEnumerable<Problem> TitleProblems(ArchitectureSpec spec)
    {
        if (string.IsNullOrWhiteSpace(spec.Architecture) || !IsTitle(spec.Architecture))
        {
            yield return new("architecture", "the name of the architecture is empty or too long", $"give it a name of 1 to {LongestTitle} characters on one line");
        }

        if (!IsTitle(spec.Environment))
        {
            yield return new("environment", "the name of the environment is too long", $"give it a name of at most {LongestTitle} characters on one line");
        }
    }

    static bool IsTitle(string text) => text.Length <= LongestTitle && !text.Any(char.IsControl);
}
