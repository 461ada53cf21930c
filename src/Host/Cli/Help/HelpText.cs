using System.CommandLine;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Help;

/// <summary>What <c>--help</c> writes. Values of the environment are not shown: a token may be among them.</summary>
public static class HelpText
{
    static readonly (string Title, string[] Verbs)[] Groups =
    [
        ("Run", ["up", "down"]),
        ("Change", ["plan", "apply", "diff", "history", "rollback", "tag", "rollout", "scale", "restart", "host", "job"]),
        ("Look", ["status", "get", "registry", "map", "logs", "exec", "events", "top", "query", "trace", "objectives", "rules"]),
        ("Find the cause", ["why", "impact", "simulate", "incident", "notify"]),
        ("Traffic", ["traffic", "explain", "intervention", "cache"]),
        ("State", ["queue", "stream", "request", "flow", "config", "secret", "lock", "id", "store"]),
        ("Help", ["doctor", "schema", "completion", "version"]),
        ("Roles, which 'up' starts by itself", ["server", "gateway", "agent"]),
    ];

    /// <summary>The lines for the whole program.</summary>
    public static IEnumerable<string> Of(RootCommand root) =>
    [
        root.Description!,
        "",
        "Usage: mainstay VERB [ARGUMENTS] [FLAGS]",
        .. Groups.SelectMany(g => Section(g.Title, g.Verbs.Select(v => root.Subcommands.First(c => c.Name == v)).Select(c => (c.Name, c.Description!)))),
        .. Section("Flags of every verb", root.Options.Where(o => o.Recursive).Select(Row)),
        "",
        "Every flag can be given as an environment variable too: --no-color is MAINSTAY_NO_COLOR.",
        "Exit code: 0 done, 1 failed, 2 usage or invalid input, 3 timed out waiting, 130 interrupted.",
        "'mainstay VERB --help' tells more.",
    ];

    /// <summary>The lines for one verb.</summary>
    public static IEnumerable<string> Of(Command verb, RootCommand root) =>
    [
        verb.Description!,
        "",
        "Usage: " + Usage(verb),
        .. Section("Arguments", verb.Arguments.Select(a => (a.Name, a.Description!))),
        .. Section("Flags", verb.Options.Where(o => !o.Hidden).Select(Row)),
        .. Section("Flags of every verb", root.Options.Where(o => o.Recursive).Select(Row)),
    ];

    /// <summary>A verb with its arguments as they are written, optional ones in brackets.</summary>
    public static string Usage(Command verb) => string.Join(' ',
    [
        "mainstay", verb.Name,
        .. verb.Arguments.Select(a => a.Arity.MinimumNumberOfValues > 0 ? a.Name : a.Arity.MaximumNumberOfValues > 1 ? $"[{a.Name}...]" : $"[{a.Name}]"),
        .. verb.Options.Any() ? ["[FLAGS]"] : Array.Empty<string>(),
    ]);

    /// <summary>A flag with its short name and its value.</summary>
    public static string Flag(Option flag) =>
        string.Join(", ", flag.Aliases.Append(flag.Name)) + (flag.HelpName is { } value ? " " + value : "");

    static (string, string) Row(Option flag) => (Flag(flag), flag.Description!);

    static IEnumerable<string> Section(string title, IEnumerable<(string Name, string Text)> rows)
    {
        var all = rows.ToArray();
        var columns = all.Select(r => r.Name.Length).DefaultIfEmpty().Max();
        return all.Length == 0 ? [] : all.Select(r => $"  {TextWidth.PadRight(r.Name, columns)}  {r.Text}").Prepend(title + ":").Prepend("");
    }
}
