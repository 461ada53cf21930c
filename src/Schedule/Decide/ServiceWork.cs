using System.Globalization;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Schedule.Policies;

namespace Mainstay.Schedule.Decide;

/// <summary>A service's view while it is being decided on: the instances as the plan so far leaves them.</summary>
sealed class ServiceWork
{
    readonly SortedDictionary<string, Instance> instances = new(InstanceNames.Order);
    readonly HashSet<Instance> unchanged;
    bool leansOnServing;

    public ServiceWork(ServiceView view, DateTimeOffset now)
    {
        View = view;
        Now = now;
        Status = view.Service.Status;
        Declared = Wanted = null!;
        unchanged = new(view.Instances, ReferenceEqualityComparer.Instance);
        foreach (var instance in view.Instances)
        {
            instances[instance.Name] = instance;
        }
    }

    public ServiceView View { get; }

    public DateTimeOffset Now { get; }

    public Plan Plan { get; } = new();

    /// <summary>The status as it will be written.</summary>
    public ServiceStatus Status { get; set; }

    /// <summary>The template that the declaration makes.</summary>
    public InstanceTemplate Declared { get; set; }

    /// <summary>The template that instances are to have.</summary>
    public InstanceTemplate Wanted { get; set; }

    /// <summary>Why no instance can be started now; null where they can.</summary>
    public (string Reason, string Message)? Blocked { get; set; }

    /// <summary>What a release in stages asks for now; null where there is none.</summary>
    public ReleasePhase? Phase { get; set; }

    /// <summary>Why no host takes another instance, for people; null where one did, or none was asked for.</summary>
    public string? NoRoom { get; private set; }

    public Build? BuildFailed { get; set; }

    /// <summary>Why this pass rejected an update; null where it did not.</summary>
    public (string Reason, string Message)? RolledBackBecause { get; set; }

    /// <summary>True when the service and all that belongs to it is deleted by this plan.</summary>
    public bool Forgotten { get; set; }

    /// <summary>How many instances are wanted now.</summary>
    public int Count => View.Stopping ? 0 : View.Service.Wanted();

    public bool IsPet => View.Service.Spec.Recover == Recover.Pet;

    public IEnumerable<Instance> Instances => instances.Values;

    public IEnumerable<Instance> Running => instances.Values.Where(i => i.Goal == InstanceGoal.Run);

    /// <summary>Running instances of the wanted template.</summary>
    public IEnumerable<Instance> Current => Running.Where(i => i.Template.Hash == Wanted.Hash && !IsLost(i) && !IsLeaving(i));

    /// <summary>Running instances of any other template, or on a host that is being drained.</summary>
    public IEnumerable<Instance> Outdated => Running.Where(i => (i.Template.Hash != Wanted.Hash || IsLeaving(i)) && !IsLost(i));

    /// <summary>An instance of the wanted template that is in a crash loop; null where none is.</summary>
    public Instance? Looping => Current.FirstOrDefault(i => i.Status.Failures >= i.Template.Restart.CrashLoop);

    public bool IsReady(string host) => View.Hosts.Find(host) is not null;

    /// <summary>Whether the instance's host does not answer while another one does; with no host at all nobody is better off.</summary>
    public bool IsLost(Instance instance) => View.Hosts.Count > 0 && !IsReady(instance.Host);

    /// <summary>Whether the instance is to leave its host. A pet leaves only where its data can be reached from elsewhere.</summary>
    public bool IsLeaving(Instance instance) => View.Hosts.Find(instance.Host) is { Use: HostUse.Draining } && (!IsPet || instance.Template.Moves == true);

    public bool IsServing(Instance instance) => instance.Status.State == InstanceState.Ready && !IsLost(instance);

    /// <summary>Whether it serves and has been ready for so long; asks to be looked at again when that is not yet so.</summary>
    public bool IsSteady(Instance instance, TimeSpan least)
    {
        if (!IsServing(instance) || least <= TimeSpan.Zero)
        {
            return IsServing(instance);
        }

        var at = instance.Status.ReadyAt + least;
        Plan.Wait(at > Now ? at : null);
        return at <= Now;
    }

    /// <summary>Adds one instance of the wanted template; false where no host takes it.</summary>
    public bool Create() => Create(Wanted);

    /// <summary>Adds one instance; false where no host takes it, and nothing less critical can make room.</summary>
    public bool Create(InstanceTemplate template)
    {
        var ask = Ask(template);
        if (Placement.Pick(View.Hosts, ask) is { } host)
        {
            Create(host, template);
            return true;
        }

        if (Placement.Preempt(View.Hosts, ask, View.Service.Spec.Criticality, View.Tenants) is not var (freed, leave))
        {
            NoRoom = Refusals.Summary(View.Hosts, ask, View.Service.Name);
            return false;
        }

        foreach (var tenant in leave)
        {
            Evict(tenant);
        }

        Create(freed, template);
        return true;
    }

    /// <summary>What another instance asks of a host.</summary>
    public PlaceAsk Ask(InstanceTemplate template) => new()
    {
        Place = View.Service.Spec.Place ?? PlaceAsk.Anywhere,
        Wants = template.Reserved,
        Only = template.Build is { } build ? View.BuiltOn.GetValueOrDefault(build) : null,
        Own = PerHost(Running),
        Planned = PerHost(Running.Where(i => i.Revision == 0)),
    };

    static Dictionary<string, int> PerHost(IEnumerable<Instance> instances)
    {
        var count = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var instance in instances)
        {
            count[instance.Host] = count.GetValueOrDefault(instance.Host) + 1;
        }

        return count;
    }

    void Evict(Tenant tenant)
    {
        var instance = tenant.Instance;
        var serves = instance.Status.State == InstanceState.Ready;
        Plan.Put(serves ? instance with { Goal = InstanceGoal.Drain, DrainUntil = Now + tenant.Drain } : instance with { Goal = InstanceGoal.Stop });
        Plan.Say($"service/{instance.Service}", Reasons.Preempted, $"{instance.Name} leaves {instance.Host} to {View.Service.Name}, which is more critical", Severity.Warning);
    }

    /// <summary>The number that the next instance gets. An earlier service of the same name may have gone further.</summary>
    public int NextNumber => Math.Max(Status.NextInstance, View.Architecture?.Forgotten.GetValueOrDefault(View.Service.Name) ?? 0);

    /// <summary>Adds one instance of the wanted template on a host.</summary>
    public void Create(string host) => Create(host, Wanted);

    void Create(string host, InstanceTemplate template)
    {
        var number = NextNumber;
        var name = $"{View.Service.Name}-{number.ToString(CultureInfo.InvariantCulture)}";
        Status = Status with { NextInstance = number + 1 };
        Replace(new Instance { Name = name, Service = View.Service.Name, Host = host, Template = template });
    }

    /// <summary>Takes an instance out of service, gently where it serves.</summary>
    public void Retire(Instance instance)
    {
        leansOnServing |= IsServing(instance);
        Replace(IsServing(instance)
            ? instance with { Goal = InstanceGoal.Drain, DrainUntil = Now + View.Service.Spec.Drain }
            : instance with { Goal = InstanceGoal.Stop });
    }

    public void Replace(Instance instance)
    {
        instances[instance.Name] = instance;
        if (instance.DrainUntil is { } until && instance.Goal == InstanceGoal.Drain)
        {
            Plan.Wait(until);
        }
    }

    public void Forget(Instance instance)
    {
        instances.Remove(instance.Name);
        Plan.Delete(instance);
    }

    /// <summary>Turns what has changed into writes.</summary>
    public Plan Finish()
    {
        foreach (var instance in instances.Values)
        {
            if (!unchanged.Contains(instance))
            {
                Plan.Put(instance);
            }
            else if (leansOnServing && instance.Goal == InstanceGoal.Run && IsServing(instance))
            {
                // One may go because these stay: should one of them have ended meanwhile, the decision is made anew.
                Plan.Expect(instance);
            }
        }

        if (Forgotten)
        {
            Plan.Delete(View.Service);
            if (View.Architecture is { } architecture)
            {
                // An agent that was away may still hold instances of the old names.
                Plan.Put(architecture with { Forgotten = new SortedDictionary<string, int>(architecture.Forgotten.ToDictionary(), StringComparer.Ordinal) { [View.Service.Name] = NextNumber } });
            }
        }
        else if (Status != View.Service.Status)
        {
            Plan.Put(View.Service with { Status = Status });
        }

        return Plan;
    }
}

/// <summary>Orders <c>web-2</c> before <c>web-10</c>.</summary>
static class InstanceNames
{
    /// <summary>The number in an instance's name; 0 where there is none.</summary>
    public static int NumberOf(string name) => int.TryParse(name.AsSpan(name.LastIndexOf('-') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    public static IComparer<string> Order { get; } = Comparer<string>.Create((a, b) =>
        a.Length != b.Length ? a.Length.CompareTo(b.Length) : string.CompareOrdinal(a, b));
}
