using System.CommandLine;
using System.Globalization;
using Mainstay.Host.Api.State;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay request</c>: requests that gateways do once or later; look at them, take them back, have them done again, free their keys.</summary>
static class RequestVerb
{
    static readonly string[] Actions = ["list", "show", "cancel", "retry", "forget"];

    public static Command Build(VerbKit kit)
    {
        var action = VerbKit.Required("ACTION", "One of list, show, cancel, retry, forget.");
        action.CompletionSources.Add(Actions);
        var id = VerbKit.Optional("ID", "The request.");
        var route = kit.Flags.Text("--route", "ROUTE", "With list only those of this route.");
        var state = kit.Flags.Text("--state", "STATE", "With list only those that are waiting, running, answered, failed, unknown or cancelled.");
        var count = kit.Flags.Number("--count", 100, 1, 1000, "With list at most so many.");
        return kit.Verb("request", "See requests that are done once (Idempotency-Key) or later (async); cancel, retry or forget one.", [action, id, route, state, count], async (parsed, session, stop) =>
        {
            var word = parsed.GetRequiredValue(action);
            if (!Actions.Contains(word, StringComparer.Ordinal))
            {
                throw new CliError($"'{word}' is not an action", $"write one of {string.Join(", ", Actions)}", ExitCode.Invalid);
            }

            if (word == "list")
            {
                await ListAsync(session, parsed.GetValue(route), parsed.GetValue(state), parsed.GetValue(count), stop);
                return ExitCode.Ok;
            }

            var one = parsed.GetValue(id) ?? throw new CliError("the request's id is missing", $"write mainstay request {word} ID, see 'mainstay request list'", ExitCode.Invalid);
            var at = $"state/requests/{Uri.EscapeDataString(one)}";
            var reply = word == "show" ? await session.Client.GetAsync(at, stop) : await session.Client.PostAsync($"{at}/{word}", null, stop);
            session.Screen.Write(reply, () =>
            {
                var request = ApiClient.As<RequestView>(reply);
                if (word == "forget")
                {
                    session.Screen.Line($"{request.Id} is forgotten{(request.Key is null ? "" : "; its key may be used again")}");
                    return;
                }

                Table([request], session);
            });
            return ExitCode.Ok;
        });
    }

    static async Task ListAsync(Session session, string? route, string? state, int count, CancellationToken stop)
    {
        var query = $"?limit={Number(count)}{(route is null ? "" : $"&route={Uri.EscapeDataString(route)}")}{(state is null ? "" : $"&state={Uri.EscapeDataString(state)}")}";
        var page = await session.Client.GetAsync($"state/requests{query}", stop);
        session.Screen.Write(page, () =>
        {
            var requests = ApiClient.As<RequestList>(page).Items;
            if (requests.Count == 0)
            {
                session.Screen.Line("no requests are remembered");
                return;
            }

            Table(requests, session);
        });
    }

    static void Table(IReadOnlyList<RequestView> requests, Session session)
    {
        var table = new TextTable("ID", "ROUTE", "STATE", "KIND", "ATTEMPTS", "STATUS", "AT", "KEY", "WHY");
        foreach (var one in requests)
        {
            var tone = one.State is "unknown" or "failed" ? Tone.Bad : Tone.Plain;
            table.Add(
                one.Id, one.Route, session.Screen.Paint(tone, one.State), one.Accepted ? "later" : "once", Number(one.Attempts), one.Status is { } status ? Number(status) : "-",
                Quantities.When(one.At, session.Time), TextWidth.Harmless(one.Key ?? "-"), TextWidth.Harmless(one.Why ?? "-"));
        }

        table.Write(session.Screen);
    }

    static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
