using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Schedule.Decide;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Host.Api.Registry;

/// <summary>Makes the registry of what is declared, reported, registered and checked. Pure.</summary>
public static class RegistryBuilder
{
    public static RegistryView Build(Snapshot seen) =>
        new([.. seen.All<Service>().Where(s => !s.Removed).OrderBy(s => s.Name, StringComparer.Ordinal).Select(s => Of(s, seen))]);

    static RegisteredService Of(Service service, Snapshot seen)
    {
        var serving = (seen.Get<Endpoints>(service.Name)?.Items ?? []).Select(e => e.Instance).ToHashSet(StringComparer.Ordinal);
        RegisteredInstance[] instances =
        [
            .. seen.Group<Instance>(service.Name).OrderBy(i => i.Name.Length).ThenBy(i => i.Name, StringComparer.Ordinal).Select(i => Own(i, serving, seen.Get<HostRecord>(i.Host)?.Zone)),
            .. Others(service, seen, serving),
        ];
        return new(
            service.Name, service.Spec.External is not null ? "external" : service.Spec.Image is not null ? "container" : "process",
            service.Spec.Criticality, service.Status.State, service.Status.Reason, service.Status.Message, service.Status.Wanted, service.Status.Ready,
            [
                .. instances.GroupBy(i => i.Version, StringComparer.Ordinal).OrderByDescending(g => VersionOf(g.Key)).ThenBy(g => g.Key, StringComparer.Ordinal)
                    .Select(g => new RegisteredVersion(g.Key, g.Count(), g.Count(i => i.State == "ready"))),
            ],
            instances);
    }

    static SemanticVersion? VersionOf(string text) => SemanticVersion.TryParse(text, out var version) ? version : null;

    static RegisteredInstance Own(Instance instance, HashSet<string> serving, string? zone)
    {
        var status = instance.Status;
        var state = instance.Goal == InstanceGoal.Drain && status.State == InstanceState.Ready ? "draining" : status.State.ToString().ToLowerInvariant();
        return new(instance.Name, status.Endpoint, instance.Template.Version, state, serving.Contains(instance.Name), status.State == InstanceState.Ready ? status.ReadyAt : status.StartedAt, status.State == InstanceState.Ready ? "" : status.Message)
        {
            Host = instance.Host, Zone = zone,
        };
    }

    static IEnumerable<RegisteredInstance> Others(Service service, Snapshot seen, HashSet<string> serving)
    {
        var registrations = seen.Group<Registration>(service.Name);
        var checks = (seen.Get<Vitals>(service.Name)?.Items ?? []).ToLookup(v => (v.Id, v.Given));
        foreach (var member in External.Members(service, registrations))
        {
            var registered = registrations.FirstOrDefault(r => r.Id == member.Id);
            Vital[] vitals = [.. checks[(member.Id, member.Given)]];
            foreach (var vital in vitals.DefaultIfEmpty(new(member.Id, member.Given, "", VitalState.Unknown, default, "not checked yet")))
            {
                var name = External.NameOf(service.Name, vital, vitals.Length < 2);
                var state = vital.State switch { VitalState.Passing => "ready", VitalState.Failing => "unhealthy", _ => "starting" };
                yield return new(name, vital.Address.Length > 0 ? vital.Address : member.Given, member.Version, state, serving.Contains(name), vital.Since == default ? null : vital.Since, vital.Message)
                {
                    Source = registered is null ? "declared" : "registered", Id = registered?.Id, Ttl = registered?.Ttl, RegisteredBy = registered?.By, Labels = registered?.Labels,
                };
            }
        }
    }
}
