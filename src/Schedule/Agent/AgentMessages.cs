using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Agent;

/// <summary>What the server wants of a host: a line of the work stream.</summary>
public sealed record WorkMessage
{
    /// <summary>True where it names everything and what it does not name is gone; else it is a change to what was said before.</summary>
    public bool Full { get; init; }

    /// <summary>The server's revision that it is from.</summary>
    public long Revision { get; init; }

    public IReadOnlyList<Instance> Instances { get; init; } = [];

    public IReadOnlyList<Build> Builds { get; init; } = [];

    public IReadOnlyList<string> GoneInstances { get; init; } = [];

    public IReadOnlyList<string> GoneBuilds { get; init; } = [];

    /// <summary>Commands to run beside instances; null for none.</summary>
    public IReadOnlyList<ExecAsk>? Execs { get; init; }
}

/// <summary>What an agent sees: the body of a report.</summary>
public sealed record ReportMessage
{
    public required int AgentPid { get; init; }

    /// <summary>Tells this run of the agent from every other.</summary>
    public required string Run { get; init; }

    public required string AgentVersion { get; init; }

    public required string Address { get; init; }

    /// <summary>Where this host's gateway takes in what others' gateways send to its instances; null where they are reached directly.</summary>
    public string? Mesh { get; init; }

    /// <summary>Whether the server is on the same machine.</summary>
    public bool Home { get; init; }

    /// <summary>The host's zone; null where it has none.</summary>
    public string? Zone { get; init; }

    /// <summary>What its agent was told of it.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>What instances may have of it; null where that is not known.</summary>
    public ResourceSpec? Capacity { get; init; }

    /// <summary>What it has.</summary>
    public ResourceSpec? Machine { get; init; }

    /// <summary>Whether limits are enforced, and how; for people.</summary>
    public string Limits { get; init; } = "";

    /// <summary>Grows with each report of a run: one that is held up on its way is not taken for news.</summary>
    public required long Number { get; init; }

    public IReadOnlyList<InstanceReport> Instances { get; init; } = [];

    public IReadOnlyList<BuildReport> Builds { get; init; } = [];
}

/// <summary>What the server says to a report; all else in its answer is for people.</summary>
public sealed record ReportAnswer
{
    /// <summary>Until the next sign of life at the latest; null leaves it as it is.</summary>
    public TimeSpan? Beat { get; init; }
}

/// <summary>How an instance stands.</summary>
public sealed record InstanceReport(string Name, InstanceStatus Status);

/// <summary>How a build stands.</summary>
public sealed record BuildReport(string Name, BuildStatus Status);
