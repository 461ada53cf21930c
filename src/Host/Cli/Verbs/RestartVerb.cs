using System.CommandLine;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay restart</c>.</summary>
static class RestartVerb
{
    public static Command Build(VerbKit kit)
    {
        var service = VerbKit.Required("SERVICE", "The service.");
        var waiting = new WaitFlags(kit.Flags);
        return kit.Verb("restart", "Replace a service's instances by new ones, one after another.", [service, waiting.Wait, waiting.Timeout], async (parsed, session, stop) =>
        {
            var name = parsed.GetRequiredValue(service);
            var reply = await session.Client.PostAsync($"services/{Uri.EscapeDataString(name)}/restart", null, stop);
            session.Screen.Write(reply, () => session.Screen.Line($"{name} restarts"));
            return await waiting.FollowAsync(parsed, session, new() { Service = name, Version = (int?)reply["version"] ?? 0 }, stop);
        });
    }
}
