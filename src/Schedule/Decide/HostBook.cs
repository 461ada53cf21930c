using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>
/// Which instances are on which host, kept by the changes of a snapshot. What a pass has placed counts from then on, before its commit is seen: two services that are placed at the same time do not
/// get the same room.
/// </summary>
sealed class HostBook
{
    readonly Dictionary<string, Page> pages = new(StringComparer.Ordinal);
    readonly Dictionary<string, List<Instance>> planned = new(StringComparer.Ordinal);
    HostLoads? ready;

    public void Clear()
    {
        pages.Clear();
        planned.Clear();
        ready = null;
    }

    /// <summary>Takes a host's change in.</summary>
    public void Note(string name, Host? host)
    {
        var page = Of(name);
        page.Host = host;
        page.Load = null;
        ready = null;
    }

    /// <summary>Takes an instance's change in.</summary>
    public void Note(Instance? before, Instance? after)
    {
        if (before is not null && before.Host != after?.Host)
        {
            Of(before.Host).Remove(before.Name);
        }

        if (after is not null)
        {
            Of(after.Host).Put(after);
        }

        ready = null;
    }

    /// <summary>Counts what a pass of a service or job is about to write.</summary>
    public void Plan(string key, IEnumerable<Instance> placed)
    {
        foreach (var instance in placed)
        {
            (planned.TryGetValue(key, out var list) ? list : planned[key] = []).Add(instance);
            Note(null, instance);
        }
    }

    /// <summary>A new pass sees all that the one before it has written; what is not there was not written.</summary>
    public void Settle(string key, Func<string, bool> isThere)
    {
        if (planned.Remove(key, out var list))
        {
            foreach (var instance in list.Where(i => !isThere(i.Name)))
            {
                Note(instance, null);
            }
        }
    }

    /// <summary>The hosts whose agents answer.</summary>
    public HostLoads Ready() => ready ??= HostLoads.Of([.. pages.Values.Where(p => p.Host is { State: HostState.Ready }).Select(p => p.Load ??= p.Make())]);

    /// <summary>What is on a host.</summary>
    public IReadOnlyCollection<Instance> On(string host) => pages.TryGetValue(host, out var page) ? page.Tenants : [];

    Page Of(string host) => pages.TryGetValue(host, out var page) ? page : pages[host] = new();

    sealed class Page
    {
        readonly Dictionary<string, Instance> tenants = new(StringComparer.Ordinal);
        readonly Dictionary<string, int> services = new(StringComparer.Ordinal);
        int hundredths;
        long bytes;

        public Host? Host { get; set; }

        public HostLoad? Load { get; set; }

        public IReadOnlyCollection<Instance> Tenants => tenants.Values;

        public void Put(Instance instance)
        {
            Remove(instance.Name);
            tenants[instance.Name] = instance;
            Count(instance, 1);
        }

        public void Remove(string name)
        {
            if (tenants.Remove(name, out var instance))
            {
                Count(instance, -1);
            }
        }

        public HostLoad Make() => new(Host!.Name, tenants.Count)
        {
            Zone = Host.Zone,
            Labels = Host.Labels,
            Use = Host.Use,
            Capacity = (Host.Capacity?.Cpu, Host.Capacity?.Memory),
            Reserved = (hundredths, bytes),
            Services = services,
        };

        void Count(Instance instance, int by)
        {
            Load = null;
            if (services.GetValueOrDefault(instance.Service) + by is > 0 and var count)
            {
                services[instance.Service] = count;
            }
            else
            {
                services.Remove(instance.Service);
            }

            if (instance.Goal == InstanceGoal.Run)
            {
                var (cpu, memory) = instance.Template.Reserved;
                hundredths += by * (cpu?.Hundredths ?? 0);
                bytes += by * (memory?.Bytes ?? 0);
            }
        }
    }
}
