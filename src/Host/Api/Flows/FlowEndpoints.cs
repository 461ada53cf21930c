using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Security;
using Mainstay.State.Decide.Flows;
using Mainstay.State.Flows;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.Flows;

/// <summary>Runs of flows: started, listed, looked at, and helped. A run says itself who started it; what people do to it makes an audit entry and an event.</summary>
public sealed class FlowEndpoints(FlowEngine engine, FlowCatalog catalog, FlowWaiters waiters, IStore store, KindRegistry kinds, TimeProvider time, EventNames names)
{
    const int MostWaitSeconds = 60;
    const string Run = "/api/v1/flow-runs/{id}";

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/api/v1/flows/{name}/runs", "Starts a run of a flow; the one with this id where it was started before with the same input.", StartAsync) { Body = typeof(FlowStartAsk), Answer = typeof(FlowRun) },
        new("GET", "/api/v1/flow-runs", "Runs, newest first.", ListAsync)
        {
            Query = [("flow", "Of this flow."), ("state", "running, waiting, compensating, parked, succeeded or compensated."), ("q", "Whose id, input or reason has this text in it."), ("limit", "How many at most. Default 50; 1 to 500."), ("continue", "From the page before.")],
            Answer = typeof(FlowRunPage),
        },
        new("GET", "/api/v1/flow-counts", "How many runs of each flow are in each state, and where they are kept.", CountsAsync) { Answer = typeof(FlowCounts) },
        new("GET", Run, "A run with its steps.", ShowAsync) { Query = [("wait", $"Answer once the run has ended, at the latest after so many seconds; 0 to {MostWaitSeconds}.")], Answer = typeof(FlowRunView) },
        new("POST", Run + "/signals/{name}", "Sends a run a signal; the body is its content.", c => TellAsync(c, "FlowSignalled", (_, body, _) => new FlowSignalled(c.Path("name"), body))) { Body = typeof(FreeValue), Answer = typeof(FlowRun) },
        new("POST", Run + "/finished", "A callee that answered 202 with Mainstay-Callback says that it is done; the body is its result.", c => TellAsync(c, null, (step, body, yes) => new FlowFinished(step, yes, body)))
        {
            Query = [("step", "As in Mainstay-Callback."), ("done", "false: it failed. Default true.")], Body = typeof(FreeValue), Answer = typeof(FlowRun),
        },
        new("POST", Run + "/approve", "Approves, or rejects, what a step waits for; the body is a note.", c => TellAsync(c, "FlowApproval", (step, body, yes) => new FlowApproved(step, yes, Who(c), body?.ToString().Trim('"'))))
        {
            Query = [("step", "The path of the step."), ("done", "false: rejects. Default true.")], Body = typeof(FreeValue), Answer = typeof(FlowRun),
        },
        new("POST", Run + "/resolve", "Says of a parked step whether it was done; the body is what it gave.", c => TellAsync(c, "FlowResolved", (step, body, yes) => new FlowResolved(step, yes, body, Who(c))))
        {
            Query = [("step", "The path of the step."), ("done", "false: it was not. Default true.")], Body = typeof(FreeValue), Answer = typeof(FlowRun),
        },
        new("POST", Run + "/cancel", "Has a run taken back, unless it is past its pivot.", c => TellAsync(c, "FlowCancelled", (_, _, _) => new FlowCancelled(Who(c)))) { Answer = typeof(FlowRun) },
        new("POST", Run + "/retry", "Tries the parked steps of a run again; begins one that was compensated anew, from a step.", RetryAsync) { Query = [("from", "A step at the top of the flow. Default: the first that is not done.")], Answer = typeof(FlowRun) },
    ];

    static string Who(Call call) => Identity.Of(call.Request).Who;

    async Task<Answer?> StartAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var name = call.Path("name");
        var (ask, malformed) = await Body.ReadAsync<FlowStartAsk>(call, depth: FlowTrace.MostDepth);
        if (ask is null)
        {
            return malformed;
        }

        if (await catalog.FindAsync(name, store.Revision, call.Stop) is not { } declared)
        {
            return ProblemAnswer.NotFound($"there is no flow '{name}'", Nearest.To(name, catalog.Names()) is { } near ? $"did you mean '{near}'?" : "see 'mainstay flow list'");
        }

        if (ask.Input?.Validate().FirstOrDefault() is { } large)
        {
            return ProblemAnswer.BadRequest(large.What, large.Remedy, new ProblemPlace("input", large.What, large.Remedy));
        }

        var id = ask.Id ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(10));
        if (!IsId(id))
        {
            return ProblemAnswer.BadRequest($"'{(id.Length > 100 ? id[..100] : id)}' is not the id of a run", $"use 1 to {FlowRun.LongestId} letters, digits, '-', '_' and '.', beginning with a letter or digit");
        }

        var reply = await engine.StartAsync(id, declared, ask.Input, Who(call), call.Stop);
        call.Context.Response.Headers.Location = $"/api/v1/flow-runs/{Uri.EscapeDataString(id)}";
        return Of(reply, reply.Existed ? StatusCodes.Status200OK : StatusCodes.Status201Created);
    }

    static bool IsId(string id) => id.Length is > 0 and <= FlowRun.LongestId && char.IsAsciiLetterOrDigit(id[0]) && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    async Task<Answer?> ListAsync(Call call)
    {
        var (flow, word, text, limit, from) = (call.Query("flow"), call.Query("state"), call.Query("q"), call.Number("limit", 50, 1, 500), call.Query("continue"));
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        if (text is { Length: > 200 })
        {
            return ProblemAnswer.BadRequest("the text to search for is longer than 200 characters", "give a shorter one");
        }

        FlowState? state = null;
        if (word is not null)
        {
            if (!Enum.TryParse<FlowState>(word, ignoreCase: true, out var known) || !Enum.IsDefined(known) || char.IsAsciiDigit(word[0]))
            {
                return ProblemAnswer.BadRequest($"'{word}' is not a state of runs", $"write one of {string.Join(", ", Enum.GetNames<FlowState>().Select(n => n.ToLowerInvariant()))}");
            }

            state = known;
        }

        (DateTimeOffset, string)? before = null;
        if (from is not null)
        {
            var parts = from.Split('~', 2);
            if (parts.Length != 2 || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var at) || at > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            {
                return ProblemAnswer.BadRequest("'continue' is not what a page before gave", "begin anew without it");
            }

            before = (DateTimeOffset.FromUnixTimeMilliseconds(at), parts[1]);
        }

        var runs = await engine.ListAsync(new(flow, state, text, before, limit), call.Stop);
        return Answer.Json(new FlowRunPage(runs, runs.Count < limit ? null : string.Create(CultureInfo.InvariantCulture, $"{runs[^1].At.ToUnixTimeMilliseconds()}~{runs[^1].Id}")));
    }

    async Task<Answer?> CountsAsync(Call call) =>
        call.Wrong() is { } wrong ? wrong : Answer.Json(new FlowCounts([.. (await engine.CountsAsync(call.Stop)).Select(c => new FlowCount(c.Flow, c.State, c.Count))], engine.Place, engine.IsShared));

    async Task<Answer?> ShowAsync(Call call)
    {
        var seconds = call.Number("wait", 0, 0, MostWaitSeconds);
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var id = call.Path("id");
        var ended = seconds > 0 ? waiters.Of(id) : Task.CompletedTask;
        var detail = await engine.FindAsync(id, call.Stop);
        if (seconds > 0 && detail is { Run.HasEnded: false })
        {
            await Task.WhenAny(ended, Task.Delay(TimeSpan.FromSeconds(seconds), time, call.Stop));
            detail = await engine.FindAsync(id, call.Stop);
        }

        if (seconds > 0 && !ended.IsCompleted)
        {
            waiters.Leave(id);
        }

        return detail is null ? ProblemAnswer.NotFound($"there is no run '{id}'", "see 'mainstay flow list'")
            : Answer.Json(new FlowRunView(detail.Run, [.. detail.Rows.OrderBy(r => r.Began).ThenBy(r => r.Order).ThenBy(r => r.Path, StringComparer.Ordinal)], detail.Definition, Convert.ToHexStringLower(FlowTrace.TraceOf(detail.Run))));
    }

    Task<Answer?> RetryAsync(Call call)
    {
        var from = call.Query("from");
        return TellAsync(call, "FlowRetried", (_, _, _) => new FlowRetried(from));
    }

    async Task<Answer?> TellAsync(Call call, string? reason, Func<string, FreeValue?, bool, FlowEvent> make)
    {
        var (step, done) = reason is "FlowCancelled" or "FlowRetried" || call.Context.Request.Path.Value!.Contains("/signals/", StringComparison.Ordinal) ? ("", null) : (call.Query("step"), call.Query("done"));
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        if (step is null || done is not (null or "true" or "false"))
        {
            return step is null ? ProblemAnswer.BadRequest("the step is missing", "give ?step=PATH; 'mainstay flow show' lists them") : ProblemAnswer.BadRequest($"'{done}' is neither true nor false", "write done=false or leave it out");
        }

        FreeValue? body = null;
        if (call.Request.ContentLength is > 0 || call.Request.HasJsonContentType())
        {
            var (read, malformed) = await Body.ReadAsync<FreeValue>(call, depth: FlowTrace.MostDepth);
            if (read is null)
            {
                return malformed;
            }

            if (read.Validate().FirstOrDefault() is { } large)
            {
                return ProblemAnswer.BadRequest(large.What, large.Remedy);
            }

            body = read;
        }

        var id = call.Path("id");
        var happened = make(step, body, done != "false");
        var reply = await engine.TellAsync(id, happened, call.Stop);
        if (reply.Kind == FlowReplyKind.Done && reason is not null)
        {
            await AuditAsync(call, reason, reply.Run!, step, done != "false");
        }

        return Of(reply, StatusCodes.Status200OK);
    }

    // Who, which run and what for; a signal's content is the run's, and may be anything.
    async Task AuditAsync(Call call, string reason, FlowRun run, string step, bool done)
    {
        var now = time.GetUtcNow();
        var identity = Identity.Of(call.Request);
        var (about, signal) = ($"flow/{run.Flow}", reason == "FlowSignalled" ? call.Path("name") : null);
        var place = signal is not null ? $" with {signal}" : step.Length > 0 ? $" at {step}" : "";
        var told = names.Make(now, about, reason, $"{identity.Who}: {reason[4..].ToLowerInvariant()} {run.Id}{place}{(done ? "" : ", no")}");
        var after = signal is not null ? Codec.Text(new { signal }) : step.Length > 0 ? Codec.Text(new { step, done }) : null;
        var audit = new AuditEntry { Name = told.Name, At = now, Who = identity.Who, From = identity.From, Verb = reason[4..].ToLowerInvariant(), About = $"flow-run/{run.Id}", After = after };
        await store.CommitAsync(new([], [new(kinds.Of<Event>().KeyOf(told.Name), Codec.Encode(told)), new(kinds.Of<AuditEntry>().KeyOf(audit.Name), Codec.Encode(audit))]), CancellationToken.None);
    }

    static Answer Of(FlowReply reply, int status) => reply.Kind switch
    {
        FlowReplyKind.Done => new BytesAnswer(Codec.Encode(reply.Run!), status),
        FlowReplyKind.Missing => ProblemAnswer.NotFound(reply.Problem!.What, reply.Problem.Remedy),
        FlowReplyKind.Refused => ProblemAnswer.Conflict(reply.Problem!.What, reply.Problem.Remedy),
        FlowReplyKind.DiskFull => ProblemAnswer.DiskFull(reply.Problem!.What),
        FlowReplyKind.Busy => new ProblemAnswer(StatusCodes.Status429TooManyRequests, "busy", reply.Problem!.What, reply.Problem.Remedy) { RetryAfter = 1 },
        _ => ProblemAnswer.Unavailable(reply.Problem!.What, reply.Problem.Remedy),
    };
}
