using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>All that is looked at to decide for one service, as of one revision.</summary>
public sealed record ServiceView
{
    public required Service Service { get; init; }

    /// <summary>Null before the first apply.</summary>
    public required Architecture? Architecture { get; init; }

    /// <summary>All of the service's instances, whatever their goal, in order of names.</summary>
    public required IReadOnlyList<Instance> Instances { get; init; }

    /// <summary>The build of the declared content; null where there is none yet, or nothing to build.</summary>
    public required Build? Build { get; init; }

    public required Endpoints? Endpoints { get; init; }

    /// <summary>What the checks say of the addresses of a service that others run; null where nothing was checked.</summary>
    public Vitals? Vitals { get; init; }

    /// <summary>The addresses that were registered for it, in order of names.</summary>
    public IReadOnlyList<Registration> Registrations { get; init; } = [];
    /// <summary>The others of its release's group that are about to change or changing, in order of names.</summary>
    public IReadOnlyList<GroupMember> Group { get; init; } = [];

    /// <summary>The service's past releases that are kept.</summary>
    public IReadOnlyList<ReleaseRecord> Releases { get; init; } = [];

    /// <summary>The mesh port of each need that has one, by the need's name.</summary>
    public required IReadOnlyDictionary<string, int> Links { get; init; }

    /// <summary>Whether the gateway tells two versions of it apart on each of its links.</summary>
    public bool LinksTell { get; init; }

    /// <summary>Needs that are not optional and have no ready instance.</summary>
    public required IReadOnlyList<string> NeedsNotReady { get; init; }

    /// <summary>Services that move before this one and have not all of what is declared of them.</summary>
    public IReadOnlyList<string> First { get; init; } = [];

    /// <summary>Services that need this one and still have instances.</summary>
    public required IReadOnlyList<string> LiveDependants { get; init; }

    /// <summary>Whether it needs no other service and none needs it.</summary>
    public bool IsAlone { get; init; }

    /// <summary>Whether a service that needs this one, directly or through others, comes up for the first time and has no instance that serves.</summary>
    public bool CallersWait { get; init; }

    /// <summary>When the last of those services began to serve; null where none does, or this one does not come up.</summary>
    public DateTimeOffset? CallersLit { get; init; }

    /// <summary>The hosts whose agents answer.</summary>
    public required HostLoads Hosts { get; init; }

    /// <summary>Since when the hosts of its instances are lost, of those that are.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> LostSince { get; init; } = new Dictionary<string, DateTimeOffset>();

    /// <summary>What may be asked to leave a host, by its name.</summary>
    public Func<string, IEnumerable<Tenant>> Tenants { get; init; } = _ => [];

    /// <summary>The host on the server's machine, whose builds every host gets; null where there is none that answers, or nothing is built.</summary>
    public string? Home { get; init; }

    /// <summary>Whether <see cref="Build"/> was made on the server's machine, so that it is there also while the agent is not.</summary>
    public bool IsBuiltAtHome { get; init; }

    /// <summary>The hosts that alone have the outputs of its builds, by the build's name.</summary>
    public IReadOnlyDictionary<string, string> BuiltOn { get; init; } = new Dictionary<string, string>();

    /// <summary>The oldest route table that any gateway serves; <see cref="long.MaxValue"/> without gateways.</summary>
    public required long ServedTable { get; init; }

    /// <summary>True where the architecture, or this service in it, is to be stopped.</summary>
    public bool Stopping => Service.Removed || Architecture is not { Running: true };
}
