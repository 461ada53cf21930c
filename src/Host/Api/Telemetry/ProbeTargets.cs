using System.Net;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Observe.Drivers;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>Whom to ask for figures: the watched servers, and the instances of services that declare a probe.</summary>
public sealed class ProbeTargets(Mirror mirror)
{
    /// <summary>Those of now.</summary>
    public IReadOnlyList<ProbeTarget> Now() => mirror.Read(seen =>
    {
        var targets = seen.All<WatchedServer>().Where(w => w.Spec.Url() is not null).Select(Of).ToList();
        var probed = seen.All<Service>().Where(s => s.Spec.Probe is not null && !s.Removed).ToDictionary(s => s.Name, StringComparer.Ordinal);
        if (probed.Count > 0)
        {
            // What listens on loopback of another machine is not asked, and not this machine's in its place.
            targets.AddRange(seen.All<Instance>().Where(i => i.Status.Pid > 0 && probed.ContainsKey(i.Service) && (i.Host == Roles.RoleSettings.HostName || seen.Get<Core.Kinds.Schedule.Host>(i.Host)?.Mesh is null)).Select(i => Of(i, probed[i.Service])).OfType<ProbeTarget>());
        }

        return targets;
    });

    static ProbeTarget Of(WatchedServer watched)
    {
        var spec = watched.Spec;
        return new(watched.Name, watched.Name, spec.Kind, spec.Url()!, spec.Path, spec.User, Place(spec.Password, watched.BaseFolder), spec.Database, spec.Every);
    }

    static ProbeTarget? Of(Instance instance, Service service)
    {
        var probe = service.Spec.Probe!;
        return IPEndPoint.TryParse(instance.Status.Endpoint, out var end) && (probe.Port ?? end.Port) is > 0 and var port
            ? new(
                instance.Name, instance.Service, probe.Kind, new Uri($"http://{new IPEndPoint(end.Address, port)}"), probe.Path, probe.User, Place(probe.Password, service.BaseFolder),
                probe.Database, probe.Every)
            : null;
    }

    static string? Place(string? password, string folder) => password is null ? null : SecretPlace.Under(password, folder);
}
