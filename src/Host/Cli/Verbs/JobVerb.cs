using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay job</c>: what runs to its end, when, how it went; run it now, end it, read what it wrote.</summary>
static class JobVerb
{
    static readonly string[] Actions = ["list", "run", "cancel", "history", "logs"];
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    public static Command Build(VerbKit kit)
    {
        var action = new ActionArgument(Actions);
        var subject = VerbKit.Optional("JOB|RUN", "With run and history the job, with cancel the run or the job (all its runs), with logs the run or the job (its newest run).");
        var parameters = kit.Flags.Texts("--param", "NAME=VALUE", "With run the value of a parameter; may be repeated.");
        var waiting = new WaitFlags(kit.Flags);
        var follow = kit.Flags.Switch("--follow", "With logs: stay, and write each line as it comes.", "-f");
        var tail = kit.Flags.Number("--tail", 200, 0, 100_000, "With logs: how many of the last lines of each task.");
        return kit.Verb("job", "List jobs; run one now, end a run, see how runs went and what they wrote.", [action, subject, parameters, waiting.Wait, waiting.Timeout, follow, tail], async (parsed, session, stop) =>
        {
            var word = parsed.GetRequiredValue(action);
            if (word == "list")
            {
                await ListAsync(session, stop);
                return ExitCode.Ok;
            }

            var name = parsed.GetValue(subject) ?? throw new CliError("the job is missing", $"write mainstay job {word} NAME, see 'mainstay job list'", ExitCode.Invalid);
            switch (word)
            {
                case "run":
                    return await RunAsync(session, name, Parameters(parsed.GetValue(parameters) ?? []), parsed.GetValue(waiting.Wait) ? parsed.GetValue(waiting.Timeout) : null, stop);
                case "cancel":
                    await CancelAsync(session, name, stop);
                    break;
                case "history":
                    await HistoryAsync(session, name, stop);
                    break;
                default:
                    await LogsAsync(session, name, parsed.GetValue(follow), parsed.GetValue(tail), stop);
                    break;
            }

            return ExitCode.Ok;
        });
    }

    static Dictionary<string, string> Parameters(string[] given)
    {
        string[] wrong = [.. given.Where(t => t.IndexOf('=', StringComparison.Ordinal) <= 0)];
        if (wrong.Length > 0)
        {
            throw new CliError(
                wrong.Length == 1 ? $"'{wrong[0]}' is not a parameter with its value" : $"{string.Join(", ", wrong.Select(t => $"'{t}'"))} are not parameters with their values", "write --param NAME=VALUE", ExitCode.Invalid);
        }

        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in given)
        {
            values[text[..text.IndexOf('=', StringComparison.Ordinal)]] = text[(text.IndexOf('=', StringComparison.Ordinal) + 1)..];
        }

        return values;
    }

    static async Task ListAsync(Session session, CancellationToken stop)
    {
        var page = await session.Client.ListAsync("jobs", stop);
        session.Screen.Write(page, () =>
        {
            Job[] jobs = [.. page["items"]!.AsArray().Select(i => ApiClient.As<Job>(i!)).Where(j => !j.Removed)];
            if (jobs.Length == 0)
            {
                session.Screen.Line("no jobs are declared");
                return;
            }

            var table = new TextTable("NAME", "WHEN", "NEXT", "ACTIVE", "LAST", "ENDED");
            foreach (var job in jobs)
            {
                table.Add(
                    job.Name, WhenOf(job.Spec), job.Status.NextAt is { } next ? Next(next, job.Spec.Zone, session.Time) : "-",
                    job.Status.Active.ToString(CultureInfo.InvariantCulture),
                    job.Status.LastState is { } last ? session.Screen.Paint(ToneOf(last), $"{job.Status.LastRun} {last}") : "-",
                    job.Status.LastAt is { } at ? Quantities.When(at, session.Time) : "-");
            }

            table.Write(session.Screen);
        });
    }

    static async Task<int> RunAsync(Session session, string name, Dictionary<string, string> parameters, TimeSpan? patience, CancellationToken stop)
    {
        var asked = await session.Client.PostAsync($"jobs/{Uri.EscapeDataString(name)}/run", new { parameters }, stop);
        var run = ApiClient.As<JobRun>(asked);
        if (patience is not { } most)
        {
            session.Screen.Write(asked, () => session.Screen.Line($"{run.Name} begins; 'mainstay job logs {run.Name} -f' follows it"));
            return ExitCode.Ok;
        }

        var began = session.Time.GetTimestamp();
        var seen = asked;
        while (run.Status.State <= RunState.Running)
        {
            if (session.Time.GetElapsedTime(began) >= most)
            {
                throw new CliError($"{run.Name} has not ended after {Durations.Format(most)}: {run.Status.State} {run.Status.Message}".TrimEnd(), "it goes on; wait longer with --timeout, or end it with 'mainstay job cancel'", ExitCode.TimedOut);
            }

            await Task.Delay(Look, session.Time, stop);
            seen = await session.Client.GetAsync($"runs/{Uri.EscapeDataString(run.Name)}", stop);
            run = ApiClient.As<JobRun>(seen);
        }

        session.Screen.Write(seen, () => session.Screen.Line(session.Screen.Paint(ToneOf(run.Status.State), $"{run.Name} {run.Status.State}") + Told(run)));
        return run.Status.State == RunState.Succeeded ? ExitCode.Ok : ExitCode.Failed;
    }

    static async Task CancelAsync(Session session, string name, CancellationToken stop)
    {
        await KnownAsync(session, name, stop);
        string[] runs = name.Contains('.', StringComparison.Ordinal) ? [name]
            : [.. (await RunsAsync(session, name, stop)).Where(r => r.Run.Status.State <= RunState.Running).Select(r => r.Run.Name)];
        if (runs.Length == 0)
        {
            throw new CliError($"no run of '{name}' is under way", "see 'mainstay job list'", ExitCode.Failed);
        }

        foreach (var run in runs)
        {
            var reply = await session.Client.PostAsync($"runs/{Uri.EscapeDataString(run)}/cancel", null, stop);
            session.Screen.Write(reply, () => session.Screen.Line($"{run} is being ended"));
        }
    }

    static async Task HistoryAsync(Session session, string name, CancellationToken stop)
    {
        await KnownAsync(session, name, stop);
        var runs = await RunsAsync(session, name, stop);
        session.Screen.Write(new JsonObject { ["items"] = new JsonArray([.. runs.Select(r => r.Json.DeepClone())]) }, () =>
        {
            if (runs.Count == 0)
            {
                session.Screen.Line($"{name} has not run yet");
                return;
            }

            var table = new TextTable("RUN", "STATE", "TASKS", "TRIES", "BEGAN", "TOOK", "BECAUSE", "MESSAGE");
            foreach (var (run, _) in runs)
            {
                var status = run.Status;
                var took = status is { StartedAt: { } from, EndedAt: { } to } ? Durations.Format(TimeSpan.FromMilliseconds(Math.Round((to - from).TotalMilliseconds))) : "-";
                table.Add(
                    run.Name, session.Screen.Paint(ToneOf(status.State), status.State.ToString()), $"{status.Tasks.Count(t => t.State == TaskState.Succeeded)}/{run.Spec.Parallel}",
                    status.Tasks.Sum(t => t.Attempt).ToString(CultureInfo.InvariantCulture), status.StartedAt is { } began ? Quantities.When(began, session.Time) : "-", took,
                    TextWidth.Harmless(run.Because), status.Message.Length > 0 ? TextWidth.Harmless(status.Message) : "-");
            }

            table.Write(session.Screen);
        });
    }

    static async Task LogsAsync(Session session, string name, bool follow, int tail, CancellationToken stop)
    {
        var run = name;
        await KnownAsync(session, name, stop);
        if (!name.Contains('.', StringComparison.Ordinal))
        {
            var runs = await RunsAsync(session, name, stop);
            run = runs.Count > 0 ? runs[0].Run.Name : throw new CliError($"'{name}' has not run yet", $"run it with 'mainstay job run {name}'", ExitCode.Failed);
        }

        string[] paths = [$"logs?run={Uri.EscapeDataString(run)}&tail={tail.ToString(CultureInfo.InvariantCulture)}"];
        await (follow ? LogStreams.FollowAsync(session, paths, stop) : LogStreams.ReadAsync(session, paths, stop));
    }

    // A name with a dot is that of a run, which says itself whether there is one.
    static async Task KnownAsync(Session session, string name, CancellationToken stop)
    {
        if (name.Contains('.', StringComparison.Ordinal))
        {
            return;
        }

        string[] known = [.. (await session.Client.ListAsync("jobs", stop))["items"]!.AsArray().Select(i => (string)i!["name"]!)];
        if (!known.Contains(name, StringComparer.Ordinal))
        {
            throw new CliError($"there is no job '{name}'", Nearest.To(name, known) is { } near ? $"did you mean '{near}'? 'mainstay job list' shows them" : "'mainstay job list' shows them");
        }
    }

    // The newest first.
    static async Task<IReadOnlyList<(JobRun Run, JsonNode Json)>> RunsAsync(Session session, string job, CancellationToken stop)
    {
        var page = await session.Client.ListAsync("runs", stop);
        return [.. page["items"]!.AsArray().Select(i => (Run: ApiClient.As<JobRun>(i!), Json: i!)).Where(r => r.Run.Job == job).OrderByDescending(r => r.Run.Number)];
    }

    static string WhenOf(JobSpec spec) =>
        spec.Schedule is { } schedule ? spec.Zone is { } zone ? $"{schedule} ({zone})" : schedule
        : spec.After is { Count: > 0 } after ? "after " + string.Join(", ", after)
        : "when asked";

    // On the clocks that the schedule means, with how long it is until then.
    static string Next(DateTimeOffset at, string? name, TimeProvider time)
    {
        var zone = name is not null && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var found) ? found : TimeZoneInfo.Utc;
        var left = TimeSpan.FromSeconds(Math.Max(0, Math.Round((at - time.GetUtcNow()).TotalSeconds)));
        return $"{TimeZoneInfo.ConvertTime(at, zone).ToString(zone == TimeZoneInfo.Utc ? "yyyy-MM-dd HH:mm:ss'Z'" : "yyyy-MM-dd HH:mm:sszzz", CultureInfo.InvariantCulture)} (in {Durations.Format(left)})";
    }

    static string Told(JobRun run) => run.Status.Message.Length > 0 ? ": " + TextWidth.Harmless(run.Status.Message) : "";

    static Tone ToneOf(RunState state) => state switch { RunState.Succeeded => Tone.Good, RunState.Failed => Tone.Bad, RunState.Running => Tone.Busy, _ => Tone.Dim };
}
