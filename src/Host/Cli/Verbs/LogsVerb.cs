using System.CommandLine;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay logs</c>: what instances and builds wrote.</summary>
static class LogsVerb
{
    public static Command Build(VerbKit kit)
    {
        var target = VerbKit.Optional("SERVICE|INSTANCE", "Whose lines. Default: those of all services.");
        var follow = kit.Flags.Switch("--follow", "Stay, and write each line as it comes.", "-f");
        var tail = kit.Flags.Number("--tail", 200, 0, 100_000, "How many of the last lines of each.");
        var build = kit.Flags.Text("--build", "NAME", "The lines of a build instead; 'mainstay get builds' lists them.");
        var search = kit.Flags.Text("--search", "QUERY", "Records of instances and senders that match, such as 'service:orders level:error \"timed out\" payment* -retry'.");
        var trace = kit.Flags.Text("--trace", "ID", "Records of this trace.");
        var patterns = kit.Flags.Switch("--patterns", "Similar lines together, with their counts; those new since the last change first.");
        return kit.Verb("logs", "Show what instances wrote, or a build; search it, or group it.", [target, follow, tail, build, search, trace, patterns], async (parsed, session, stop) =>
        {
            if (parsed.GetValue(search) is not null || parsed.GetValue(trace) is not null || parsed.GetValue(patterns))
            {
                return await RecordsAsync(
                    session, parsed.GetValue(target), parsed.GetValue(build), parsed.GetValue(search), parsed.GetValue(trace), parsed.GetValue(patterns), parsed.GetValue(follow),
                    parsed.GetValue(tail), stop);
            }

            if (parsed.GetValue(target) is not null && parsed.GetValue(build) is not null)
            {
                throw new CliError("both a service and a build are named", "name one of them", ExitCode.Invalid);
            }

            var sources = await SourcesAsync(session.Client, parsed.GetValue(target), parsed.GetValue(build), stop);
            if (sources.Count == 0)
            {
                session.Screen.Note("no services: nothing writes");
                return ExitCode.Ok;
            }

            var paths = sources.Select(s => $"logs?{s}&tail={parsed.GetValue(tail)}").ToArray();
            await (parsed.GetValue(follow) ? LogStreams.FollowAsync(session, paths, stop) : LogStreams.ReadAsync(session, paths, stop));
            return ExitCode.Ok;
        });
    }

    static async Task<int> RecordsAsync(
        Session session, string? target, string? build, string? search, string? trace, bool patterns, bool follow, int tail, CancellationToken stop)
    {
        if (build is not null || (patterns && (search is not null || trace is not null || follow)))
        {
            throw new CliError(
                build is not null ? "the lines of builds are not searched" : "patterns are of all lines", "leave out --build; use --patterns alone, or with a service", ExitCode.Invalid);
        }

        if (patterns)
        {
            await LogSearches.PatternsAsync(session, target, Math.Clamp(tail, 1, 2000), stop);
            return ExitCode.Ok;
        }

        List<string> query = [];
        if (target is not null)
        {
            var status = await session.Client.StatusAsync(stop);
            query.Add($"{(status.Find(target) is null ? "instance" : "service")}:{target}");
        }

        query.AddRange(trace is null ? [] : [$"trace:{trace}"]);
        query.AddRange(search is null ? [] : [search]);
        var text = string.Join(' ', query);
        var limit = Math.Clamp(tail, 1, 5000);
        await (follow ? LogSearches.FollowAsync(session, text, limit, stop) : LogSearches.FindAsync(session, text, limit, stop));
        return ExitCode.Ok;
    }

    // An instance's lines outlive it, so a name that is no service is taken for an instance without asking whether there is one.
    static async Task<IReadOnlyList<string>> SourcesAsync(ApiClient client, string? target, string? build, CancellationToken stop)
    {
        if (build is not null)
        {
            return [$"build={Uri.EscapeDataString(build)}"];
        }

        var status = await client.StatusAsync(stop);
        if (target is null)
        {
            return [.. status.Services.Select(s => $"service={Uri.EscapeDataString(s.Name)}")];
        }

        return [$"{(status.Find(target) is null ? "instance" : "service")}={Uri.EscapeDataString(target)}"];
    }
}
