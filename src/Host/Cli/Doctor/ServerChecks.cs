using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;
using Mainstay.Host.Cli.Progress;

namespace Mainstay.Host.Cli.Doctor;

/// <summary>Whether the server answers, and what it says of services and hosts.</summary>
static class ServerChecks
{
    static readonly TimeSpan MostSkew = TimeSpan.FromSeconds(2);

    public static async Task<IReadOnlyList<Finding>> RunAsync(Session session, CancellationToken stop)
    {
        var began = session.Time.GetTimestamp();
        var status = await session.Client.StatusAsync(stop);
        var took = session.Time.GetElapsedTime(began);
        var map = await session.Client.GetAsync<MapView>("map", stop);
        var traffic = await session.Client.GetAsync<TrafficView>("traffic", stop);
        return
        [
            Finding.Ok("API", $"{session.Client.Server} answered in {Quantities.Milliseconds(took.TotalMilliseconds)}"),
            Clock(map.At - session.Time.GetUtcNow()),
            .. status.Cluster is null ? [] : Servers(await session.Client.GetAsync<Api.State.StoreView>("store", stop)),
            .. GatewayPort(session, status),
            .. status.Hosts.Select(Host),
            .. Services(status),
            .. Certificates(traffic),
        ];
    }

    static Finding Clock(TimeSpan skew) => skew.Duration() > MostSkew
        ? Finding.Warning("clock", $"the server's differs by {Quantities.Elapsed(skew.Duration())}", "set both clocks by NTP: times in logs and timeouts depend on them")
        : Finding.Ok("clock", "the same as the server's");

    static IEnumerable<Finding> Servers(Api.State.StoreView store)
    {
        foreach (var server in store.Servers)
        {
            yield return server.State switch
            {
                "well" => Finding.Ok($"server {server.Name}", $"{(server.Leads ? "acts" : "stands by")}; its member {server.Address} is {server.Role}"),
                "away" => Finding.Bad($"server {server.Name}", $"its member {server.Address} does not answer", $"start that server again, or take it out for good with 'mainstay server remove {server.Name}'"),
                "learner" => Finding.Warning($"server {server.Name}", "is being taken in and has no vote yet", "wait"),
                _ => Finding.Bad($"server {server.Name}", $"its member {server.Address} is {server.State}", "see logs/roles/etcd.log in the data folder of that server"),
            };
        }

        if (store.Servers.Count > 0 && (!store.Writable || store.Spare is null or < 1))
        {
            yield return new("cluster", store.Writable ? Severity.Warning : Severity.Bad, Verbs.ServerVerb.Verdict(store), store.Writable ? "join servers until there are three: 'mainstay server token' says how" : "start the servers that are away");
        }
    }

    static Finding Host(HostView host) => host.State == HostState.Ready
        ? Finding.Ok($"host {host.Name}", $"its agent reports from {host.Address}")
        : Finding.Bad($"host {host.Name}", "its agent does not report", "see logs/roles/agent in the data folder of that host");

    static IEnumerable<Finding> Services(StatusView status)
    {
        if (status.Services.Count > 0 && status.Services.All(Verdict.IsThere))
        {
            yield return Finding.Ok("services", $"{Quantities.Count(status.Services.Count, "service stands", "services stand")} as declared");
        }

        foreach (var service in status.Services.Where(s => !Verdict.IsThere(s)))
        {
            var what = $"{service.State}, {service.Ready} of {service.Wanted} ready: {Transition.Why(service)}";
            yield return Verdict.IsBroken(service)
                ? Finding.Bad($"service {service.Name}", what, FailureAid.NextStepOf(service))
                : Finding.Warning($"service {service.Name}", what, FailureAid.NextStepOf(service));
        }
    }

    // What a gateway reads of files is as it says; several gateways have the same files.
    static IEnumerable<Finding> Certificates(TrafficView traffic) => (traffic.Door ?? []).Concat(traffic.Ways.SelectMany(w => w.Policies))
        .Where(p => p.Policy.StartsWith("certificate ", StringComparison.Ordinal)).DistinctBy(p => p.Policy).Select(p => p.State switch
        {
            "valid" => Finding.Ok(p.Policy, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{p.Numbers.GetValueOrDefault("daysLeft"):0} days left")),
            "expiring" => Finding.Warning(p.Policy, p.Why, "renew it: gateways read the new files within a second"),
            _ => Finding.Bad(p.Policy, p.Why, "put a good certificate with its key in the place of its files: gateways read them within a second"),
        });

    // Only where the processes of this data folder are known can it be said whose the port should be.
    static IEnumerable<Finding> GatewayPort(Session session, StatusView status)
    {
        var machine = session.Environment.Machine;
        var ours = session.Server is null ? RoleChecks.Pids(machine, session.DataFolder) : [];
        return status.Gateway is { } gateway && ours.Count > 0 ? [RoleChecks.Port(machine, "gateway", gateway.Listen, ours)] : [];
    }
}
