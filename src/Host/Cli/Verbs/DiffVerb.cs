using System.CommandLine;
using System.Globalization;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay diff</c>: what differs between two versions.</summary>
static class DiffVerb
{
    public static Command Build(VerbKit kit)
    {
        var from = VerbKit.Optional("A", "Number of the older version. Default: the one before B.");
        var to = VerbKit.Optional("B", "Number of the newer version. Default: the present one.");
        return kit.Verb("diff", "Show what differs between two versions of the architecture.", [from, to], async (parsed, session, stop) =>
        {
            string[] query = [.. Query("from", parsed.GetValue(from)), .. Query("to", parsed.GetValue(to))];
            var json = await session.Client.GetAsync(query.Length == 0 ? "diff" : "diff?" + string.Join('&', query), stop);
            var diff = ApiClient.As<DiffResult>(json);
            session.Screen.Write(json, () =>
            {
                ChangeLines.Write(session.Screen, diff.Changes);
                session.Screen.Line(diff.Changes.Count == 0
                    ? $"versions {diff.From} and {diff.To} are the same"
                    : $"version {diff.From} to {diff.To}: {ChangeLines.Summary(diff.Changes)}");
            });
            return ExitCode.Ok;
        });
    }

    static IEnumerable<string> Query(string key, string? value) => value switch
    {
        null => [],
        _ when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => [$"{key}={number}"],
        _ => throw new CliError($"'{value}' is not the number of a version", "'mainstay history' lists the versions", ExitCode.Invalid),
    };
}
