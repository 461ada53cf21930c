using System.Globalization;

namespace Mainstay.Core.Kinds.Schedule;

/// <summary>One run of a job, with the declaration as it was when the run was made. Its name is the job's, a dot and its number.</summary>
public sealed record JobRun : Resource
{
    public required string Job { get; init; }

    /// <summary>Counts the runs of the job from 1.</summary>
    public required int Number { get; init; }

    public required JobSpec Spec { get; init; }

    /// <summary>Absolute folder of the manifest.</summary>
    public required string BaseFolder { get; init; }

    public RunGoal Goal { get; init; }

    /// <summary>What was given for parameters; the others have their default.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();

    /// <summary>Why it takes place, for people: <c>schedule</c>, <c>asked for by root (cli)</c>, <c>after extract.3</c>.</summary>
    public required string Because { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>When it was due by its schedule; null where it was asked for.</summary>
    public DateTimeOffset? Due { get; init; }

    public JobRunStatus Status { get; init; } = new();

    /// <summary>The name of a job's run.</summary>
    public static string NameOf(string job, int number) => $"{job}.{number.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>The name of the instance that is a task's try.</summary>
    public static string InstanceOf(string run, int index, int attempt) =>
        string.Create(CultureInfo.InvariantCulture, $"{run}.{index}.{attempt}");
}

/// <summary>What is wanted of a run.</summary>
public enum RunGoal
{
    Run,

    /// <summary>End what is under way, and begin nothing more.</summary>
    Cancel,
}

/// <summary>How a run stands.</summary>
public sealed record JobRunStatus
{
    public RunState State { get; init; }

    /// <summary>Why, for people; empty where the state says all.</summary>
    public string Message { get; init; } = "";

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public IReadOnlyList<JobTask> Tasks { get; init; } = [];
}

/// <summary>One of a run's tasks.</summary>
public sealed record JobTask
{
    /// <summary>From 0.</summary>
    public required int Index { get; init; }

    public TaskState State { get; init; }

    /// <summary>The try that it is at, from 1; 0 before the first.</summary>
    public int Attempt { get; init; }

    /// <summary>The instance of that try; its logs are under this name. Null before the first.</summary>
    public string? Instance { get; init; }

    /// <summary>When it is tried again.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>Of the try that ended last; null where none has, or nobody saw it end.</summary>
    public int? ExitCode { get; init; }

    /// <summary>How the try that ended last went wrong; empty where it did not.</summary>
    public string Message { get; init; } = "";
}

/// <summary>The states of a run.</summary>
public enum RunState
{
    /// <summary>It waits for another run, a host or a build; the message says for which.</summary>
    Waiting,

    Running,

    /// <summary>All tasks succeeded.</summary>
    Succeeded,

    /// <summary>A task failed for good, or the deadline passed.</summary>
    Failed,

    /// <summary>It was ended on request.</summary>
    Cancelled,
}

/// <summary>The states of a task.</summary>
public enum TaskState
{
    /// <summary>Not begun, or to be tried again.</summary>
    Waiting,

    Running,

    Succeeded,

    Failed,

    Cancelled,
}
