using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Agent;

namespace Mainstay.Host.Api.Agents;

/// <summary>One line of an agent's work: everything, or what changed since the line before.</summary>
/// <param name="Full">True for the first line of a stream: what it does not name is not this agent's.</param>
/// <param name="Revision">The store's revision that it reflects.</param>
/// <param name="GoneInstances">Names of instances that are no longer this agent's. Absent in a full line.</param>
/// <param name="GoneBuilds">Names of builds that are no longer this agent's. Absent in a full line.</param>
public sealed record AgentWork(
    bool Full,
    long Revision,
    IReadOnlyList<Instance> Instances,
    IReadOnlyList<Build> Builds,
    IReadOnlyList<string>? GoneInstances = null,
    IReadOnlyList<string>? GoneBuilds = null)
{
    /// <summary>Commands to run beside instances; null for none.</summary>
    public IReadOnlyList<ExecAsk>? Execs { get; init; }
}

/// <summary>What an agent saw.</summary>
public sealed record AgentReport
{
    /// <summary>Process id of the agent.</summary>
    public int AgentPid { get; init; }

    /// <summary>Tells this run of the agent from every other: a process id comes again after a boot, and is always the same in a container. Empty is taken for the process id.</summary>
    public string Run { get; init; } = "";

    /// <summary>Mainstay's version that it runs.</summary>
    public string AgentVersion { get; init; } = "";

    /// <summary>Address at which other machines reach it.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>Where its gateway takes in what others' gateways send to its instances; null where they are reached directly.</summary>
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

    /// <summary>Grows with each report of a run of the agent, from 1; 0 is taken as news in any case.</summary>
    public long Number { get; init; }

    public IReadOnlyList<ReportedInstance> Instances { get; init; } = [];

    public IReadOnlyList<ReportedBuild> Builds { get; init; } = [];
}

/// <summary>An instance as its agent sees it.</summary>
public sealed record ReportedInstance(string Name, InstanceStatus Status);

/// <summary>A build as its agent sees it.</summary>
public sealed record ReportedBuild(string Name, BuildStatus Status);

/// <summary>What became of a report.</summary>
/// <param name="Written">How many statuses were written; the others were known already.</param>
/// <param name="Ignored">Names that do not exist or belong to another host.</param>
public sealed record ReportResult(int Written, IReadOnlyList<string> Ignored)
{
    /// <summary>Until the agent's next sign of life at the latest.</summary>
    public TimeSpan? Beat { get; init; }
}
