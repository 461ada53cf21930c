using System.CommandLine;

namespace Mainstay.Host.Cli.Verbs;

/// <summary>What <c>down</c> was asked for.</summary>
public sealed record DownOptions
{
    /// <summary>Absolute.</summary>
    public required string DataFolder { get; init; }

    /// <summary>How long services may take to stop before what is left is ended by force.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    public static TimeSpan DefaultTimeout => TimeSpan.FromMinutes(1);

    /// <summary>Where to show what happens, and how to reach the server.</summary>
    public required Session Session { get; init; }
}

/// <summary><c>mainstay down</c>.</summary>
static class DownVerb
{
    public static Command Build(VerbKit kit)
    {
        var timeout = kit.Flags.Duration("--timeout", DownOptions.DefaultTimeout, "How long services may take to stop before they are ended by force.");
        return kit.Verb("down", "Stop everything that 'up' started, dependants first. What is declared and stored stays.", [timeout], (parsed, session, stop) =>
            kit.Environment.Down(new() { DataFolder = session.DataFolder, Timeout = parsed.GetValue(timeout), Session = session }, stop));
    }
}
