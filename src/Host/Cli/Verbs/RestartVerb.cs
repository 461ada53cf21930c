using System.CommandLine;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay restart</c>: a service, or a role of this machine.</summary>
static class RestartVerb
{
    static readonly string[] Roles = ["server", "gateway", "agent"];

    public static Command Build(VerbKit kit)
    {
        var service = VerbKit.Optional("SERVICE", "The service whose instances are replaced by new ones, one after another.");
        var role = kit.Flags.Text("--role", "ROLE", "Restart a role of this machine instead: server, gateway or agent. No request fails and no instance ends.");
        var instance = kit.Flags.Text("--only", "NAME", "Replace this instance of the service alone: it gets no more requests, and another takes its place.");
        var waiting = new WaitFlags(kit.Flags);
        return kit.Verb("restart", "Restart a service without losing a request, or a role of Mainstay itself.", [service, role, instance, waiting.Wait, waiting.Timeout], (parsed, session, stop) =>
            (parsed.GetValue(service), parsed.GetValue(role)) switch
            {
                ({ } name, null) when parsed.GetValue(instance) is { } one => InstanceAsync(name, one, waiting, parsed, session, stop),
                ({ } name, null) => ServiceAsync(name, waiting, parsed, session, stop),
                (null, { } name) when Roles.Contains(name) => kit.Environment.RestartRole(name, session, stop),
                (null, { } name) => throw new CliError($"there is no role '{name}'", $"name one of {string.Join(", ", Roles)}", ExitCode.Invalid),
                _ => throw new CliError("restart takes a service or --role ROLE", "'mainstay status' lists the services", ExitCode.Invalid),
            });
    }

    static async Task<int> InstanceAsync(string name, string instance, WaitFlags waiting, ParseResult parsed, Session session, CancellationToken stop)
    {
        var reply = await session.Client.PostAsync($"instances/{Uri.EscapeDataString(instance)}/replace", null, stop);
        session.Screen.Write(reply, () => session.Screen.Line($"{instance} is taken out of service, another takes its place"));
        return await waiting.FollowAsync(parsed, session, new() { Service = name, Version = 0 }, stop);
    }

    static async Task<int> ServiceAsync(string name, WaitFlags waiting, ParseResult parsed, Session session, CancellationToken stop)
    {
        var reply = await session.Client.PostAsync($"services/{Uri.EscapeDataString(name)}/restart", null, stop);
        session.Screen.Write(reply, () => session.Screen.Line($"{name} restarts"));
        return await waiting.FollowAsync(parsed, session, new() { Service = name, Version = (int?)reply["version"] ?? 0 }, stop);
    }
}
