namespace Mainstay.Core.Kinds.Schedule;

/// <summary>A machine with an agent.</summary>
public sealed record Host : Resource
{
    /// <summary>Address at which other machines reach it.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>Where its gateway takes in, as <c>address:port</c>, what other hosts' gateways send to its instances over mutual TLS; null where its instances are reached directly.</summary>
    public string? Mesh { get; init; }

    /// <summary>Where it stands, such as a data centre or a rack, as its agent was told; null where it was not.</summary>
    public string? Zone { get; init; }

    /// <summary>What its agent was told of it, for <see cref="PlaceSpec.Labels"/>.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>What it offers to instances, as its agent was told or finds; null where it is not known and does not limit.</summary>
    public ResourceSpec? Capacity { get; init; }

    /// <summary>What the machine has; more may be offered, on purpose.</summary>
    public ResourceSpec? Machine { get; init; }

    /// <summary>Whether limits of processors and memory are enforced there, and how; for people.</summary>
    public string Limits { get; init; } = "";

    /// <summary>Whether the server is on the same machine: what is built there, other hosts get from the server.</summary>
    public bool Home { get; init; }

    /// <summary>What people want of it.</summary>
    public HostUse Use { get; init; }

    public HostState State { get; init; }

    /// <summary>When it was last lost or found.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>Process id of its agent; 0 when unknown.</summary>
    public int AgentPid { get; init; }

    /// <summary>Mainstay's version that its agent runs.</summary>
    public string AgentVersion { get; init; } = "";
}

/// <summary>Whether a host's agent answers.</summary>
public enum HostState
{
    /// <summary>Its agent reports.</summary>
    Ready,

    /// <summary>Its agent has not reported for too long. Its instances may still run; they are replaced where another host is ready.</summary>
    Lost,
}

/// <summary>What people want of a host.</summary>
public enum HostUse
{
    /// <summary>It takes instances.</summary>
    Open,

    /// <summary>It keeps what it has and takes nothing new.</summary>
    Cordoned,

    /// <summary>It takes nothing new, and what can run elsewhere is moved there.</summary>
    Draining,
}
