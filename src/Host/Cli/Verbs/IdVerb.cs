using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.Client.Ids;
using Mainstay.Host.Api;
using Mainstay.Host.Cli.Client;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay id</c>: new ids, or what an id says.</summary>
static class IdVerb
{
    public static Command Build(VerbKit kit)
    {
        var given = VerbKit.Optional("ID", "An id, as text or number, to be taken apart. Default: new ones are made.");
        var count = kit.Flags.Number("--count", 1, 1, 10_000, "How many.");
        return kit.Verb("id", "Make ids that grow with time and never come twice, or take one apart.", [given, count], async (parsed, session, stop) =>
        {
            if (parsed.GetValue(given) is { } text)
            {
                Explain(session, text);
                return ExitCode.Ok;
            }

            var reply = await session.Client.PostAsync($"ids?count={parsed.GetValue(count).ToString(CultureInfo.InvariantCulture)}", new { }, stop);
            session.Screen.Write(reply, () =>
            {
                foreach (var id in reply["ids"]!.AsArray())
                {
                    session.Screen.Line((string)id!["id"]!);
                }
            });
            return ExitCode.Ok;
        });
    }

    static void Explain(Session session, string text)
    {
        if (!IdShape.TryParse(text, out var id))
        {
            throw new CliError($"'{text}' is not an id", "give 13 digits and letters, or a whole number that is not negative", ExitCode.Invalid);
        }

        var (at, worker, sequence) = IdShape.Parts(id);
        var number = id.ToString(CultureInfo.InvariantCulture);
        var when = at.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        session.Screen.Write(new JsonObject { ["id"] = IdShape.Format(id), ["number"] = number, ["at"] = when, ["worker"] = worker, ["sequence"] = sequence }, () =>
            session.Screen.Line($"{IdShape.Format(id)} is {number}: made at {when} by worker {worker}, number {sequence + 1} of that millisecond"));
    }
}
