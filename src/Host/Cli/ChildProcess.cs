using System.ComponentModel;
using System.Diagnostics;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Host.Cli;

/// <summary>A command that a verb runs in its own place: with its terminal, its folder and its environment, and some more of that.</summary>
/// <param name="Command">The program and its arguments.</param>
/// <param name="Environment">What is added to the environment.</param>
public sealed record ChildRun(IReadOnlyList<string> Command, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>Between asking it to end and ending it. Default 10 s.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Told the process's id once it is there.</summary>
    public Action<int>? Started { get; init; }
}

/// <summary>Runs commands.</summary>
static class ChildProcess
{
    /// <summary>Runs one to its end; it is asked to end (SIGTERM) when <paramref name="end"/> is cancelled.</summary>
    /// <returns>Its exit code; 128 and the signal's number where one ended it.</returns>
    /// <exception cref="CliError">It cannot be started.</exception>
    public static async Task<int> RunAsync(ChildRun run, TimeProvider time, CancellationToken end)
    {
        var start = new ProcessStartInfo(run.Command[0], run.Command.Skip(1)) { UseShellExecute = false };
        foreach (var (name, value) in run.Environment)
        {
            start.Environment[name] = value;
        }

        Process? started;
        try
        {
            started = Process.Start(start);
        }
        catch (Win32Exception error)
        {
            throw new CliError($"'{run.Command[0]}' cannot be run: {error.Message}", "give a program that is on the PATH, or its whole path", ExitCode.Invalid);
        }

        using var child = started!;
        run.Started?.Invoke(child.Id);
        try
        {
            await child.WaitForExitAsync(end);
        }
        catch (OperationCanceledException)
        {
            _ = Posix.kill(child.Id, Posix.SigTerm);
            using var late = new CancellationTokenSource(run.Grace, time);
            try
            {
                await child.WaitForExitAsync(late.Token);
            }
            catch (OperationCanceledException)
            {
                child.Kill(entireProcessTree: true);
                await child.WaitForExitAsync(CancellationToken.None);
            }
        }

        return child.ExitCode;
    }
}
