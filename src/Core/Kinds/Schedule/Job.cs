namespace Mainstay.Core.Kinds.Schedule;

/// <summary>A job: what the manifest declares of it, and how it stands.</summary>
public sealed record Job : Resource
{
    public required JobSpec Spec { get; init; }

    /// <summary>Absolute folder of the manifest that declared it.</summary>
    public required string BaseFolder { get; init; }

    /// <summary>True when the manifest no longer declares it: its runs are ended, then all of it is forgotten.</summary>
    public bool Removed { get; init; }

    public JobStatus Status { get; init; } = new();

    public override IEnumerable<Problem> Validate() => base.Validate().Concat(Spec.Validate().Select(p => p.Under("spec")));
}

/// <summary>How a job stands.</summary>
public sealed record JobStatus
{
    /// <summary>When it is due next; null where it has no schedule, and while the architecture is stopped.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>Everything due up to then was started or passed over.</summary>
    public DateTimeOffset? Considered { get; init; }

    /// <summary>Schedule and zone that <see cref="Considered"/> is about; another one begins anew.</summary>
    public string Schedule { get; init; } = "";

    /// <summary>The number of the next run; never reused.</summary>
    public int NextRun { get; init; } = 1;

    /// <summary>The newest run that has ended; null before the first.</summary>
    public string? LastRun { get; init; }

    /// <summary>How that one ended.</summary>
    public RunState? LastState { get; init; }

    /// <summary>When that one ended.</summary>
    public DateTimeOffset? LastAt { get; init; }

    /// <summary>How many runs are under way or wait.</summary>
    public int Active { get; init; }

    /// <summary>The number of the newest run that succeeded; 0 before the first.</summary>
    public int Succeeded { get; init; }

    /// <summary>For each job that it comes after, the number of the succeeded run that was answered last.</summary>
    public IReadOnlyDictionary<string, int> Answered { get; init; } = new Dictionary<string, int>();
}
