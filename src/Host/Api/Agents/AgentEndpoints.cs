using Mainstay.Core.Kinds;
using Mainstay.Core.Store;

namespace Mainstay.Host.Api.Agents;

/// <summary>The endpoints that agents use: their work as lines of JSON, and their reports.</summary>
public sealed class AgentEndpoints(IStore store, Mirror mirror, ReportIntake reports, HostWatch hosts, ExecDesk execs, StreamGate gate, TimeProvider time, ApiLimits limits)
{
    /// <summary>Between empty lines on a quiet stream of work; an agent gives a stream up after 6 s without a byte.</summary>
    public static readonly TimeSpan Beat = TimeSpan.FromSeconds(2);

    /// <summary>The most instances, and the most builds, in one report: a report is one commit.</summary>
    public const int MostReported = 2000;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/internal/v1/agents/{host}/work", "What the host's agent is to do: everything, then changes.", WorkAsync) { MediaType = EventStream.Lines },
        new("POST", "/internal/v1/agents/{host}/report", "What the host's agent saw.", ReportAsync) { Body = typeof(AgentReport), BodyBytes = limits.InternalBytes },
    ];

    async Task<Answer?> WorkAsync(Call call)
    {
        var host = call.Path("host");
        if (Wrong(call, host) is { } wrong)
        {
            return wrong;
        }

        // An empty mirror would read as "nothing is yours", and the agent would stop everything.
        if (!await mirror.ReachAsync(store.Revision, call.Stop))
        {
            return ProblemAnswer.Unavailable("the server is still reading its store", "connect again in a moment");
        }

        return await gate.ServeAsync(call, EventStream.Lines, stream => RunAsync(stream, host, call.Stop));
    }

    async Task RunAsync(EventStream stream, string host, CancellationToken stop)
    {
        using var feed = new WorkFeed(mirror, host, execs);
        stream.Line(Codec.Encode(feed.First));
        await stream.FlushAsync();
        await foreach (var work in Heartbeat.With(feed.ReadAsync, Beat, time, stop))
        {
            stream.Line(work is null ? [] : Codec.Encode(work));
            await stream.FlushAsync();
        }
    }

    async Task<Answer?> ReportAsync(Call call)
    {
        var host = call.Path("host");
        if (Wrong(call, host) is { } wrong)
        {
            return wrong;
        }

        var (report, malformed) = await Body.ReadAsync<AgentReport>(call, strict: false);
        if (report is null)
        {
            return malformed;
        }

        if (report.Instances.Count > MostReported || report.Builds.Count > MostReported)
        {
            return ProblemAnswer.BadRequest($"the report has more than {MostReported} instances or builds", "report in parts");
        }

        if (!await mirror.ReachAsync(store.Revision, call.Stop))
        {
            return ProblemAnswer.Unavailable("the server is still reading its store", "report again in a moment");
        }

        return await reports.TakeAsync(host, report, call.Stop) is { } result
            ? Answer.Json(result with { Beat = hosts.BeatNow() })
            : ProblemAnswer.Unavailable("the report could not be written: what it is about keeps changing", "report again");
    }

    static ProblemAnswer? Wrong(Call call, string host) =>
        call.Wrong() ?? (Names.IsValid(host) ? null : ProblemAnswer.BadRequest(Names.Invalid("host", host).What, Names.Invalid("host", host).Remedy));
}
