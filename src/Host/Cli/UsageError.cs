using System.CommandLine;
using Mainstay.Core.Kinds;
using Mainstay.Host.Cli.Help;

namespace Mainstay.Host.Cli;

/// <summary>Says what is wrong with a command line, with the nearest verb or flag that exists.</summary>
static class UsageError
{
    /// <summary>What is wrong; null where nothing is.</summary>
    public static CliError? Of(ParseResult parsed, RootCommand root)
    {
        if (parsed.Errors.Count == 0)
        {
            return null;
        }

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

        if (command.Arguments.OfType<ActionArgument>().FirstOrDefault(a => parsed.GetResult(a) is not { Tokens.Count: > 0 }) is { } action)
        {
            return new CliError($"'{name}' lacks what to do", $"{action.Remedy}; '{name} --help' tells more", ExitCode.Invalid);
        }

        var missing = command.Arguments.Where(a => (parsed.GetResult(a)?.Tokens.Count ?? 0) < a.Arity.MinimumNumberOfValues).Select(a => a.Name).ToArray();
        if (missing.Length > 0)
        {
            return new CliError($"'{name}' lacks {string.Join(" and ", missing)}", $"write {HelpText.Usage(command)}; '{name} --help' tells more", ExitCode.Invalid);
        }

        return new CliError(Clause(parsed.Errors[0].Message), $"see '{name} --help'", ExitCode.Invalid);
    }

    /// <summary>A flag that the verb does not have is no file and no name, although it stands where one may. What stands behind <c>--</c> is what it is.</summary>
    public static CliError? Mistyped(ParseResult parsed, IReadOnlyList<string> args, RootCommand root)
    {
        var command = parsed.CommandResult.Command;
        if (command.Hidden)
        {
            return null;
        }

        var before = args.TakeWhile(word => word != "--").ToHashSet(StringComparer.Ordinal);
        var token = command.Arguments.Where(a => a.Name is not ("COMMAND" or "REST")).SelectMany(a => parsed.GetResult(a)?.Tokens ?? []).Select(t => t.Value)
            .FirstOrDefault(word => before.Contains(word) && word.StartsWith('-') && word.TrimStart('-') is [var first, ..] && char.IsAsciiLetter(first));
        return token is null ? null : Unknown($"'mainstay {command.Name}' has no flag '{token}'", token, FlagsOf(command, root), $"mainstay {command.Name}");
    }

    static CliError Unknown(string what, string token, IEnumerable<string> known, string name) => new(
        what,
        Nearest.To(token, known) is { } nearest ? $"did you mean '{nearest}'? '{name} --help' lists all" : $"'{name} --help' lists all",
        ExitCode.Invalid);

    static IEnumerable<string> FlagsOf(Command command, RootCommand root) =>
        command.Options.Concat(root.Options).Where(o => !o.Hidden).SelectMany(o => o.Aliases.Append(o.Name));

    static string Clause(string message) => message.TrimEnd('.') is { Length: > 0 } text ? char.ToLowerInvariant(text[0]) + text[1..] : message;
}
