using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;
using Mainstay.Host.Api.Flows;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;
using Mainstay.State.Decide.Flows;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay flow</c>: which flows there are, how their runs stand, and what people do to runs.</summary>
static class FlowVerb
{
    static readonly string[] Actions = ["list", "start", "runs", "show", "signal", "approve", "reject", "resolve", "cancel", "retry"];

    public static Command Build(VerbKit kit)
    {
        var action = new ActionArgument(Actions);
        var subject = VerbKit.Optional("FLOW|RUN", "With start the flow, with runs a flow or nothing, else the run.");
        var detail = VerbKit.Optional("STEP|SIGNAL", "With approve, reject and resolve the step, with signal its name, with retry the step to begin with.");
        var id = kit.Flags.Text("--id", "ID", "With start: the run's id; starting it again with the same input finds the same run. Default: one is made.");
        var data = kit.Flags.Text("--data-json", "JSON", "The input of a start, the content of a signal, the note of an approval, or the result of a resolved step.");
        var no = kit.Flags.Switch("--not-done", "With resolve: the step was not done.");
        var state = kit.Flags.Text("--state", "STATE", "With runs: only those that are running, waiting, compensating, parked, succeeded or compensated.");
        var search = kit.Flags.Text("--search", "TEXT", "With runs: only those whose id, input or reason has this in it.");
        var limit = kit.Flags.Number("--limit", 20, 1, 500, "With runs: how many at most.");
        var waiting = new WaitFlags(kit.Flags);
        return kit.Verb("flow", "List flows and their runs; start one, see how it went, and help it.", [action, subject, detail, id, data, no, state, search, limit, waiting.Wait, waiting.Timeout], async (parsed, session, stop) =>
        {
            var word = parsed.GetRequiredValue(action);
            if (word is "list")
            {
                await ListAsync(session, stop);
                return ExitCode.Ok;
            }

            var name = parsed.GetValue(subject);
            if (word is "runs")
            {
                await RunsAsync(session, name, parsed.GetValue(state), parsed.GetValue(search), parsed.GetValue(limit), stop);
                return ExitCode.Ok;
            }

            if (name is null)
            {
                throw new CliError(word == "start" ? "the flow is missing" : "the run is missing", $"write mainstay flow {word} {(word == "start" ? "FLOW, see 'mainstay flow list'" : "RUN, see 'mainstay flow runs'")}", ExitCode.Invalid);
            }

            var body = Json(parsed.GetValue(data));
            switch (word)
            {
                case "start":
                    return await StartAsync(session, name, parsed.GetValue(id), body, parsed.GetValue(waiting.Wait) ? parsed.GetValue(waiting.Timeout) : null, stop);
                case "show":
                    Show(session, await session.Client.GetAsync($"flow-runs/{Uri.EscapeDataString(name)}", stop));
                    return ExitCode.Ok;
                default:
                    await TellAsync(session, word, name, parsed.GetValue(detail), body, parsed.GetValue(no), stop);
                    return ExitCode.Ok;
            }
        });
    }

    static JsonNode? Json(string? text)
    {
        try
        {
            return text is null ? null : JsonNode.Parse(text);
        }
        catch (JsonException wrong)
        {
            throw new CliError($"--data-json is not JSON: {wrong.Message}", "write for example --data-json '{\"order\":\"o-1\"}'", ExitCode.Invalid);
        }
    }

    static async Task ListAsync(Session session, CancellationToken stop)
    {
        var page = await session.Client.ListAsync("flows", stop);
        var runs = await session.Client.GetAsync<FlowCounts>("flow-counts", stop);
        var counts = runs.Items.ToLookup(c => c.Flow, StringComparer.Ordinal);
        session.Screen.Write(page, () =>
        {
            Flow[] flows = [.. page["items"]!.AsArray().Select(i => ApiClient.As<Flow>(i!))];
            if (flows.Length == 0)
            {
                session.Screen.Line("no flows are declared");
                return;
            }

            var table = new TextTable("NAME", "STEPS", "CALLS", "UNDER WAY", "PARKED", "SUCCEEDED", "COMPENSATED");
            foreach (var flow in flows)
            {
                string Of(params FlowState[] states) => counts[flow.Name].Where(c => states.Contains(c.State)).Sum(c => c.Count).ToString(CultureInfo.InvariantCulture);
                table.Add(
                    flow.Name, flow.Spec.All().Count().ToString(CultureInfo.InvariantCulture), string.Join(", ", flow.Spec.Callees()),
                    Of(FlowState.Running, FlowState.Waiting, FlowState.Compensating), Of(FlowState.Parked), Of(FlowState.Succeeded), Of(FlowState.Compensated));
            }

            table.Write(session.Screen);
            session.Screen.Line(runs.Shared
                ? $"runs are kept in {runs.Place}: another server goes on with them when this one is lost"
                : $"runs are kept in {runs.Place}: they go on once a server is started on this data folder");
        });
    }

    static async Task RunsAsync(Session session, string? flow, string? state, string? search, int limit, CancellationToken stop)
    {
        var query = new List<string> { $"limit={limit.ToString(CultureInfo.InvariantCulture)}" };
        foreach (var (key, value) in new[] { ("flow", flow), ("state", state), ("q", search) })
        {
            if (value is not null)
            {
                query.Add($"{key}={Uri.EscapeDataString(value)}");
            }
        }

        var page = await session.Client.GetAsync($"flow-runs?{string.Join('&', query)}", stop);
        session.Screen.Write(page, () =>
        {
            var runs = ApiClient.As<FlowRunPage>(page).Items;
            if (runs.Count == 0)
            {
                session.Screen.Line("there are no such runs");
                return;
            }

            var table = new TextTable("RUN", "FLOW", "STATE", "BEGAN", "TOOK", "WHY");
            foreach (var run in runs)
            {
                table.Add(
                    run.Id, run.Flow, session.Screen.Paint(ToneOf(run.State), Word(run.State)), Quantities.When(run.At, session.Time),
                    run.EndedAt is { } end ? Quantities.Elapsed(end - run.At) : "-", run.Why);
            }

            table.Write(session.Screen);
        });
    }

    static async Task<int> StartAsync(Session session, string flow, string? id, JsonNode? input, TimeSpan? patience, CancellationToken stop)
    {
        var began = session.Time.GetTimestamp();
        var reply = await session.Client.PostAsync($"flows/{Uri.EscapeDataString(flow)}/runs", new { id, input }, stop);
        var run = ApiClient.As<FlowRun>(reply);
        if (patience is not { } most)
        {
            session.Screen.Write(reply, () => session.Screen.Line($"{run.Id} {Word(run.State)}; 'mainstay flow show {run.Id}' shows how it goes"));
            return ExitCode.Ok;
        }

        while (true)
        {
            var left = most - session.Time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
            {
                throw new CliError($"{run.Id} has not ended after {Durations.Format(most)}: it is {Word(run.State)} {run.Why}".TrimEnd(), $"it goes on; see 'mainstay flow show {run.Id}'", ExitCode.TimedOut);
            }

            var seconds = (int)Math.Clamp(Math.Ceiling(left.TotalSeconds), 1, 20);
            var seen = await session.Client.GetAsync($"flow-runs/{Uri.EscapeDataString(run.Id)}?wait={seconds.ToString(CultureInfo.InvariantCulture)}", stop);
            run = ApiClient.As<FlowRunView>(seen).Run;
            if (run.HasEnded)
            {
                Show(session, seen);
                return run.State == FlowState.Succeeded ? ExitCode.Ok : ExitCode.Failed;
            }
        }
    }

    static async Task TellAsync(Session session, string word, string run, string? detail, JsonNode? body, bool notDone, CancellationToken stop)
    {
        if (detail is null && word is not ("retry" or "cancel"))
        {
            throw new CliError(word == "signal" ? "the name of the signal is missing" : "the step is missing", $"write mainstay flow {word} {run} {(word == "signal" ? "NAME" : "STEP")}; 'mainstay flow show {run}' lists the steps", ExitCode.Invalid);
        }

        var path = word switch
        {
            "signal" => $"signals/{Uri.EscapeDataString(detail!)}",
            "approve" or "reject" => $"approve?step={Uri.EscapeDataString(detail!)}&done={(word == "approve" ? "true" : "false")}",
            "resolve" => $"resolve?step={Uri.EscapeDataString(detail!)}&done={(notDone ? "false" : "true")}",
            "retry" => detail is null ? "retry" : $"retry?from={Uri.EscapeDataString(detail)}",
            _ => "cancel",
        };
        var reply = await session.Client.PostAsync($"flow-runs/{Uri.EscapeDataString(run)}/{path}", body, stop);
        session.Screen.Write(reply, () =>
        {
            var now = ApiClient.As<FlowRun>(reply);
            session.Screen.Line($"{now.Id} {session.Screen.Paint(ToneOf(now.State), Word(now.State))}{(now.Why.Length > 0 ? $": {now.Why}" : "")}");
        });
    }

    static void Show(Session session, JsonNode seen) => session.Screen.Write(seen, () =>
    {
        var view = ApiClient.As<FlowRunView>(seen);
        var run = view.Run;
        session.Screen.Line($"{run.Id} of {run.Flow} {session.Screen.Paint(ToneOf(run.State), Word(run.State))}{(run.Why.Length > 0 ? $": {run.Why}" : "")}");
        session.Screen.Line($"began {Quantities.When(run.At, session.Time)} by {run.By}{(run.EndedAt is { } end ? $", took {Quantities.Elapsed(end - run.At)}" : "")}, trace {view.TraceId}");
        if (run.Output is { } output)
        {
            session.Screen.Line($"output {output}");
        }

        session.Screen.Line();
        var table = new TextTable("STEP", "STATE", "TRIES", "TOOK", "STATUS", "WHY");
        foreach (var row in view.Steps)
        {
            table.Add(
                row.Path, session.Screen.Paint(ToneOf(row.Stage), row.Stage.ToString().ToLowerInvariant()), row.Attempt == 0 ? "-" : row.Attempt.ToString(CultureInfo.InvariantCulture),
                row.Ended is { } ended ? Quantities.Milliseconds((ended - row.Began).TotalMilliseconds) : "-", row.Status == 0 ? "-" : row.Status.ToString(CultureInfo.InvariantCulture), row.Why);
        }

        table.Write(session.Screen);
    });

    static string Word(FlowState state) => state.ToString().ToLowerInvariant();

    static Tone ToneOf(FlowState state) => state switch
    {
        FlowState.Succeeded => Tone.Good,
        FlowState.Parked => Tone.Bad,
        FlowState.Compensated or FlowState.Compensating => Tone.Accent,
        _ => Tone.Busy,
    };

    static Tone ToneOf(FlowStage stage) => stage switch
    {
        FlowStage.Done => Tone.Good,
        FlowStage.Failed or FlowStage.Parked => Tone.Bad,
        FlowStage.Skipped => Tone.Dim,
        _ => Tone.Busy,
    };
}
