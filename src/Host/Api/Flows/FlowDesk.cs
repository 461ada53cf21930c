using Mainstay.Host.Api.Agents;
using Mainstay.Host.Roles;
using Mainstay.State.Flows;

namespace Mainstay.Host.Api.Flows;

/// <summary>The parts of flows, and when they begin: runs of a former server go on once it is known where services are.</summary>
public sealed class FlowDesk : IAsyncDisposable
{
    readonly Mirror mirror;
    readonly FlowEngine engine;
    readonly FlowEndpoints? endpoints;
    readonly FlowSpans spans;

    public FlowDesk(ServerServices services, Mirror mirror, EventNames events)
    {
        this.mirror = mirror;
        var data = new DataLayout(services.Data ?? ".");
        spans = new FlowSpans(services.Telemetry);
        var (catalog, waiters) = (new FlowCatalog(mirror), new FlowWaiters());
        engine = new FlowEngine(new()
        {
            Path = services.Flows is null ? data.Flows : data.FlowsCopy,
            Shared = services.Flows,
            Time = services.Time,
            Caller = new HttpFlowCaller(catalog.WayTo, services.Time),
            OnFault = services.OnFault ?? ((_, _) => { }),
            OnEnded = (run, rows) =>
            {
                waiters.Ended(run);
                spans.Ended(run, rows);
            },
        });
        // Without a data folder nothing could be durable.
        endpoints = services.Data is null ? null : new FlowEndpoints(engine, catalog, waiters, services.Store, services.Kinds, services.Time, events);
    }

    public IEnumerable<ApiRoute> Routes() => endpoints?.Routes().Select(r => r with { Handle = call => WhenReadyAsync(call, r.Handle) }) ?? [];

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (!await mirror.ReachAsync(0, stop))
            {
            }

            if (endpoints is not null)
            {
                engine.Resume();
            }

            await spans.RunAsync(stop);
        }
        finally
        {
            await DisposeAsync();
        }
    }

    /// <summary>Copies all runs to a file that is not there; false where there are none.</summary>
    public Task<bool> CopyAsync(string path, CancellationToken stop) => engine.CopyAsync(path, stop);

    /// <summary>Calls under way are given up; the next server makes them again.</summary>
    public ValueTask DisposeAsync() => engine.DisposeAsync();

    async Task<Answer?> WhenReadyAsync(Call call, Func<Call, Task<Answer?>> handle) =>
        await mirror.ReachAsync(0, call.Stop, TimeSpan.FromSeconds(5)) ? await handle(call) : ProblemAnswer.Unavailable("the server has not read its store yet", "try again");
}
