using Mainstay.Core.Kinds;

namespace Mainstay.Schedule.Decide;

/// <summary>What the agent sees of an instance's process. It lives in the agent's own store only; its name is the instance's.</summary>
public sealed record Proc : Resource
{
    /// <summary>The start that it is about.</summary>
    public required int Epoch { get; init; }

    public required ProcPhase Phase { get; init; }

    /// <summary>Process id while it runs; else 0.</summary>
    public int Pid { get; init; }

    /// <summary>Where it is to listen, as <c>host:port</c>; empty where it got no port.</summary>
    public string Endpoint { get; init; } = "";

    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When this run of the agent began to check its health: its start or its adoption; null while it is not checked.</summary>
    public DateTimeOffset? WatchedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>128 + signal where a signal ended it; null while it runs and where nobody saw it end.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Whether it was ended for want of memory; only of containers, and where true there is a message.</summary>
    public bool OutOfMemory { get; init; }

    public HealthState Health { get; init; }

    /// <summary>When it entered <see cref="Health"/>.</summary>
    public DateTimeOffset? HealthAt { get; init; }

    /// <summary>Why it could not be started, or what the failing check said; for people.</summary>
    public string Message { get; init; } = "";
}

/// <summary>The phases of a process.</summary>
public enum ProcPhase
{
    /// <summary>About to be started; whether it was is not known yet.</summary>
    Starting,

    Running,

    /// <summary>It ran and ended, with everything that it had started.</summary>
    Ended,

    /// <summary>It could not be started.</summary>
    Failed,
}

/// <summary>What the checks of a process say.</summary>
public enum HealthState
{
    /// <summary>Not checked successfully yet, nor given up.</summary>
    Unknown,

    Healthy,

    /// <summary>It was healthy, or is past its startup, and so many checks in a row have failed.</summary>
    Unhealthy,
}
