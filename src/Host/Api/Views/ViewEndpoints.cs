using Mainstay.Core.Kinds;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Gateways;
using Mainstay.Host.Api.Observe;
using Mainstay.Host.Api.Telemetry;
using Mainstay.Observe.Ingest;
using Mainstay.Observe.Query;

namespace Mainstay.Host.Api.Views;

/// <summary>Status and map, once or as events. Both are made from memory; as events they are made once for all who listen.</summary>
public sealed class ViewEndpoints
{
    readonly Mirror mirror;
    readonly GatewayNodes gateways;
    readonly EdgeStatistics statistics;
    readonly TelemetryIntake telemetry;
    readonly StreamGate gate;
    readonly IStore store;
    readonly TimeProvider time;
    readonly ApiLimits limits;
    readonly Signal touched = new();
    readonly Broadcast status;
    readonly Broadcast map;
    readonly Func<MapJudgement> judged;
    MadeMap? lastMap;

    public ViewEndpoints(
        IStore store, Mirror mirror, GatewayNodes gateways, EdgeStatistics statistics, TelemetryIntake telemetry, StreamGate gate, TimeProvider time, ApiLimits limits, Func<MapJudgement> judged, Action<string, Exception>? onFault)
    {
        this.judged = judged;
        (this.store, this.mirror, this.gateways, this.statistics) = (store, mirror, gateways, statistics);
        (this.telemetry, this.gate, this.time, this.limits) = (telemetry, gate, time, limits);
        mirror.Subscribe(_ => 0, (_, _) => touched.Set());
        status = new(() => Codec.Encode(Status()), touched.WaitAsync, limits.StatusEvery, time, onFault);
        map = new(MapBytes, _ => Task.CompletedTask, limits.MapEvery, time, onFault);
    }

    /// <summary>Says how the cluster stands; null where there is none.</summary>
    public Func<string>? Cluster { get; init; }

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/status", "How everything stands; with watch=true an event `status` on every change, at most five a second.", c => ServeAsync(c, status, "status", Status))
        {
            Query = Watch,
            Answer = typeof(StatusView),
        },
    ];

    static IReadOnlyList<(string, string)> Watch { get; } = [("watch", "true: server-sent events.")];

    /// <summary>How many payloads were made for events.</summary>
    public long Made => status.Made + map.Made;

    /// <summary>Answers with the live map, once or as events.</summary>
    public Task<Answer?> ServeMapAsync(Call call) => ServeAsync(call, map, "map", Map);

    StatusView Status()
    {
        var standing = gateways.Standing();
        return mirror.Read(seen => StatusBuilder.Build(seen, standing)) with { Findings = judged().Findings, Cluster = Cluster?.Invoke() };
    }

    MapView Map()
    {
        var (plain, judgement) = (Plain(), judged());
        return plain with
        {
            Findings = judgement.Findings,
            Nodes = [.. plain.Nodes.Select(n => judgement.Levels.TryGetValue(n.Id, out var level) && level > n.Criticality ? n with { Inherited = level } : n)],
        };
    }

    /// <summary>The map as it flows, not judged.</summary>
    public MapView Plain()
    {
        var (standing, edges, instances, now) = (gateways.Standing(), statistics.Edges(), statistics.Instances(), time.GetUtcNow());
        telemetry.Spans.Advance();
        var traced = new TracedCalls(telemetry.Traced.Edges(), telemetry.Spans.Kinds());
        return mirror.Read(seen => MapBuilder.Build(seen, edges, instances, standing, now, traced));
    }

    // The time of making always differs and the revision often; a map that differs in nothing else is not news.
    byte[] MapBytes()
    {
        var view = Map();
        var content = Codec.Encode(view with { At = default, Revision = 0 });
        var last = lastMap;
        if (last is null || !content.AsSpan().SequenceEqual(last.Content))
        {
            lastMap = last = new(content, Codec.Encode(view));
        }

        return last.Json;
    }

    async Task<Answer?> ServeAsync<T>(Call call, Broadcast broadcast, string name, Func<T> now)
    {
        var watch = call.Flag("watch");
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        // Whoever was told that a write succeeded sees it.
        await mirror.ReachAsync(store.Revision, call.Stop);
        if (!watch)
        {
            return Answer.Json(now());
        }

        var word = System.Text.Encoding.ASCII.GetBytes(name);
        return await gate.ServeAsync(call, EventStream.Events, async stream =>
        {
            await foreach (var frame in Heartbeat.With(broadcast.ReadAsync, limits.Ping, time, call.Stop))
            {
                stream.Event(frame is null ? "ping"u8 : word, frame is null ? "{}"u8 : frame.Json);
                await stream.FlushAsync();
            }
        });
    }

    sealed record MadeMap(byte[] Content, byte[] Json);
}
