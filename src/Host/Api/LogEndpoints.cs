using Mainstay.Core.Kinds;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Host.Api;

/// <summary>What instances and builds wrote: the last lines, and with follow what comes.</summary>
/// <param name="data">The data folder; null where none is.</param>
public sealed class LogEndpoints(string? data, Mirror mirror, StreamGate gate, TimeProvider time, ApiLimits limits)
{
    const int MostTail = 100_000;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/logs", "Log lines of a service, an instance, a run of a job or a build, oldest first, one JSON object per line; as events `log` where text/event-stream is accepted.", LogsAsync)
        {
            Query =
            [
                ("service", "All instances of this service; exactly one of service, instance, run and build is given."),
                ("instance", "This instance."),
                ("run", "All tasks of this run of a job."),
                ("build", "This build."),
                ("tail", $"How many of the last lines; default 200, at most {MostTail}."),
                ("follow", "true: goes on with what comes."),
            ],
            MediaType = EventStream.Lines,
        },
    ];

    async Task<Answer?> LogsAsync(Call call)
    {
        var (service, instance, build, run) = (call.Query("service"), call.Query("instance"), call.Query("build"), call.Query("run"));
        var tail = call.Number("tail", 200, 0, MostTail);
        var follow = call.Flag("follow");
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        string?[] given = [service, instance, build, run];
        if (given.Count(g => g is not null) != 1)
        {
            return ProblemAnswer.BadRequest("the query does not say whose logs", "give exactly one of service, instance, run and build");
        }

        if (data is null)
        {
            return ProblemAnswer.NotFound("this server has no data folder, so it has no logs", "ask a server that was started with --data");
        }

        if (service is not null && mirror.Read(seen => seen.Get<Core.Kinds.Schedule.Service>(service)) is null)
        {
            return ProblemAnswer.NotFound($"there is no service '{service}'", "list them with GET /api/v1/services");
        }

        var (reader, selects) = build is not null
            ? (LogReader.OfBuilds(data), LogReader.NameIs(build))
            : (LogReader.OfInstances(data), service is not null ? LogReader.ServiceIs(service) : run is not null ? LogReader.RunIs(run) : LogReader.NameIs(instance!));
        var events = call.Request.Headers.Accept.ToString().Contains(EventStream.Events, StringComparison.OrdinalIgnoreCase);
        return await gate.ServeAsync(
            call,
            events ? EventStream.Events : EventStream.Lines,
            stream => RunAsync(stream, s => reader.ReadAsync(selects, tail, follow, s), events, call.Stop));
    }

    async Task RunAsync(EventStream stream, Func<CancellationToken, IAsyncEnumerable<LogLine>> lines, bool events, CancellationToken stop)
    {
        await foreach (var line in Heartbeat.With(lines, limits.Ping, time, stop))
        {
            if (events)
            {
                stream.Event(line is null ? "ping"u8 : "log"u8, line is null ? "{}"u8 : Codec.Encode(line));
            }
            else
            {
                stream.Line(line is null ? [] : Codec.Encode(line));
            }

            await stream.FlushAsync();
        }
    }
}
