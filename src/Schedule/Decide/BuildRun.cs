using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>What the agent sees of a build. It lives in the agent's own store only; its name is the build's.</summary>
public sealed record BuildRun : Resource
{
    /// <summary>The attempt that it is about.</summary>
    public required int Attempt { get; init; }

    public required BuildState State { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public int? ExitCode { get; init; }

    /// <summary>Why it failed, then the last lines of its output; at most 4 KiB.</summary>
    public string Tail { get; init; } = "";
}
