using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;

namespace Mainstay.Deliver.Decide;

/// <summary>
/// Decides what a declaration changes: which resources to write and the version that comes of it. Pure; <c>plan</c> shows what <c>apply</c>
/// commits. The declaration is assumed to have passed <see cref="ManifestRules"/>.
/// </summary>
public static class ApplyDecide
{
    /// <summary>The plan from <paramref name="seen"/> to <paramref name="wanted"/>.</summary>
    public static ApplyPlan Next(DeclaredState seen, Declaration wanted, Author author, DateTimeOffset now)
    {
        var config = ConfigDeclare.Next(seen, wanted, author, now);
        var services = wanted.Spec.Services.ToDictionary(
            s => s.Key, s => ServiceFor(seen.Services.GetValueOrDefault(s.Key), s.Key, s.Value, wanted, config, now), StringComparer.Ordinal);
        var moves = MoveOrder.Of(seen, services, wanted.Backwards);
        services = MoveOrder.Ordered(services, moves);
        var version = VersionFor(seen, wanted, services, author, now);
        var changes = Diff.Between(Current(seen), version);
        version = version with { Changes = changes };
        if (TooLarge(version) is { } problem)
        {
            return ApplyPlan.Refused(problem);
        }

        var running = wanted.Run ?? seen.Architecture?.Running ?? false;
        var plan = new Plan();
        if (changes.Count > 0 || running != seen.Architecture?.Running)
        {
            plan.Put(ArchitectureFor(seen, wanted, changes.Count > 0, running));
        }

        if (changes.Count > 0)
        {
            plan.Put(version).Say(
                $"architecture/{Architecture.TheName}", "Applied", $"version {version.Number}: {Count(changes.Count)}{(author.Message.Length > 0 ? $" ({author.Message})" : "")}");
        }

        if (running && seen.Architecture is { Running: false })
        {
            plan.Say($"architecture/{Architecture.TheName}", "Starting", "everything is to run");
        }

        PutServices(plan, seen, services);
        PutGateway(plan, seen, wanted.Spec.Gateway, wanted.BaseFolder);
        PutWatched(plan, seen, wanted);
        PutObserved(plan, seen, wanted);
        PutJobs(plan, seen, wanted);
        config.Write(plan);
        return new() { Writes = plan, Version = changes.Count > 0 ? version : null, Changes = changes, Moves = moves };
    }

    static Service ServiceFor(Service? seen, string name, ServiceSpec spec, Declaration wanted, ConfigDeclare config, DateTimeOffset now)
    {
        // A service that comes back while it is still being stopped keeps its instances, but what was asked of it went with its declaration.
        var asked = wanted.Scales.TryGetValue(name, out var scale) ? scale : seen is { Removed: false } ? seen.Scale : null;
        int? clamped = asked is { } number and not 0 ? Math.Clamp(number, spec.Instances.Min, spec.Instances.Max) : asked;
        var service = seen ?? new Service { Name = name, Spec = spec, BaseFolder = wanted.BaseFolder, Status = new() { Since = now } };
        service = service with
        {
            Spec = spec,
            BaseFolder = wanted.BaseFolder,
            Digest = spec.Build is null ? null : wanted.Digests.GetValueOrDefault(name),
            Scale = clamped,
            Settings = ConfigSettings.Of(spec.Config, wanted.Spec.Environment, config.After.GetValueOrDefault, seen?.Settings),
            // Where somebody gives the number back, scaling goes on from there.
            Auto = clamped is null && seen is { Removed: false, Scale: { } given } ? given : service.Auto,
            Removed = false,
        };

        // What was said about a release is not about the next one, though it may lead to the same software.
        return service.Release is not null && MoveOrder.IsOther(seen!, service) ? service with { Release = null } : service;
    }

    static ArchitectureVersion VersionFor(DeclaredState seen, Declaration wanted, Dictionary<string, Service> services, Author author, DateTimeOffset now)
    {
        var number = (seen.Architecture?.Version ?? 0) + 1;
        var version = new ArchitectureVersion
        {
            Name = number.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Number = number,
            At = now,
            By = author.Who,
            Message = author.Message,
            Title = wanted.Spec.Architecture,
            BaseFolder = wanted.BaseFolder,
        };
        return version.With(wanted.Spec, services.ToDictionary(s => s.Key, s => Versioned(s.Value), StringComparer.Ordinal));
    }

    // What is declared now, taken from the resources themselves and not from the last version: they are what runs.
    static ArchitectureVersion? Current(DeclaredState seen) => seen.ToDeclaration() is not { } declared ? null : (seen.Latest! with { BaseFolder = declared.BaseFolder })
        .With(declared.Spec, declared.Spec.Services.Keys.ToDictionary(name => name, name => Versioned(seen.Services[name]), StringComparer.Ordinal));

    static string Count(int changes) => changes == 1 ? "1 change" : $"{changes} changes";

    static VersionedService Versioned(Service service) => new(service.Spec, service.Digest, service.Scale);

    static Architecture ArchitectureFor(DeclaredState seen, Declaration wanted, bool changed, bool running)
    {
        var architecture = seen.Architecture ?? new Architecture { Name = Architecture.TheName, Title = wanted.Spec.Architecture };
        return architecture.With(wanted.Spec) with { Version = architecture.Version + (changed ? 1 : 0), Running = running };
    }

    static void PutServices(Plan plan, DeclaredState seen, Dictionary<string, Service> services)
    {
        foreach (var service in services.Values.OrderBy(s => s.Name, StringComparer.Ordinal))
        {
            if (service.Revision == 0 || !Codec.Same(service, seen.Services[service.Name]))
            {
                plan.Put(service);
            }
        }

        // Schedule stops and forgets what is marked so; deleting it here would orphan its instances.
        foreach (var gone in seen.Services.Values.Where(s => !s.Removed && !services.ContainsKey(s.Name)).OrderBy(s => s.Name, StringComparer.Ordinal))
        {
            plan.Put(gone with { Removed = true });
        }
    }

    static void PutGateway(Plan plan, DeclaredState seen, GatewaySpec wanted, string baseFolder)
    {
        var gateway = (seen.Gateway ?? new Gateway { Name = Gateway.TheName }).With(wanted) with { BaseFolder = baseFolder };
        if (seen.Gateway is null || !Codec.Same(seen.Gateway, gateway))
        {
            plan.Put(gateway);
        }

        foreach (var (name, spec) in wanted.Routes.OrderBy(r => r.Key, StringComparer.Ordinal))
        {
            var route = seen.Routes.GetValueOrDefault(name);
            if (route is null || !Codec.Same(route.Spec, spec))
            {
                plan.Put((route ?? new Route { Name = name, Spec = spec }) with { Spec = spec });
            }
        }

        foreach (var route in seen.Routes.Values.Where(r => !wanted.Routes.ContainsKey(r.Name)).OrderBy(r => r.Name, StringComparer.Ordinal))
        {
            plan.Delete(route);
        }
    }

    static void PutWatched(Plan plan, DeclaredState seen, Declaration wanted)
    {
        var declared = wanted.Spec.Watch ?? new Dictionary<string, WatchSpec>();
        foreach (var (name, spec) in declared.OrderBy(w => w.Key, StringComparer.Ordinal))
        {
            var before = seen.Watched.GetValueOrDefault(name);
            var watched = (before ?? new WatchedServer { Name = name, Spec = spec }) with { Spec = spec, BaseFolder = wanted.BaseFolder };
            if (before is null || !Codec.Same(before, watched))
            {
                plan.Put(watched);
            }
        }

        foreach (var gone in seen.Watched.Values.Where(w => !declared.ContainsKey(w.Name)).OrderBy(w => w.Name, StringComparer.Ordinal))
        {
            plan.Delete(gone);
        }
    }

    static void PutObserved(Plan plan, DeclaredState seen, Declaration wanted)
    {
        PutAll(
            plan, seen.Objectives, wanted.Spec.Objectives ?? new Dictionary<string, ObjectiveSpec>(),
            (before, name, spec) => (before ?? new() { Name = name, Spec = spec }) with { Spec = spec });
        PutAll(
            plan, seen.Rules, wanted.Spec.Rules ?? new Dictionary<string, RuleSpec>(),
            (before, name, spec) => (before ?? new() { Name = name, Spec = spec }) with { Spec = spec });
        PutAll(
            plan, seen.Receivers, wanted.Spec.Notify ?? new Dictionary<string, NotifySpec>(),
            (before, name, spec) => (before ?? new() { Name = name, Spec = spec }) with { Spec = spec, BaseFolder = wanted.BaseFolder });
        PutAll(
            plan, seen.Queues, wanted.Spec.Queues ?? new Dictionary<string, MessageQueueSpec>(),
            (before, name, spec) => (before ?? new() { Name = name, Spec = spec }) with { Spec = spec });
        PutAll(
            plan, seen.Flows, wanted.Spec.Flows ?? new Dictionary<string, FlowSpec>(),
            (before, name, spec) => (before ?? new() { Name = name, Spec = spec }) with { Spec = spec });
    }

    // As with services, the reconciler ends what is marked as removed: deleting it here would orphan its runs.
    static void PutJobs(Plan plan, DeclaredState seen, Declaration wanted)
    {
        var declared = wanted.Spec.Jobs ?? new Dictionary<string, JobSpec>();
        foreach (var (name, spec) in declared.OrderBy(j => j.Key, StringComparer.Ordinal))
        {
            var before = seen.Jobs.GetValueOrDefault(name);
            var job = (before ?? new Job { Name = name, Spec = spec, BaseFolder = wanted.BaseFolder }) with { Spec = spec, BaseFolder = wanted.BaseFolder, Removed = false };
            if (before is null || !Codec.Same(before, job))
            {
                plan.Put(job);
            }
        }

        foreach (var gone in seen.Jobs.Values.Where(j => !j.Removed && !declared.ContainsKey(j.Name)).OrderBy(j => j.Name, StringComparer.Ordinal))
        {
            plan.Put(gone with { Removed = true });
        }
    }

    static void PutAll<T, TSpec>(Plan plan, IReadOnlyDictionary<string, T> seen, IReadOnlyDictionary<string, TSpec> wanted, Func<T?, string, TSpec, T> make)
        where T : Resource
    {
        foreach (var (name, spec) in wanted.OrderBy(w => w.Key, StringComparer.Ordinal))
        {
            var before = seen.GetValueOrDefault(name);
            var after = make(before, name, spec);
            if (before is null || !Codec.Same(before, after))
            {
                plan.Put(after);
            }
        }

        foreach (var gone in seen.Values.Where(o => !wanted.ContainsKey(o.Name)).OrderBy(o => o.Name, StringComparer.Ordinal))
        {
            plan.Delete(gone);
        }
    }

    static Problem? TooLarge(ArchitectureVersion version)
    {
        var size = Codec.Encode(version).Length;
        return size <= StoreLimits.ValueBytes ? null : new(
            "",
            $"the architecture takes {size / (1024.0 * 1024):0.0} MiB with its changes, a version holds at most {StoreLimits.ValueBytes / (1024 * 1024)} MiB",
            "shorten commands and environment variables, change less at once, or split the architecture");
    }
}
