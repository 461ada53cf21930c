using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Deliver.Decide;

/// <summary>Everything that is declared now, as the store holds it.</summary>
public sealed record DeclaredState
{
    /// <summary>Null before the first apply.</summary>
    public Architecture? Architecture { get; init; }

    /// <summary>The services by name, with those that are being removed.</summary>
    public IReadOnlyDictionary<string, Service> Services { get; init; } = new Dictionary<string, Service>();

    /// <summary>Null before the first apply.</summary>
    public Gateway? Gateway { get; init; }

    public IReadOnlyDictionary<string, Route> Routes { get; init; } = new Dictionary<string, Route>();

    /// <summary>The watched servers by name.</summary>
    public IReadOnlyDictionary<string, WatchedServer> Watched { get; init; } = new Dictionary<string, WatchedServer>();

    /// <summary>The objectives by name.</summary>
    public IReadOnlyDictionary<string, Objective> Objectives { get; init; } = new Dictionary<string, Objective>();

    /// <summary>The users' own rules by name.</summary>
    public IReadOnlyDictionary<string, AlertRule> Rules { get; init; } = new Dictionary<string, AlertRule>();

    /// <summary>The receivers of incidents by name.</summary>
    public IReadOnlyDictionary<string, Receiver> Receivers { get; init; } = new Dictionary<string, Receiver>();

    /// <summary>The builds that have succeeded, by name.</summary>
    public IReadOnlySet<string> Built { get; init; } = new HashSet<string>();

    /// <summary>The jobs by name, with those that are being removed.</summary>
    public IReadOnlyDictionary<string, Job> Jobs { get; init; } = new Dictionary<string, Job>();

    /// <summary>The queues by name.</summary>
    public IReadOnlyDictionary<string, Queue> Queues { get; init; } = new Dictionary<string, Queue>();

    /// <summary>The flows by name.</summary>
    public IReadOnlyDictionary<string, Flow> Flows { get; init; } = new Dictionary<string, Flow>();

    /// <summary>Every name space of configuration, declared or not, by name.</summary>
    public IReadOnlyDictionary<string, ConfigSpace> Spaces { get; init; } = new Dictionary<string, ConfigSpace>();

    /// <summary>The version in force; null before the first.</summary>
    public ArchitectureVersion? Latest { get; init; }

    /// <summary>The service called <paramref name="name"/>, unless there is none or it is being removed.</summary>
    public Service? Find(string name) => Services.TryGetValue(name, out var service) && !service.Removed ? service : null;

    /// <summary>The same as a declaration that changes nothing; null before the first apply.</summary>
    public Declaration? ToDeclaration()
    {
        if (Architecture is null || Latest is null)
        {
            return null;
        }

        var services = Services.Values.Where(s => !s.Removed).ToArray();
        var spaces = Spaces.Values.Where(s => s.Declared is not null).ToArray();
        var jobs = Jobs.Values.Where(j => !j.Removed).ToArray();
        return new()
        {
            Spec = new()
            {
                Architecture = Architecture.Title,
                Environment = Architecture.Environment,
                Services = services.ToDictionary(s => s.Name, s => s.Spec, StringComparer.Ordinal),
                Compatible = Architecture.Compatible,
                Watch = Watched.Count == 0 ? null : Watched.ToDictionary(w => w.Key, w => w.Value.Spec, StringComparer.Ordinal),
                Objectives = Objectives.Count == 0 ? null : Objectives.ToDictionary(o => o.Key, o => o.Value.Spec, StringComparer.Ordinal),
                Rules = Rules.Count == 0 ? null : Rules.ToDictionary(r => r.Key, r => r.Value.Spec, StringComparer.Ordinal),
                Notify = Receivers.Count == 0 ? null : Receivers.ToDictionary(r => r.Key, r => r.Value.Spec, StringComparer.Ordinal),
                Jobs = jobs.Length == 0 ? null : jobs.ToDictionary(j => j.Name, j => j.Spec, StringComparer.Ordinal),
                Queues = Queues.Count == 0 ? null : Queues.ToDictionary(q => q.Key, q => q.Value.Spec, StringComparer.Ordinal),
                Flows = Flows.Count == 0 ? null : Flows.ToDictionary(f => f.Key, f => f.Value.Spec, StringComparer.Ordinal),
                Config = spaces.Length == 0 ? null : spaces.ToDictionary(s => s.Name, s => s.Declared!, StringComparer.Ordinal),
                Telemetry = Architecture.Telemetry,
                Gateway = (Gateway ?? new Gateway { Name = Gateway.TheName }).ToSpec(Routes.ToDictionary(r => r.Key, r => r.Value.Spec, StringComparer.Ordinal)),
            },
            BaseFolder = Latest.BaseFolder,
            Digests = services.Where(s => s.Digest is not null).ToDictionary(s => s.Name, s => s.Digest!, StringComparer.Ordinal),
        };
    }
}
