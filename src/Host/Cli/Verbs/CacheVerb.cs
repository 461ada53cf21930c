using System.CommandLine;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay cache purge</c>: has the gateways forget what they have kept of responses.</summary>
static class CacheVerb
{
    static readonly string[] Actions = ["purge"];

    public static Command Build(VerbKit kit)
    {
        var action = new ActionArgument(Actions);
        var about = VerbKit.Required("ROUTE", "Whose responses: a route's name, route/NAME or need/CALLER.CALLEE.");
        var path = kit.Flags.Text("--path", "PATH", "Only this path, with every query; with * at the end, all that begin so.");
        return kit.Verb("cache", "Have every gateway forget kept responses of a route or need.", [action, about, path], async (parsed, session, stop) =>
        {
            var named = parsed.GetRequiredValue(about);
            var body = new JsonObject { ["about"] = named.Contains('/', StringComparison.Ordinal) ? named : $"route/{named}" };
            if (parsed.GetValue(path) is { } only)
            {
                body["path"] = only;
            }

            var json = await session.Client.PostAsync("cache/purge", body, stop);
            var act = ApiClient.As<CachePurge>(json);
            session.Screen.Write(json, () => session.Screen.Line($"{act.About}: the gateways forget {(act.Acts[^1].Path is { } path ? path : "all that they kept")}"));
            return ExitCode.Ok;
        });
    }
}
