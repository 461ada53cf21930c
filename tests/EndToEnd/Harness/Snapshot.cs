using System.Text.Json;

namespace Mainstay.EndToEnd.Harness;

/// <summary>What <c>status -o json</c> and <c>GET /api/v1/status</c> say; the parts that tests look at.</summary>
sealed record Snapshot
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public ArchitectureSeen? Architecture { get; init; }

    public IReadOnlyList<ServiceSeen> Services { get; init; } = [];

    public GatewaySeen? Gateway { get; init; }

    public ServiceSeen this[string service] => Services.FirstOrDefault(s => s.Name == service) ?? throw new InvalidOperationException($"no service '{service}' in\n{this}");

    /// <summary>Every service runs as it is declared.</summary>
    public bool Converged => Services.Count > 0 && Services.All(s => s.Converged);

    /// <summary>Process ids by instance.</summary>
    public IReadOnlyDictionary<string, int> Pids => Services.SelectMany(s => s.Instances).ToDictionary(i => i.Id, i => i.Pid, StringComparer.Ordinal);

    public override string ToString() => string.Join('\n', Services.SelectMany(s => s.Instances
        .Select(i => $"    {i.Id} {i.State} {i.Reason} pid {i.Pid} version {i.Version} restarts {i.Restarts} {i.Message}")
        .Prepend($"  {s.Name} {s.State} {s.Reason} version {s.Version} ready {s.Ready} of {s.Wanted} settled {s.Settled} {s.Message}"))
        .Prepend($"architecture version {Architecture?.Version}, gateway {Gateway?.State}"));
}

sealed record ArchitectureSeen(string Title, int Version, bool Running);

sealed record GatewaySeen(string Listen, string State, long TableRevision);

sealed record ServiceSeen
{
    public required string Name { get; init; }

    public string Version { get; init; } = "";

    public string State { get; init; } = "";

    public string Reason { get; init; } = "";

    public string Message { get; init; } = "";

    public int Wanted { get; init; }

    public int Ready { get; init; }

    public bool Settled { get; init; } = true;

    public IReadOnlyList<InstanceSeen> Instances { get; init; } = [];

    /// <summary>It serves in the wanted number, and nothing of it comes or goes.</summary>
    public bool Converged => Settled && State == "run" && Reason != "RolledBack" && Ready == Wanted && Instances.Count == Wanted && Instances.All(i => i.State == "ready");
}

sealed record InstanceSeen
{
    public required string Id { get; init; }

    public int Pid { get; init; }

    public string Endpoint { get; init; } = "";

    public string State { get; init; } = "";

    public string Reason { get; init; } = "";

    public string Message { get; init; } = "";

    public string Version { get; init; } = "";

    public int Restarts { get; init; }

    public DateTimeOffset? StartedAt { get; init; }
}
