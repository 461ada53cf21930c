using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;
using Mainstay.Schedule.Decide;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay why pending SERVICE</c>: which hosts refuse another instance, and for what.</summary>
static class WhyPending
{
    public static async Task<int> ShowAsync(string service, Session session, CancellationToken stop)
    {
        var json = await session.Client.GetAsync($"services/{Uri.EscapeDataString(service)}/placement", stop);
        var placed = ApiClient.As<WherePlaced>(json);
        session.Screen.Write(json, () => Write(session.Screen, placed));
        return ExitCode.Ok;
    }

    static void Write(Screen screen, WherePlaced placed)
    {
        screen.Line($"{placed.Service}: {placed.Running} of {placed.Wanted} instances have a host");
        screen.Line(placed switch
        {
            { Host: null } => screen.Paint(Tone.Bad, "no host takes another one"),
            { Leave.Count: > 0 } => $"another one would get {placed.Host}, which {string.Join(", ", placed.Leave)} would leave to it",
            _ => $"another one would get {placed.Host}",
        });
        var table = new TextTable("HOST", "ZONE", "SAYS");
        foreach (var (host, zone, refuses) in placed.Hosts)
        {
            table.Add(host, zone ?? "-", refuses.Length > 0 ? refuses : "takes it");
        }

        table.Write(screen);
    }
}
