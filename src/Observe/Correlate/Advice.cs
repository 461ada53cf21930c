using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;

namespace Mainstay.Observe.Correlate;

/// <summary>
/// What to do about a cause: the cause decides. More instances where processors are short, fewer requests where a database is slow (never more instances), one instance after the other
/// where a runtime is short of memory, the last change undone where it is the change. What neither Schedule nor Traffic can do is said in words. Pure.
/// </summary>
public static class Advice
{
    /// <summary>The level from which requests are admitted when the lesser ones are to be kept away: high and critical.</summary>
    public const int AdmitHigh = 3 * 128;

    // What users notice least comes first.
    static readonly string[] Mildest = [DegradeSpec.ServeStaleName, DegradeSpec.MinimalName, DegradeSpec.DropOptionalName, DegradeSpec.FallbackName, DegradeSpec.OffName];

    /// <summary>The actions for an incident, the best first; none where the cause is not known.</summary>
    public static IReadOnlyList<IncidentAction> For(Incident incident, Snapshot seen)
    {
        if (incident.Causes is not [var cause, ..])
        {
            return [];
        }

        var (kind, name) = cause.Target.IndexOf('/', StringComparison.Ordinal) is > 0 and var at ? (cause.Target[..at], cause.Target[(at + 1)..]) : ("", cause.Target);
        var hurt = Hurt(incident, seen);
        var burner = cause.Kind == "cpu" ? incident.Causes.FirstOrDefault(c => c.Kind == "instance")?.Target["instance/".Length..] : null;
        var service = kind switch
        {
            "service" => seen.Get<Service>(name),
            "instance" => seen.Get<Instance>(name) is { } instance ? seen.Get<Service>(instance.Service) : null,
            "host" => hurt.FirstOrDefault(s => seen.Group<Instance>(s.Name).Any(i => i.Host == name)),
            _ => null,
        };
        return [.. Burning(burner, seen).Concat(Of(cause.Kind, name, service, hurt, seen)).Where(a => ActionDecide.ModeOf(a, seen).Mode != InterventionMode.Off).Index().Select(a => a.Item with { Id = $"a{a.Index + 1}" })];
    }

    static IEnumerable<IncidentAction> Of(string kind, string name, Service? service, List<Service> hurt, Snapshot seen) => kind switch
    {
        "cpu" => Processors(name, service, hurt, seen),
        "surge" or "threadPool" when service is not null => Out(service, "more instances take more requests", seen).Concat(Shed(hurt, "the most important requests go first")),
        "surge" => Shed(hurt, "the most important requests go first"),
        "backlog" => Consumers(name, seen),
        "slowStatement" or "rowLock" or "slowStore" => Degrade(hurt, seen).Concat(Shed(hurt, "fewer requests reach the database; more instances would only ask it more")),
        "connectionPool" => Shed(hurt, "fewer requests hold connections; more instances would only take more of them"),
        "databaseDown" or "cacheDown" or "queueDown" => Degrade(hurt, seen).Append(Again(name, seen)),
        "gc" when service is not null => [Restart(service, "its instances are replaced one after the other, with empty heaps; raise its memory if it comes back")],
        "instance" when service is not null => OneOf(service, name, seen),
        "change" when service is not null => [new("", "rollback", $"service/{service.Name}", $"undo the change: {service.Name} goes back to what it was before, with whoever has to go along", $"mainstay history; mainstay rollback {service.Name} N") { Argument = "" }],
        "intervention" when service is not null => seen.All<Intervention>().Where(i => i.About == $"service/{service.Name}" || i.About.EndsWith($".{service.Name}", StringComparison.Ordinal)).OrderBy(i => i.Name, StringComparer.Ordinal)
            .Select(i => Say(i.About, $"end the intervention: {i.Act()}") with { Do = "end", How = $"mainstay intervention end {i.Name}" }),
        "serviceDown" when service is not null => [Say($"service/{service.Name}", "see why it ends") with { How = $"mainstay logs {service.Name}" }],
        "lock" when service is not null => [Say($"service/{service.Name}", "its threads wait for each other: more instances share the work, where they do not share the lock") with { Do = "scale", How = $"mainstay scale {service.Name} {service.Wanted() + 1}" }],
        "cpuThrottled" => [Say(name, "raise the limit of the control group that holds it back")],
        "cpuSteal" => [Say(name, "move work to another host: the machine below gives this one less time")],
        "disk" => [Say(name, "find what reads or writes so much: 'mainstay top instances'") with { How = "mainstay top instances" }],
        "memory" => [Say(name, "give the host more memory, or run less on it: 'mainstay top instances'") with { How = "mainstay top instances" }],
        "network" => [Say(name, "look at the host's network: packets are lost or broken")],
        "external" => Degrade(hurt, seen).Append(Say(name, "it is not ours: a breaker with a fallback on what calls it keeps the rest well")),
        _ => [],
    };

    // What burns processors and is slow beside its peers, which have the same to do, is broken: more instances would not help it.
    static IEnumerable<IncidentAction> Burning(string? instance, Snapshot seen) =>
        instance is not null && seen.Get<Instance>(instance) is { } one && seen.Get<Service>(one.Service) is { } service ? OneOf(service, instance, seen) : [];

    static IEnumerable<IncidentAction> Processors(string host, Service? service, List<Service> hurt, Snapshot seen)
    {
        var others = seen.All<Core.Kinds.Schedule.Host>().Any(h => h.Name != host && h.State == HostState.Ready);
        return service is not null && others
            ? Out(service, $"{host} has no processor time left, another host takes a part", seen)
            : Shed(hurt, $"{host} has no processor time left, and there is no other host: the most important requests go first");
    }

    static IEnumerable<IncidentAction> Out(Service service, string why, Snapshot seen) =>
        service is { Spec.Scale: not null, Scale: null } && service.Wanted() < service.Spec.Instances.Max
            ? [Say($"service/{service.Name}", $"{service.Name} scales by itself: {why}") with { How = $"mainstay why scale {service.Name}" }]
        : service.Wanted() < service.Spec.Instances.Max && service.Scale != 0
            ? [new("", "scale", $"service/{service.Name}", $"run {service.Wanted() + 1} instances of {service.Name}: {why}", $"mainstay scale {service.Name} {service.Wanted() + 1}", $"mainstay scale {service.Name} {service.Wanted()}") { Argument = Number(service.Wanted() + 1) }]
            : [Say($"service/{service.Name}", $"{service.Name} already runs all {service.Spec.Instances.Max} instances that it may")];

    // A server that answers nobody: by whom it is run says what can be done.
    static IncidentAction Again(string name, Snapshot seen) =>
        seen.Get<Service>(name) is not { Removed: false } service ? Say(name, $"start {name} again: Mainstay does not run it")
        : service.Wanted() == 0 ? Say($"service/{name}", $"start {name}: it is scaled to none") with { How = $"mainstay scale {name} 1" }
        : service.Status.Ready == 0 ? Say($"service/{name}", $"see why {name} is not ready") with { How = $"mainstay logs {name}" }
        : Restart(service, "it runs and answers nobody");

    static IEnumerable<IncidentAction> Consumers(string queue, Snapshot seen) =>
        [Say($"queue/{queue}", "run more of what takes from it, where it has processor time left and its database is not what it waits for")];

    // Only where levels are declared does a limit know whom to keep away.
    static IEnumerable<IncidentAction> Shed(List<Service> hurt, string why) =>
        hurt.Where(s => s.Spec.Traffic is { Levels: not null }).Take(1)
            .Select(s => new IncidentAction("", "admit", $"service/{s.Name}", $"admit only what is of high criticality to {s.Name}: {why}", $"mainstay intervention begin service/{s.Name} --admit {AdmitHigh} --reason '…'") { Argument = Number(AdmitHigh) })
            .DefaultIfEmpty(Say(hurt.Count > 0 ? $"service/{hurt[0].Name}" : "", $"limit the requests to {(hurt.Count > 0 ? hurt[0].Name : "what is hurt")}: {why}; declare 'traffic: {{ levels }}' so that it can be done by criticality"));

    static IEnumerable<IncidentAction> Degrade(List<Service> hurt, Snapshot seen) =>
        seen.All<Route>().Where(r => r.Spec.Degrade is not null && hurt.Exists(s => r.Spec.Services.Contains(s.Name))).OrderBy(r => r.Name, StringComparer.Ordinal)
            .SelectMany(r => Mildest.Intersect(r.Spec.Degrade!.Names()).Take(1).Select(name => new IncidentAction(
                "", "degrade", $"route/{r.Name}", $"throw the degradation {name} on {r.Name}: it asks less of what is behind", $"mainstay intervention begin route/{r.Name} --degrade {name} --reason '…'") { Argument = name }));

    // One that serves alone can only be restarted with all others of its service.
    static IEnumerable<IncidentAction> OneOf(Service service, string name, Snapshot seen) =>
        seen.Group<Instance>(service.Name).Any(i => i.Name != name && i.Goal == InstanceGoal.Run && i.Status.State == InstanceState.Ready)
            ?
            [
                new("", "replace", $"service/{service.Name}", $"replace {name}: it gets no more requests, and another takes its place", $"mainstay restart {service.Name} --only {name}") { Argument = name },
                new("", "eject", $"service/{service.Name}", $"keep requests from {name} for a while: it runs on and can be looked at", $"mainstay intervention begin service/{service.Name} --eject {name} --reason '…'") { Argument = name },
            ]
            : [Restart(service, $"{name} is replaced with the others, one after the other")];

    static IncidentAction Restart(Service service, string why) =>
        new("", "restart", $"service/{service.Name}", $"restart {service.Name}: {why}", $"mainstay restart {service.Name}") { Argument = "" };

    static string Number(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    static IncidentAction Say(string about, string text) => new("", "advice", about, text);

    // The services that are felt, those behind routes first, the most critical first.
    static List<Service> Hurt(Incident incident, Snapshot seen)
    {
        var names = incident.Symptoms.SelectMany(s => s.Subject.Split('/', 2) switch
        {
            ["route", var route] => seen.Get<Route>(route)?.Spec.Services ?? [],
            ["service", var name] => [name],
            _ => [],
        });
        return [.. names.Distinct(StringComparer.Ordinal).Select(seen.Get<Service>).OfType<Service>().Where(s => !s.Removed)];
    }
}
