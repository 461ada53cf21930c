using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>Where a service that others run can be reached: those of its addresses, declared or registered, that pass their checks.</summary>
public static class External
{
    /// <summary>An address that is declared or registered.</summary>
    /// <param name="Id">The registration's id, or the address itself where it is declared.</param>
    /// <param name="Given">As <c>host:port</c>.</param>
    /// <param name="Version">The version of what answers there; empty where none is known.</param>
    public readonly record struct Member(string Id, string Given, string Version);

    /// <summary>The addresses of a service: the declared ones first, each in its order.</summary>
    public static IEnumerable<Member> Members(Service service, IReadOnlyList<Registration> registrations) => service.Spec.External is not { } external
        ? []
        : external.Endpoints.Select(e => new Member(e, e, service.Spec.Version ?? ""))
            .Concat(registrations.Select(r => new Member(r.Id, r.Address, r.Version ?? service.Spec.Version ?? "")));

    /// <summary>What an endpoint of a service that others run is called in tables and figures.</summary>
    /// <param name="service">The service's name.</param>
    /// <param name="vital">What was checked.</param>
    /// <param name="alone">Whether it is the only one of its id.</param>
    public static string NameOf(string service, Vital vital, bool alone) => alone ? $"{service}.{vital.Id}" : $"{service}.{vital.Id}@{vital.Address}";

    internal static Core.Reconcile.Plan Next(ServiceWork work)
    {
        var members = Members(work.View.Service, work.View.Registrations).ToArray();
        var known = members.ToDictionary(m => (m.Id, m.Given));
        Vital[] seen = [.. (work.View.Vitals?.Items ?? []).Where(v => known.ContainsKey((v.Id, v.Given)))];
        var names = seen.CountBy(v => v.Id, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        Endpoint[] items =
        [
            .. seen.Where(v => v.State == VitalState.Passing)
                .Select(v => new Endpoint(NameOf(work.View.Service.Name, v, names[v.Id] == 1), v.Address, known[(v.Id, v.Given)].Version)).OrderBy(e => e.Instance, StringComparer.Ordinal),
        ];

        // What ran here before it was declared to be others' serves until one of theirs does.
        var handsOver = items.Length == 0 && !work.View.Stopping && work.Running.Any(work.IsServing);
        foreach (var instance in handsOver ? [] : work.Running.ToArray())
        {
            work.Retire(instance);
        }

        if (!handsOver)
        {
            Publish(work, items);
        }

        Settle(work, members, seen);
        return work.Finish();
    }

    /// <summary>Whether addresses of when others ran it are kept until the first of its own instances can be reached.</summary>
    internal static bool Outlives(ServiceWork work, IReadOnlyCollection<Endpoint> own)
    {
        if (work.View.Vitals is null && work.View.Registrations.Count == 0)
        {
            return false;
        }

        if (own.Count == 0 && !work.View.Stopping)
        {
            return true;
        }

        Forget(work);
        return false;
    }

    /// <summary>Forgets what was checked and registered.</summary>
    internal static void Forget(ServiceWork work)
    {
        if (work.View.Vitals is { } vitals && !work.Plan.Deletes.Contains(vitals))
        {
            work.Plan.Delete(vitals);
        }

        foreach (var registration in work.View.Registrations.Where(r => !work.Plan.Deletes.Contains(r)))
        {
            work.Plan.Delete(registration);
        }
    }

    static void Publish(ServiceWork work, Endpoint[] items)
    {
        var (name, known) = (work.View.Service.Name, work.View.Endpoints);
        if (known is null ? items.Length == 0 : known.Items.SequenceEqual(items) && known.Split is null)
        {
            return;
        }

        work.Plan.Put(new Endpoints { Name = name, Revision = known?.Revision ?? 0, Items = items });
        var before = known?.Items ?? [];
        foreach (var came in items.Where(i => before.All(b => b.Instance != i.Instance)))
        {
            work.Plan.Say($"service/{name}", Reasons.EndpointIn, $"{came.Instance} at {came.Address} answers");
        }

        foreach (var left in before.Where(b => items.All(i => i.Instance != b.Instance) && work.Instances.All(i => i.Name != b.Instance)))
        {
            var why = (work.View.Vitals?.Items ?? []).FirstOrDefault(v => v.Address == left.Address && v.State == VitalState.Failing) is { } failing ? failing.Message : "it is declared or registered no longer";
            work.Plan.Say($"service/{name}", Reasons.EndpointOut, $"{left.Instance} at {left.Address} is out: {why}", Severity.Warning);
        }
    }

    static void Settle(ServiceWork work, Member[] members, Vital[] seen)
    {
        var before = work.View.Service.Status;
        var ready = seen.Where(v => v.State == VitalState.Passing).Select(v => (v.Id, v.Given)).Distinct().Count();
        var (state, reason, message) = Stand(work, members, seen, ready);
        var step = LifecycleRules.Step(before.State, state);
        if (step != state)
        {
            work.Plan.Wait(work.Now);
        }

        string[] versions = [.. members.Where(m => m.Version.Length > 0).Select(m => m.Version).Distinct(StringComparer.Ordinal)];
        work.Status = work.Status with
        {
            State = step,
            Reason = reason,
            Message = message,
            Wanted = work.View.Stopping ? 0 : members.Length,
            Ready = ready,
            Version = versions.Length == 1 ? versions[0] : work.View.Service.Spec.Version,
            Stable = null,
            Incoming = null,
            Deadline = null,
            Release = null,
            Rejected = null,
            RejectedBecause = "",
            Observed = work.View.Service.Asked(work.View.Architecture is { Running: true }),
            // The first address has its own time to answer.
            Since = before.State == step && before.Since != default && (before.Wanted > 0 || members.Length == 0) ? before.Since : work.Now,
        };
        Standing.Tell(work, before);
    }

    static (Lifecycle, string, string) Stand(ServiceWork work, Member[] members, Vital[] seen, int ready)
    {
        var (service, left) = (work.View.Service, work.Instances.Count());
        if (service.Removed)
        {
            return Leaving(work, left);
        }

        if (work.View.Stopping)
        {
            return (Lifecycle.Ready, Reasons.Stopped, "run by others; only its routes are closed");
        }

        if (members.Length == 0)
        {
            return (Lifecycle.Ready, Reasons.WaitingForEndpoints, $"no address is declared or registered; 'mainstay registry register {service.Name} ID --address HOST:PORT' adds one");
        }

        if (ready == members.Length)
        {
            return (Lifecycle.Run, Reasons.Serving, "");
        }

        var progress = string.Join("; ", seen.Where(v => v.State != VitalState.Passing && v.Message.Length > 0).Select(v => $"{v.Id}: {v.Message}").Take(4).Prepend($"{ready} of {members.Length} answer"));
        if (ready > 0)
        {
            return (Lifecycle.Run, Reasons.Degraded, progress);
        }

        if (work.Running.FirstOrDefault(work.IsServing) is { } own)
        {
            return (Lifecycle.Update, Reasons.Replacing, $"{progress}; {own.Name} serves until one does");
        }

        // One that never answered has as long as an instance has to start.
        var status = service.Status;
        var isNew = status.State is Lifecycle.Provision or Lifecycle.Ready || status.Wanted == 0;
        var until = (status.State == Lifecycle.Ready && status.Wanted > 0 && status.Since != default ? status.Since : work.Now) + service.Spec.Health.Startup;
        if (isNew && seen.All(v => v.State == VitalState.Unknown) && work.Now < until)
        {
            work.Plan.Wait(until);
            return (Lifecycle.Ready, Reasons.Starting, progress);
        }

        return (Lifecycle.Failed, Reasons.Unhealthy, progress);
    }

    static (Lifecycle, string, string) Leaving(ServiceWork work, int left)
    {
        if (work.View.LiveDependants.Count > 0)
        {
            return (Lifecycle.Destroy, Reasons.WaitingForDependants, $"waiting for {string.Join(", ", work.View.LiveDependants)} to stop first");
        }

        if (left > 0)
        {
            return (Lifecycle.Destroy, Reasons.Stopping, $"{left} to stop");
        }

        if (!work.Plan.Puts.OfType<Endpoints>().Any())
        {
            Standing.Forget(work);
        }

        return (Lifecycle.Destroy, Reasons.Removed, "no longer declared");
    }
}
