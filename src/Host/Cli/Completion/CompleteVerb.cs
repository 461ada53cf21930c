using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Mainstay.Core.Kinds;

namespace Mainstay.Host.Cli.Completion;

/// <summary><c>mainstay complete</c>, hidden: what could stand at a place of a command line, one word a line. Never an error: a shell has no place for it.</summary>
static class CompleteVerb
{
    /// <summary>A person waits with a finger on the key.</summary>
    static readonly TimeSpan ServerAnswersWithin = TimeSpan.FromSeconds(1);

    public static Command Build(VerbKit kit, RootCommand root)
    {
        var position = VerbKit.Required("POSITION", "Of the cursor in the line.");
        var line = VerbKit.Required("LINE", "The command line, with the program's name.");
        var verb = kit.Verb("complete", "List what could stand at a place of a command line.", [position, line], async (parsed, session, stop) =>
        {
            var at = int.TryParse(parsed.GetRequiredValue(position), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue;
            foreach (var word in await WordsAsync(kit, root, parsed.GetRequiredValue(line), at, stop))
            {
                session.Screen.Line(word);
            }

            return ExitCode.Ok;
        });
        verb.Hidden = true;
        return verb;
    }

    static async Task<IEnumerable<string>> WordsAsync(VerbKit kit, RootCommand root, string line, int at, CancellationToken stop)
    {
        var typed = line[..Math.Min(at, line.Length)];
        var program = typed.IndexOf(' ');
        if (program < 0)
        {
            return [];
        }

        var text = typed[(program + 1)..].TrimStart();
        var word = text[(text.LastIndexOf(' ') + 1)..];
        var parsed = root.Parse(text);
        var names = word.StartsWith('-') ? null : await NamesAsync(kit, parsed, word, stop);
        return (names ?? parsed.GetCompletions(text.Length).Select(c => c.Label))
            .Where(c => c.StartsWith(word, StringComparison.Ordinal) && (word.StartsWith('-') || !c.StartsWith('-')))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);
    }

    // Null where no name of a resource stands.
    static async Task<IEnumerable<string>?> NamesAsync(VerbKit kit, ParseResult parsed, string word, CancellationToken stop)
    {
        var given = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value).ToArray();
        var before = word.Length > 0 ? given.SkipLast(1).ToArray() : given;
        var plural = (parsed.CommandResult.Command.Name, before) switch
        {
            ("restart" or "scale" or "logs", []) => "services",
            ("get", [var kind]) => CoreKinds.All.Find(kind)?.Plural,
            _ => null,
        };
        return plural is null ? null : await NamesOfAsync(kit, parsed, plural, stop);
    }

    static async Task<IEnumerable<string>> NamesOfAsync(VerbKit kit, ParseResult parsed, string plural, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(ServerAnswersWithin, kit.Environment.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        try
        {
            using var session = new Session(kit.Environment, kit.Globals, parsed);
            var items = (await session.Client.ListAsync(plural, either.Token))["items"]!.AsArray();
            return items.Select(i => (string?)i?["name"] ?? "").Where(n => n.Length > 0);
        }
        catch (Exception error) when (error is CliError or InvalidOperationException || (error is OperationCanceledException && limit.IsCancellationRequested))
        {
            // No server, a slow one, or a flag before the cursor that has no proper value yet: there are no names to offer.
            return [];
        }
    }
}
