using System.CommandLine;

namespace Mainstay.Host.Cli.Completion;

/// <summary><c>mainstay completion</c>: the script that makes a shell complete verbs, flags and names.</summary>
static class CompletionVerb
{
    public static Command Build(VerbKit kit)
    {
        var shell = VerbKit.Required("SHELL", "bash, zsh or fish.");
        shell.CompletionSources.Add([.. CompletionScripts.All.Keys]);
        return kit.Verb("completion", "Print the script that makes a shell complete verbs, flags and names.", [shell], (parsed, session, _) =>
        {
            session.Screen.Line(CompletionScripts.All.GetValueOrDefault(parsed.GetRequiredValue(shell)) ?? throw new CliError(
                $"there is no completion for '{parsed.GetRequiredValue(shell)}'", $"name one of {string.Join(", ", CompletionScripts.All.Keys)}", ExitCode.Invalid));
            return Task.FromResult(ExitCode.Ok);
        });
    }
}
