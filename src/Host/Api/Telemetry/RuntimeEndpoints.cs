using Mainstay.Core.Kinds;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Query;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>How hosts, instances and middleware stand, once or as events each second.</summary>
public sealed class RuntimeEndpoints
{
    readonly ServerServices services;
    readonly ProbeRunner probes;
    readonly StreamGate gate;
    readonly ApiLimits limits;
    readonly Broadcast broadcast;

    public RuntimeEndpoints(ServerServices services, ProbeRunner probes, StreamGate gate, ApiLimits limits)
    {
        (this.services, this.probes, this.gate, this.limits) = (services, probes, gate, limits);
        broadcast = new(() => Codec.Encode(View()), _ => Task.CompletedTask, limits.MapEvery, services.Time, services.OnFault);
    }

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/runtime", "CPU, memory, disks and runtimes of hosts, instances and middleware; with watch=true an event `runtime` each second.", ServeAsync)
        {
            Query = [("watch", "true: server-sent events.")],
            Answer = typeof(RuntimeView),
        },
    ];

    RuntimeView View()
    {
        var now = services.Time.GetUtcNow();
        return RuntimeBuilder.Build(services.Samples, KeyFigures.Complete(services.Samples, probes.Standing(), now), now);
    }

    async Task<Answer?> ServeAsync(Call call)
    {
        var watch = call.Flag("watch");
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        if (!watch)
        {
            return Answer.Json(View());
        }

        return await gate.ServeAsync(call, EventStream.Events, async stream =>
        {
            await foreach (var frame in Heartbeat.With(broadcast.ReadAsync, limits.Ping, services.Time, call.Stop))
            {
                stream.Event(frame is null ? "ping"u8 : "runtime"u8, frame is null ? "{}"u8 : frame.Json);
                await stream.FlushAsync();
            }
        });
    }
}
