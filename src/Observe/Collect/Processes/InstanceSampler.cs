using System.Globalization;

namespace Mainstay.Observe.Collect.Processes;

/// <summary>
/// Samples instances: each with all processes of its session and all that descend from it. Who belongs to whom is looked up every <see cref="LookEvery"/> samples
/// and when an instance comes; what is dear to read, every <see cref="DetailEvery"/>, and the shares of shared memory every <see cref="ShareEvery"/>, each instance at another time.
/// </summary>
public sealed class InstanceSampler(IMachine machine, string host)
{
    public const int LookEvery = 2;
    public const int DetailEvery = 5;
    public const int ShareEvery = 15;

    /// <summary>The most processes that are looked at of one instance.</summary>
    public const int MostProcesses = 1000;

    readonly Dictionary<string, InstanceGroup> groups = new(StringComparer.Ordinal);
    readonly List<int> pids = [];
    readonly Dictionary<int, InstanceGroup> owners = [];
    readonly Dictionary<int, int> parents = [];
    long number;

    /// <summary>Process ids of an instance as seen last; the leader's first.</summary>
    public IReadOnlyList<int> ProcessesOf(string instance) => groups.TryGetValue(instance, out var group) ? group.Members : [];

    /// <summary>Takes one sample of all.</summary>
    /// <param name="instances">Those that run.</param>
    /// <param name="now">For how long they have.</param>
    /// <param name="into">Where the samples go.</param>
    public void Sample(IReadOnlyList<WatchedInstance> instances, DateTimeOffset now, SampleBuffer into)
    {
        var look = number % LookEvery == 0;
        foreach (var instance in instances)
        {
            if (!groups.TryGetValue(instance.Name, out var known) || known.Instance.Pid != instance.Pid || known.Instance.Version != instance.Version)
            {
                groups[instance.Name] = new(machine, host, instance);
                look = true;
            }
            else
            {
                known.Instance = instance;
            }
        }

        foreach (var gone in groups.Keys.Except(instances.Select(i => i.Name)).ToArray())
        {
            groups.Remove(gone);
        }

        if (look && groups.Count > 0)
        {
            Look();
        }

        var turn = 0;
        foreach (var group in groups.Values)
        {
            group.Sample(now, (number + turn) % DetailEvery == 0, (number + turn) % ShareEvery == 0, into);
            turn++;
        }

        number++;
    }

    // One pass over the process table: the session tells most, the chain of parents those that made a session of their own.
    void Look()
    {
        pids.Clear();
        owners.Clear();
        parents.Clear();
        machine.Numbers("/proc", pids);
        var leaders = new Dictionary<int, InstanceGroup>();
        foreach (var group in groups.Values)
        {
            group.Members.Clear();
            leaders[group.Instance.Pid] = group;
        }

        foreach (var pid in pids)
        {
            if (ProcessLine.Parse(machine.Read(PathOf(pid))) is not { Ended: false } line)
            {
                continue;
            }

            parents[pid] = line.Parent;
            if (leaders.TryGetValue(pid, out var own) || leaders.TryGetValue(line.Session, out own))
            {
                owners[pid] = own;
            }
        }

        foreach (var pid in parents.Keys)
        {
            if (OwnerOf(pid) is { Members.Count: < MostProcesses } group)
            {
                group.Members.Insert(pid == group.Instance.Pid ? 0 : group.Members.Count, pid);
            }
        }
    }

    InstanceGroup? OwnerOf(int pid)
    {
        // A table read while it changes may go in circles.
        for (var steps = 0; steps < 64 && pid > 1; steps++)
        {
            if (owners.TryGetValue(pid, out var owner))
            {
                return owner;
            }

            if (!parents.TryGetValue(pid, out pid))
            {
                return null;
            }
        }

        return null;
    }

    internal static string PathOf(int pid) => string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat");
}
