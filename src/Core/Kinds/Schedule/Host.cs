namespace Mainstay.Core.Kinds.Schedule;

/// <summary>A machine with an agent.</summary>
public sealed record Host : Resource
{
    /// <summary>Address at which gateways reach its instances.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>Where it stands, such as a data centre or a rack, as its agent was told; null where it was not.</summary>
    public string? Zone { get; init; }

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

    /// <summary>Its agent has not reported for 5 s. Its instances may still run; they are replaced where another host is ready.</summary>
    Lost,
}
