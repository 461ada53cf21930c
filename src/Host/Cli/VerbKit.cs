using System.CommandLine;

namespace Mainstay.Host.Cli;

/// <summary>What verbs are made from.</summary>
public sealed class VerbKit(CliEnvironment environment)
{
    public CliEnvironment Environment => environment;

    public Flags Flags { get; } = new(environment.Variables);

    public GlobalFlags Globals => field ??= new GlobalFlags(Flags);

    /// <summary>A verb with its arguments and flags; <paramref name="run"/> returns the exit code.</summary>
    public Command Verb(string name, string description, IReadOnlyList<Symbol> symbols, Func<ParseResult, Session, CancellationToken, Task<int>> run)
    {
        var verb = new Command(name, description);
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                verb.Add(argument);
            }
            else
            {
                verb.Add((Option)symbol);
            }
        }

        verb.SetAction(async (parsed, stop) =>
        {
            if (symbols.OfType<ActionArgument>().FirstOrDefault() is { } action && action.Check(parsed.GetRequiredValue(action)) is { } wrong)
            {
                throw wrong;
            }

            using var session = new Session(environment, Globals, parsed);
            return await run(parsed, session, stop);
        });
        return verb;
    }

    /// <summary>An argument that must be given.</summary>
    public static Argument<string> Required(string name, string description) => new(name) { Description = description, Arity = ArgumentArity.ExactlyOne };

    /// <summary>An argument that may be left out.</summary>
    public static Argument<string?> Optional(string name, string description) => new(name) { Description = description, Arity = ArgumentArity.ZeroOrOne };
}
