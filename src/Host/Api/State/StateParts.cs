using Mainstay.Host.Api.Agents;
using Mainstay.Host.Api.Config;
using Mainstay.Host.Api.Flows;

namespace Mainstay.Host.Api.State;

/// <summary>What services get from the server for their own state: ids, locks, queues, event streams, flows, configuration and secrets.</summary>
public sealed class StateParts
{
    public StateParts(ApiOptions options, ServerServices services, Mirror mirror, EventNames events, StreamGate gate)
    {
        var (store, kinds, time) = services;
        var locks = new LockEndpoints(store, kinds, time, events, options.InternalToken);
        var streams = new StreamHouse(services);
        var queues = new QueueHouse(services, mirror, streams);
        var flows = new FlowDesk(services, mirror, events);
        (var config, var configuring, Staging, var secrets) = ConfigHouse.Parts(services, mirror, events, options.InternalToken);
        var requests = new RequestEndpoints(services, mirror, secrets);
        Loops = [locks.Keeper.RunAsync, queues.RunAsync, streams.RunAsync, flows.RunAsync, requests.RunAsync, .. configuring];
        Routes =
        [
            .. new IdEndpoints(store, kinds, time).Routes(),
            .. locks.Routes(),
            .. new QueueEndpoints(services, queues).Routes(),
            .. new StreamEndpoints(services, streams, new(streams, gate, options.Limits)).Routes(),
            .. flows.Routes(),
            .. requests.Routes(),
            .. config,
            .. new StoreEndpoints(store, time, services.Data, [("streams", streams.CopyAsync), ("queues", queues.CopyAsync), ("flows", flows.CopyAsync)]).Routes(),
            .. new ServerEndpoints(services, events).Routes(),
        ];
    }

    public IReadOnlyList<ApiRoute> Routes { get; }

    /// <summary>Judges publishes that go out in stages.</summary>
    public ConfigStager Staging { get; }

    /// <summary>What goes on by itself, until stopped.</summary>
    public IReadOnlyList<Func<CancellationToken, Task>> Loops { get; }
}
