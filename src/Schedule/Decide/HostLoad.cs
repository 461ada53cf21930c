using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>A ready host and how full it is.</summary>
/// <param name="Name">The host.</param>
/// <param name="Instances">How many instances it has in all.</param>
public sealed record HostLoad(string Name, int Instances)
{
    static readonly Dictionary<string, int> Nothing = [];
    static readonly Dictionary<string, string> NoLabels = [];

    public string? Zone { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = NoLabels;

    public HostUse Use { get; init; }

    /// <summary>What it offers; what is null does not limit.</summary>
    public (Cpus? Cpu, ByteSize? Memory) Capacity { get; init; }

    /// <summary>What is kept free for instances that are to run there. What is on its way out does not count any more.</summary>
    public (int Hundredths, long Bytes) Reserved { get; init; }

    /// <summary>How many instances of which services it has.</summary>
    public IReadOnlyDictionary<string, int> Services { get; init; } = Nothing;
}

/// <summary>Hosts, in no particular order, found by name at once.</summary>
[CollectionBuilder(typeof(HostLoads), nameof(Of))]
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "the plural says it")]
public sealed class HostLoads : IReadOnlyList<HostLoad>
{
    readonly HostLoad[] all;
    readonly Dictionary<string, HostLoad> byName;

    HostLoads(HostLoad[] all)
    {
        this.all = all;
        byName = all.ToDictionary(h => h.Name, StringComparer.Ordinal);
    }

    public int Count => all.Length;

    public HostLoad this[int index] => all[index];

    public static HostLoads Of(ReadOnlySpan<HostLoad> hosts) => new(hosts.ToArray());

    public HostLoad? Find(string name) => byName.GetValueOrDefault(name);

    public IEnumerator<HostLoad> GetEnumerator() => ((IEnumerable<HostLoad>)all).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => all.GetEnumerator();
}

/// <summary>An instance on a host, as one that wants its room sees it.</summary>
/// <param name="Instance">What runs there.</param>
/// <param name="Criticality">Of its service.</param>
/// <param name="Drain">How long it may go on with what it has begun.</param>
public sealed record Tenant(Instance Instance, Criticality Criticality, TimeSpan Drain);
