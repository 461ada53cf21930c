namespace Mainstay.Core.Kinds.Schedule;

/// <summary>One running copy of a service: the server decides that it is to run and where, the host's agent makes it so and reports.</summary>
public sealed record Instance : Resource
{
    /// <summary>The service it belongs to.</summary>
    public required string Service { get; init; }

    /// <summary>The host whose agent owns it. Never changes: an instance that is to run elsewhere is another instance.</summary>
    public required string Host { get; init; }

    /// <summary>What the agent is to bring about.</summary>
    public InstanceGoal Goal { get; init; }

    public required InstanceTemplate Template { get; init; }

    /// <summary>When a drain that the gateways do not acknowledge is over; set with <see cref="InstanceGoal.Drain"/>.</summary>
    public DateTimeOffset? DrainUntil { get; init; }

    public InstanceStatus Status { get; init; } = new();
}

/// <summary>What is wanted of an instance; it only ever goes forward.</summary>
public enum InstanceGoal
{
    /// <summary>Run, and be restarted when it ends.</summary>
    Run,

    /// <summary>Run on, but take no new requests: it is out of the endpoints.</summary>
    Drain,

    /// <summary>End, and be forgotten.</summary>
    Stop,
}

/// <summary>Everything that decides how an instance runs. Two instances with the same <see cref="Hash"/> are interchangeable.</summary>
public sealed record InstanceTemplate
{
    /// <summary>Identifies the content: 12 hexadecimal characters over everything else in the template.</summary>
    public string Hash { get; init; } = "";

    /// <summary>The version of the service's software; empty when none is declared.</summary>
    public string Version { get; init; } = "";

    /// <summary>The command, for <c>/bin/sh</c>.</summary>
    public required string Run { get; init; }

    /// <summary>The image of its container; null for a process, which <see cref="Run"/> is of.</summary>
    public string? Image { get; init; }

    /// <summary>How that container is run; sources of mounts are absolute.</summary>
    public ContainerSpec? Container { get; init; }

    /// <summary>Absolute working folder.</summary>
    public required string Folder { get; init; }

    /// <summary>The build whose output is <c>$OUT</c>; null where nothing is built.</summary>
    public string? Build { get; init; }

    /// <summary>What it gets of its host; null for whatever is free.</summary>
    public ResourceSpec? Resources { get; init; }

    /// <summary>What is kept free for it: <see cref="Resources"/>, or the limits of its container.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public (Cpus? Cpu, ByteSize? Memory) Reserved => Resources is { } given ? (given.Cpu, given.Memory) : (Container?.Cpu, Container?.Memory);

    /// <summary>True for a pet whose data every host reaches: it may be brought up elsewhere, so its agent ends it when no server has answered for too long.</summary>
    public bool? Moves { get; init; }

    /// <summary>Environment: the declared one and the URLs of its needs.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    /// <summary>The name space that <see cref="Env"/> has values of; null for none.</summary>
    public State.ConfigUse? Config { get; init; }

    /// <summary>Secrets that it is given at its start, by variable: names, never values.</summary>
    public IReadOnlyDictionary<string, State.GivenSecret>? Secrets { get; init; }

    /// <summary>Files of its own, by name, each with its name space, environment where one is declared, and variable; null for none.</summary>
    public IReadOnlyDictionary<string, State.ConfigFile>? Files { get; init; }

    public required HealthSpec Health { get; init; }

    public required RestartSpec Restart { get; init; }

    /// <summary>Between SIGTERM and SIGKILL.</summary>
    public TimeSpan Grace { get; init; }

    /// <summary>The service's restart generation that it was made in.</summary>
    public int Generation { get; init; }

    /// <summary>True where its calls go by the other address of its mesh links, which tells two versions apart that run side by side: see <see cref="Traffic.MeshLink.OtherAddress"/>. Not part of the hash. Null otherwise.</summary>
    public bool? Other { get; init; }

    /// <summary>Where it is a job's task, which runs to its end once and is not checked; null for what is to serve.</summary>
    public OnceTemplate? Once { get; init; }
}

/// <summary>How a task runs.</summary>
public sealed record OnceTemplate
{
    /// <summary>It is ended then.</summary>
    public required DateTimeOffset Until { get; init; }
}

/// <summary>How an instance stands, as its agent last reported.</summary>
public sealed record InstanceStatus
{
    public InstanceState State { get; init; }

    /// <summary>One CamelCase word of <see cref="Reasons"/>.</summary>
    public string Reason { get; init; } = "";

    /// <summary>For people: exit code, signal, or the failing check.</summary>
    public string Message { get; init; } = "";

    /// <summary>Process id on its host; 0 when no process runs.</summary>
    public int Pid { get; init; }

    /// <summary>Where it listens, as <c>host:port</c>; empty before its first start.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>How many times it was started again.</summary>
    public int Restarts { get; init; }

    /// <summary>How many times in a row it ended before it was ready for long enough; named a crash loop from <see cref="RestartSpec.CrashLoop"/> on.</summary>
    public int Failures { get; init; }

    /// <summary>When the running process was started.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it last became ready; null while it is not.</summary>
    public DateTimeOffset? ReadyAt { get; init; }

    /// <summary>When it will be started again, while it waits in <see cref="InstanceState.Backoff"/>.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>Exit code of the last process that ended; 128 + signal where a signal ended it; null when unknown or none ended.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Grows with every start: what belongs to an earlier start is told from what belongs to this one.</summary>
    public int Epoch { get; init; }
}

/// <summary>The states of an instance.</summary>
public enum InstanceState
{
    /// <summary>Not yet taken up by its agent.</summary>
    Pending,

    /// <summary>Its process runs and has not been healthy yet.</summary>
    Starting,

    /// <summary>Its process runs and is healthy.</summary>
    Ready,

    /// <summary>Its process is being stopped because it was unhealthy or not ready in time, to be started again.</summary>
    Unhealthy,

    /// <summary>No process runs; it will be started again at <see cref="InstanceStatus.RetryAt"/>.</summary>
    Backoff,

    /// <summary>Being stopped for good.</summary>
    Stopping,

    /// <summary>Stopped for good; the server forgets it.</summary>
    Stopped,
}
