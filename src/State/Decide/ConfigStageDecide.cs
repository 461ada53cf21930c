using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;

namespace Mainstay.State.Decide;

/// <summary>What is seen of a staged publish.</summary>
/// <param name="Chosen">How many readers are to have it now.</param>
/// <param name="Running">How many of these say that they run it.</param>
/// <param name="Harm">Why it is harmful; null while that is not known.</param>
public readonly record struct ConfigStageView(int Chosen, int Running, string? Harm);

/// <summary>What becomes of a staged publish.</summary>
public enum ConfigStageMove
{
    /// <summary>Nothing yet.</summary>
    Stay,

    /// <summary>The next share.</summary>
    Step,

    /// <summary>All have it.</summary>
    Promote,

    /// <summary>Nobody has it any more.</summary>
    Abort,
}

/// <summary>What is next.</summary>
/// <param name="Move">What to do.</param>
/// <param name="Why">For people.</param>
/// <param name="Until">When to look again at the latest; null where something has to happen first.</param>
public readonly record struct ConfigStagePlan(ConfigStageMove Move, string Why, DateTimeOffset? Until = null);

/// <summary>Decides how a staged publish goes on. Pure.</summary>
public static class ConfigStageDecide
{
    public static ConfigStagePlan Next(ConfigStaging staged, ConfigStageView seen, DateTimeOffset now)
    {
        var shares = staged.Plan.Shares();
        var at = $"{shares[Math.Min(staged.Step, shares.Count - 1)]} of readers";
        if (seen.Harm is { } harm && !staged.Plan.Judge.Off)
        {
            return new(ConfigStageMove.Abort, harm);
        }

        if (staged.Paused)
        {
            return new(ConfigStageMove.Stay, $"paused at {at}; 'mainstay config resume' lets it go on");
        }

        // Who has not taken it up cannot show what it does.
        if (seen.Running < seen.Chosen || seen.Chosen == 0)
        {
            return new(ConfigStageMove.Stay, seen.Chosen == 0 ? "nobody who is to have it first reads this name space now" : $"{seen.Running} of {seen.Chosen} run it, at {at}");
        }

        if (now < staged.Since + staged.Plan.Hold)
        {
            return new(ConfigStageMove.Stay, $"{seen.Running} run it, at {at}", staged.Since + staged.Plan.Hold);
        }

        if (staged.Plan.Pause && !staged.Passed)
        {
            return new(ConfigStageMove.Stay, $"{seen.Running} run it, at {at}; it waits for 'mainstay config resume'");
        }

        return staged.Step + 1 < shares.Count ? new(ConfigStageMove.Step, $"on to {shares[staged.Step + 1]} of readers") : new(ConfigStageMove.Promote, "all steps are over without harm");
    }
}
