using Mainstay.Core.Kinds;
using Mainstay.Core.Store;
using Mainstay.Observe.Ingest;

namespace Mainstay.Host.Api.Traffic;

/// <summary>How traffic stands, once or as events each second.</summary>
public sealed class TrafficEndpoints
{
    readonly IStore store;
    readonly Mirror mirror;
    readonly EdgeStatistics routes;
    readonly EdgeStatistics edges;
    readonly PolicyBoard policies;
    readonly StreamGate gate;
    readonly TimeProvider time;
    readonly ApiLimits limits;
    readonly Broadcast broadcast;

    public TrafficEndpoints(ServerServices services, Mirror mirror, PolicyBoard policies, StreamGate gate, ApiLimits limits)
    {
        (store, time, routes, edges) = (services.Store, services.Time, services.Routes, services.Edges);
        (this.mirror, this.policies, this.gate, this.limits) = (mirror, policies, gate, limits);
        broadcast = new(() => Codec.Encode(View()), _ => Task.CompletedTask, limits.MapEvery, time, services.OnFault);
    }

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/traffic", "Routes and needs with their figures, policies, interventions and what happened lately; with watch=true an event `traffic` each second.", TrafficAsync)
        {
            Query = [("watch", "true: server-sent events.")],
            Answer = typeof(TrafficView),
        },
    ];

    TrafficView View()
    {
        var (now, reports, notices) = (time.GetUtcNow(), policies.Policies(), policies.Notices());
        return mirror.Read(seen => TrafficBuilder.Build(seen, routes, edges, reports, notices, now));
    }

    async Task<Answer?> TrafficAsync(Call call)
    {
        var watch = call.Flag("watch");
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        await mirror.ReachAsync(store.Revision, call.Stop);
        if (!watch)
        {
            return Answer.Json(View());
        }

        return await gate.ServeAsync(call, EventStream.Events, async stream =>
        {
            await foreach (var frame in Heartbeat.With(broadcast.ReadAsync, limits.Ping, time, call.Stop))
            {
                stream.Event(frame is null ? "ping"u8 : "traffic"u8, frame is null ? "{}"u8 : frame.Json);
                await stream.FlushAsync();
            }
        });
    }
}
