using System.CommandLine;
using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Host.Api.State;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay server</c> with a word after it: the servers of a cluster. With flags alone it is the role itself, which runs here.</summary>
static class ServerVerb
{
    /// <summary>Words that are no flags of the role.</summary>
    public static readonly string[] Actions = ["list", "token", "remove"];

    public static Command Build(VerbKit kit)
    {
        var action = VerbKit.Optional("ACTION", "list: the servers of the cluster and how they are; token: makes a token with which another joins; remove: takes one out for good. Without one: runs a server here.");
        action.CompletionSources.Add(Actions);
        var name = VerbKit.Optional("SERVER", "With remove: which.");
        var ttl = kit.Flags.Duration("--ttl", TimeSpan.FromHours(1), "With token: how long it can be joined with; 1s to 7d.");
        var verb = kit.Verb(
            "server",
            "List the servers of the cluster, let another join, remove one. With flags alone: run the control plane here, as one of several.",
            [action, name, ttl, .. RoleVerbs.FlagsOf(Mainstay.Host.Roles.RoleFlag.Of.Server)],
            (parsed, session, stop) => (parsed.GetValue(action), parsed.GetValue(name)) switch
            {
                ("list", null) => ListAsync(session, stop),
                ("token", null) => TokenAsync(parsed.GetValue(ttl), session, stop),
                ("remove", { } server) => RemoveAsync(server, session, stop),
                ("remove", null) => throw new CliError("remove takes a server", "'mainstay server list' shows them", ExitCode.Invalid),
                ("list" or "token", _) => throw new CliError("list and token take no server", "leave it out", ExitCode.Invalid),
                (null, _) => kit.Environment.Role("server", [.. parsed.Tokens.Skip(1).Select(t => t.Value)], stop),
                (var word, _) => throw new CliError($"'{word}' is not an action", $"write one of {string.Join(", ", Actions)}", ExitCode.Invalid),
            });
        verb.TreatUnmatchedTokensAsErrors = false;
        return verb;
    }

    static async Task<int> ListAsync(Session session, CancellationToken stop)
    {
        var json = await session.Client.GetAsync("store", stop);
        var view = ApiClient.As<StoreView>(json);
        session.Screen.Write(json, () =>
        {
            session.Screen.Line(string.Create(CultureInfo.InvariantCulture, $"store {view.Place}, revision {view.Revision}"));
            if (view.Servers.Count == 0)
            {
                session.Screen.Line("there is no cluster: one server, with a store of its own");
                return;
            }

            var table = new TextTable("SERVER", "ACTS", "ADDRESS", "MEMBER", "ROLE", "STATE", "SIZE") { RightAligned = [6] };
            foreach (var server in view.Servers)
            {
                table.Add(TextWidth.Harmless(server.Name), server.Leads ? "yes" : "-", server.Address, server.Member, server.Role, server.State, string.Create(CultureInfo.InvariantCulture, $"{server.Bytes / 1024.0 / 1024.0:0.0}Mi"));
            }

            table.Write(session.Screen);
            session.Screen.Line(Verdict(view));
        });
        return ExitCode.Ok;
    }

    /// <summary>How the cluster stands, in one sentence.</summary>
    public static string Verdict(StoreView view) => ServerEndpoints.Standing(view.Writable, view.Why, view.Spare);

    static async Task<int> TokenAsync(TimeSpan ttl, Session session, CancellationToken stop)
    {
        var json = await session.Client.PostAsync("servers/tokens", new { ttl = Durations.Format(ttl) }, stop);
        var given = ApiClient.As<ServerTokenGiven>(json);
        session.Screen.Write(json, () =>
        {
            session.Screen.Line($"mainstay server --cluster ADDRESS --join {given.Join} --token {given.Token} --name NAME --listen http://ADDRESS:7070");
            session.Screen.Line($"joins one server, until {given.Until.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC; whoever has the token can become a server, so hand it on like a password");
        });
        return ExitCode.Ok;
    }

    static async Task<int> RemoveAsync(string server, Session session, CancellationToken stop)
    {
        var json = await session.Client.DeleteAsync($"servers/{Uri.EscapeDataString(server)}", stop);
        session.Screen.Write(json, () => session.Screen.Line($"{server} is no server of the cluster any more; it ends"));
        return ExitCode.Ok;
    }
}
