using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Observe.Query;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Host.Api.Views;

/// <summary>Makes the status of what is declared and reported. Pure.</summary>
public static class StatusBuilder
{
    /// <summary>Everything in ordinal order of names.</summary>
    public static StatusView Build(Snapshot seen, GatewayStanding gateway) => new(
        seen.Get<Architecture>(Architecture.TheName) is { } a ? new(a.Title, a.Environment, a.Version, a.Running) : null,
        [.. seen.All<Service>().OrderBy(s => s.Name, StringComparer.Ordinal).Select(s => Of(s, seen.Get<Architecture>(Architecture.TheName) is { Running: true }, seen.Group<Instance>(s.Name)))],
        seen.Get<Gateway>(Gateway.TheName) is { } g ? new(g.Listen, gateway.State, gateway.Reason, gateway.Message, gateway.TableRevision) : null,
        [.. seen.All<HostRecord>().OrderBy(h => h.Name, StringComparer.Ordinal).Select(h => new HostStatus(h.Name, h.State, h.Address))]);

    static ServiceStatusView Of(Service service, bool running, IReadOnlyList<Instance> instances)
    {
        var status = service.Status;
        return new(
            service.Name,
            status.Version ?? service.Spec.Version,
            service.Spec.Criticality,
            status.State,
            status.Reason,
            status.Message,
            status.Since,
            status.Wanted,
            status.Ready,
            status.Observed == service.Asked(running),
            [.. instances.Select(Of)]);
    }

    static InstanceStatusView Of(Instance instance)
    {
        var status = instance.Status;
        return new(
            instance.Name,
            status.Pid,
            status.Endpoint,
            instance.Host,
            status.State,
            status.Reason,
            status.Message,
            instance.Template.Version,
            status.Restarts,
            status.StartedAt);
    }
}
