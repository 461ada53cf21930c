namespace Mainstay.Schedule.Agent;

/// <summary>What an agent is told at its start.</summary>
public sealed record AgentOptions
{
    /// <summary>Name of this host; what the server assigns to it is ours.</summary>
    public required string Host { get; init; }

    /// <summary>Folder of everything that it keeps; one agent at a time works on it.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Where the server is, as <c>http://host:port</c>.</summary>
    public required string ServerUrl { get; init; }

    /// <summary>Other servers on the same store, of which one leads at a time; the agent follows whoever leads.</summary>
    public IReadOnlyList<Uri> OtherServers { get; init; } = [];

    /// <summary>File with the token of internal calls; read anew for each connection. Null sends none.</summary>
    public string? TokenFile { get; init; }

    /// <summary>IP address of this host for the others; instances listen there, too, where no gateway of this host takes in what is for them. Default 127.0.0.1.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>Where this host's gateway takes in, as <c>address:port</c>, what others' gateways send to its instances, which then listen on loopback alone; null where others reach them directly.</summary>
    public string? Mesh { get; init; }

    /// <summary>Where instances listen.</summary>
    internal string InstanceAddress => Mesh is null ? Address : "127.0.0.1";

    /// <summary>What this host shows the server over TLS, and by what it knows it; null where the server is on this machine.</summary>
    public System.Net.Security.SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>What instances may ask of a host.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>What instances may have of it; null where that is not known.</summary>
    public Core.Kinds.Schedule.ResourceSpec? Capacity { get; init; }

    /// <summary>What it has.</summary>
    public Core.Kinds.Schedule.ResourceSpec? Machine { get; init; }

    /// <summary>The zone that the host stands in; null where that makes no difference.</summary>
    public string? Zone { get; init; }

    /// <summary>Is told which instances run. Null for nobody.</summary>
    public RunningInstances? Running { get; init; }

    /// <summary>The unix socket of the container engine; null where there is none.</summary>
    public string? Containers { get; init; }

    /// <summary>Environment variables that tell instances where to send their telemetry; what the manifest or the agent's environment sets wins.</summary>
    public IReadOnlyDictionary<string, string> Telemetry { get; init; } = new Dictionary<string, string>();
}
