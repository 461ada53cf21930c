using System.CommandLine;
using Mainstay.Host.Cli.Doctor;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay doctor</c>: looks at everything that commonly goes wrong, and says what to do.</summary>
static class DoctorVerb
{
    public static Command Build(VerbKit kit) =>
        kit.Verb("doctor", "Look for what is wrong with the machine, the processes and the services. Exit code 1: something is.", [], async (_, session, stop) =>
        {
            var findings = await FindAsync(session, stop);
            var healthy = findings.All(f => f.Severity != Severity.Bad);
            session.Screen.Write(Screen.Json(new { healthy, findings }), () => Write(session.Screen, findings));
            return healthy ? ExitCode.Ok : ExitCode.Failed;
        });

    static async Task<IReadOnlyList<Finding>> FindAsync(Session session, CancellationToken stop)
    {
        var machine = session.Environment.Machine;
        var here = await MachineChecks.RunAsync(machine, session.DataFolder, stop);
        var roles = session.Server is null ? RoleChecks.Processes(machine, session.DataFolder) : [];
        if (session.Server is null && roles.Count == 0)
        {
            return [.. here, .. RoleChecks.FreePorts(machine), Finding.Ok("API", $"no server runs on {session.DataFolder}: 'mainstay up' starts one")];
        }

        try
        {
            return [.. here, .. roles, .. await ServerChecks.RunAsync(session, stop)];
        }
        catch (CliError error)
        {
            return [.. here, .. roles, Finding.Bad("API", error.What, error.Remedy)];
        }
    }

    static void Write(Screen screen, IReadOnlyList<Finding> findings)
    {
        var columns = findings.Max(f => f.Check.Length);
        foreach (var finding in findings)
        {
            var (tone, mark) = finding.Severity switch
            {
                Severity.Ok => (Tone.Good, "ok  "),
                Severity.Warning => (Tone.Busy, "warn"),
                _ => (Tone.Bad, "bad "),
            };
            screen.Line($"{screen.Paint(tone, mark)}  {finding.Check.PadRight(columns)}  {finding.What}");
            if (finding.Remedy is { } remedy)
            {
                screen.Line($"      {new string(' ', columns)}  {remedy}");
            }
        }
    }
}
