using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Policies;

/// <summary>What is asked of a host for one more instance.</summary>
public sealed record PlaceAsk
{
    static readonly Dictionary<string, int> Nowhere = [];

    /// <summary>The place of a service that declares none.</summary>
    public static PlaceSpec Anywhere { get; } = new();

    public PlaceSpec Place { get; init; } = Anywhere;

    /// <summary>What is kept free for it.</summary>
    public (Cpus? Cpu, ByteSize? Memory) Wants { get; init; }

    /// <summary>The one host that has what it runs; null where any will do.</summary>
    public string? Only { get; init; }

    /// <summary>How many of its own instances each host has, those that are about to be made among them.</summary>
    public IReadOnlyDictionary<string, int> Own { get; init; } = Nowhere;

    /// <summary>How many of those are about to be made and not in <see cref="HostLoad.Reserved"/>.</summary>
    public IReadOnlyDictionary<string, int> Planned { get; init; } = Nowhere;
}

/// <summary>
/// Chooses the host of a new instance: first filter, then score. Filter: open, zone, labels, apart, per host, processors, memory. Score for <see cref="PlaceStrategy.Spread"/>: fewest of its own in the
/// zone, then on the host; most of what it wants to be near; least reserved; fewest instances; first by name. For <see cref="PlaceStrategy.Binpack"/>: most of what it wants to be near, most reserved, most instances. One pass over the hosts.
/// </summary>
public static class Placement
{
    /// <summary>The host for one more instance; null where none will do.</summary>
    public static string? Pick(IReadOnlyList<HostLoad> hosts, PlaceAsk ask)
    {
        var zones = ask.Place.Strategy == PlaceStrategy.Spread && ask.Own.Count > 0 ? ZonesOf(hosts, ask) : null;
        HostLoad? best = null;
        Score score = default;
        for (var i = 0; i < hosts.Count; i++)
        {
            var host = hosts[i];
            if (Refusal(host, ask) == PlaceRefusal.None)
            {
                var its = ScoreOf(host, ask, zones);
                if (best is null || its.CompareTo(score) is var order && (order < 0 || (order == 0 && string.CompareOrdinal(host.Name, best.Name) < 0)))
                {
                    (best, score) = (host, its);
                }
            }
        }

        return best?.Name;
    }

    /// <summary>The first reason for which a host will not do.</summary>
    public static PlaceRefusal Refusal(HostLoad host, PlaceAsk ask)
    {
        var place = ask.Place;
        return host.Use == HostUse.Cordoned ? PlaceRefusal.Cordoned
            : host.Use == HostUse.Draining ? PlaceRefusal.Draining
            : ask.Only is not null && ask.Only != host.Name ? PlaceRefusal.Elsewhere
            : place.Zones.Count > 0 && (host.Zone is null || !place.Zones.Contains(host.Zone)) ? PlaceRefusal.Zone
            : place.Labels.Count > 0 && !HasLabels(host, place) ? PlaceRefusal.Labels
            : HasAny(host, place.Apart) ? PlaceRefusal.Apart
            : place.PerHost is { } most && ask.Own.GetValueOrDefault(host.Name) >= most ? PlaceRefusal.PerHost
            : !Fits(host, ask, 0, 0, out var cpu) ? cpu ? PlaceRefusal.Cpu : PlaceRefusal.Memory
            : PlaceRefusal.None;
    }

    /// <summary>Why a host will not do, for people; empty where it does.</summary>
    public static string Explain(HostLoad host, PlaceAsk ask)
    {
        var (place, planned) = (ask.Place, ask.Planned.GetValueOrDefault(host.Name));
        return Refusal(host, ask) switch
        {
            PlaceRefusal.None => "",
            PlaceRefusal.Cordoned => "cordoned; 'mainstay host uncordon' opens it",
            PlaceRefusal.Draining => "being drained; 'mainstay host uncordon' opens it",
            PlaceRefusal.Elsewhere => $"its software was built on {ask.Only}",
            PlaceRefusal.Zone => $"its zone is {host.Zone ?? "not known"}, not {string.Join(" or ", place.Zones)}",
            PlaceRefusal.Labels => string.Join(", ", place.Labels.Where(l => host.Labels.GetValueOrDefault(l.Key) != l.Value).Select(l => $"its label {l.Key} is {host.Labels.GetValueOrDefault(l.Key) ?? "not set"}, not {l.Value}")),
            PlaceRefusal.Apart => $"it has {string.Join(", ", place.Apart.Where(host.Services.ContainsKey))}, from which it stays apart",
            PlaceRefusal.PerHost => $"it has {ask.Own.GetValueOrDefault(host.Name)} of its instances, and perHost is {place.PerHost}",
            PlaceRefusal.Cpu => $"{ask.Wants.Cpu} processors are wanted, {Cpus(host.Capacity.Cpu!.Value.Hundredths - host.Reserved.Hundredths - (planned * (ask.Wants.Cpu?.Hundredths ?? 0)))} of {host.Capacity.Cpu} are free",
            _ => $"{ask.Wants.Memory} of memory is wanted, {Bytes(host.Capacity.Memory!.Value.Bytes - host.Reserved.Bytes - (planned * (ask.Wants.Memory?.Bytes ?? 0)))} of {host.Capacity.Memory} is free",
        };
    }

    /// <summary>
    /// The host where the least has to go so that an instance of a more critical service finds room, and what goes there: only cattle of services that are less critical, of those the least critical
    /// first, then the largest. Null where even that would not do.
    /// </summary>
    public static (string Host, IReadOnlyList<Tenant> Leave)? Preempt(IReadOnlyList<HostLoad> hosts, PlaceAsk ask, Criticality criticality, Func<string, IEnumerable<Tenant>> tenants)
    {
        (string Host, List<Tenant> Leave)? best = null;
        foreach (var host in hosts)
        {
            if (Refusal(host, ask) is PlaceRefusal.Cpu or PlaceRefusal.Memory && Leaving(host, ask, criticality, tenants(host.Name)) is { } leave && (best is null || Hurt(host.Name, leave).CompareTo(Hurt(best.Value.Host, best.Value.Leave)) < 0))
            {
                best = (host.Name, leave);
            }
        }

        return best is { } found ? (found.Host, found.Leave) : null;
    }

    static List<Tenant>? Leaving(HostLoad host, PlaceAsk ask, Criticality criticality, IEnumerable<Tenant> tenants)
    {
        var open = tenants.Where(t => t.Instance.Goal == InstanceGoal.Run && t.Criticality < criticality)
            .OrderBy(t => t.Criticality).ThenByDescending(t => Size(host, t.Instance)).ThenBy(t => t.Instance.Name, StringComparer.Ordinal);
        var leave = new List<Tenant>();
        var (cpu, memory) = (0, 0L);
        foreach (var tenant in open)
        {
            if (Fits(host, ask, cpu, memory, out _))
            {
                break;
            }

            leave.Add(tenant);
            cpu += tenant.Instance.Template.Reserved.Cpu?.Hundredths ?? 0;
            memory += tenant.Instance.Template.Reserved.Memory?.Bytes ?? 0;
        }

        if (!Fits(host, ask, cpu, memory, out _))
        {
            return null;
        }

        // The smaller ones that came first may not be needed beside a larger one.
        for (var i = leave.Count - 1; i >= 0; i--)
        {
            var (itsCpu, itsMemory) = (leave[i].Instance.Template.Reserved.Cpu?.Hundredths ?? 0, leave[i].Instance.Template.Reserved.Memory?.Bytes ?? 0);
            if (Fits(host, ask, cpu - itsCpu, memory - itsMemory, out _))
            {
                (cpu, memory) = (cpu - itsCpu, memory - itsMemory);
                leave.RemoveAt(i);
            }
        }

        return leave;
    }

    static (int, int, string) Hurt(string host, List<Tenant> leave) => ((int)leave.Max(t => t.Criticality), leave.Count, host);

    static bool HasLabels(HostLoad host, PlaceSpec place) => place.Labels.All(l => host.Labels.GetValueOrDefault(l.Key) == l.Value);

    // Asked of every host: without a delegate for each.
    static bool HasAny(HostLoad host, IReadOnlyList<string> services)
    {
        for (var i = 0; i < services.Count; i++)
        {
            if (host.Services.ContainsKey(services[i]))
            {
                return true;
            }
        }

        return false;
    }

    static double Size(HostLoad host, Instance instance) => Math.Max(
        Part(instance.Template.Reserved.Cpu?.Hundredths ?? 0, host.Capacity.Cpu?.Hundredths), Part(instance.Template.Reserved.Memory?.Bytes ?? 0, host.Capacity.Memory?.Bytes));

    // What is wanted and has no bound on the host fits always.
    static bool Fits(HostLoad host, PlaceAsk ask, int freedCpu, long freedMemory, out bool cpuLacks)
    {
        var planned = ask.Planned.GetValueOrDefault(host.Name) + 1;
        cpuLacks = ask.Wants.Cpu is { } cpu && host.Capacity.Cpu is { } most && host.Reserved.Hundredths - freedCpu + (planned * cpu.Hundredths) > most.Hundredths;
        return !cpuLacks && (ask.Wants.Memory is not { } memory || host.Capacity.Memory is not { } bytes || host.Reserved.Bytes - freedMemory + (planned * memory.Bytes) <= bytes.Bytes);
    }

    static Dictionary<string, int>? ZonesOf(IReadOnlyList<HostLoad> hosts, PlaceAsk ask)
    {
        Dictionary<string, int>? zones = null;
        for (var i = 0; i < hosts.Count; i++)
        {
            if (hosts[i].Zone is { } zone && ask.Own.TryGetValue(hosts[i].Name, out var own))
            {
                zones ??= new(StringComparer.Ordinal);
                zones[zone] = zones.GetValueOrDefault(zone) + own;
            }
        }

        return zones;
    }

    static Score ScoreOf(HostLoad host, PlaceAsk ask, Dictionary<string, int>? zones)
    {
        var near = 0;
        for (var i = 0; i < ask.Place.Near.Count; i++)
        {
            near += host.Services.ContainsKey(ask.Place.Near[i]) ? 1 : 0;
        }

        var planned = ask.Planned.GetValueOrDefault(host.Name);
        var share = Math.Max(
            Part(host.Reserved.Hundredths + (planned * (ask.Wants.Cpu?.Hundredths ?? 0)), host.Capacity.Cpu?.Hundredths),
            Part(host.Reserved.Bytes + (planned * (ask.Wants.Memory?.Bytes ?? 0)), host.Capacity.Memory?.Bytes));
        return ask.Place.Strategy == PlaceStrategy.Binpack
            ? new(0, 0, -near, -share, -host.Instances - planned)
            : new(host.Zone is { } zone ? zones?.GetValueOrDefault(zone) ?? 0 : 0, ask.Own.GetValueOrDefault(host.Name), -near, share, host.Instances + planned);
    }

    static double Part(long of, long? whole) => whole is > 0 ? (double)of / whole.Value : 0;

    static string Cpus(int hundredths) => new Cpus(Math.Max(0, hundredths)).ToString();

    static string Bytes(long bytes) => bytes >= 1 << 20 ? $"{bytes >> 20}Mi" : new ByteSize(Math.Max(0, bytes)).ToString();

    readonly record struct Score(int Zone, int Own, int Near, double Share, int Instances) : IComparable<Score>
    {
        public int CompareTo(Score other) =>
            Zone != other.Zone ? Zone.CompareTo(other.Zone)
            : Own != other.Own ? Own.CompareTo(other.Own)
            : Near != other.Near ? Near.CompareTo(other.Near)
            : Share != other.Share ? Share.CompareTo(other.Share)
            : Instances.CompareTo(other.Instances);
    }
}

/// <summary>Why a host does not get an instance.</summary>
public enum PlaceRefusal
{
    None,

    /// <summary>It takes nothing new.</summary>
    Cordoned,

    /// <summary>It is being emptied.</summary>
    Draining,

    /// <summary>What is to run is on another host.</summary>
    Elsewhere,

    Zone,

    Labels,

    /// <summary>It has an instance of a service that is not to be shared with.</summary>
    Apart,

    /// <summary>It has as many as it may.</summary>
    PerHost,

    Cpu,

    Memory,
}
