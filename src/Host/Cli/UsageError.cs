using System.CommandLine;
using Mainstay.Core.Kinds;

namespace Mainstay.Host.Cli;

/// <summary>Says what is wrong with a command line, with the nearest verb or flag that exists.</summary>
static class UsageError
{
    public static CliError Of(ParseResult parsed, RootCommand root)
    {
        var command = parsed.CommandResult.Command;
        var name = command == root ? "mainstay" : $"mainstay {command.Name}";
        if (parsed.UnmatchedTokens is [var token, ..])
        {
            return token.StartsWith('-') && token.Length > 1
                ? Unknown($"'{name}' has no flag '{token}'", token, FlagsOf(command, root), name)
                : command == root
                    ? Unknown($"unknown verb '{token}'", token, root.Subcommands.Where(c => !c.Hidden).Select(c => c.Name), name)
                    : new CliError($"'{name}' does not take '{token}'", $"see '{name} --help'", ExitCode.Invalid);
        }

        return new CliError(Clause(parsed.Errors[0].Message), $"see '{name} --help'", ExitCode.Invalid);
    }

    static CliError Unknown(string what, string token, IEnumerable<string> known, string name) => new(
        what,
        Nearest.To(token, known) is { } nearest ? $"did you mean '{nearest}'? '{name} --help' lists all" : $"'{name} --help' lists all",
        ExitCode.Invalid);

    static IEnumerable<string> FlagsOf(Command command, RootCommand root) =>
        command.Options.Concat(root.Options).Where(o => !o.Hidden).SelectMany(o => o.Aliases.Append(o.Name));

    static string Clause(string message) => message.TrimEnd('.') is { Length: > 0 } text ? char.ToLowerInvariant(text[0]) + text[1..] : message;
}
