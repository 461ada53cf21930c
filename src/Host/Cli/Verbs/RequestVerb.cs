using System.CommandLine;
using System.Globalization;
using Mainstay.Host.Api.State;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay request</c>: requests that gateways do once or later; look at them, take them back, have them done again, free their keys.</summary>
static class RequestVerb
{
    static readonly string[] Actions = ["list", "show", "cancel", "retry", "forget", "tell", "pull", "answer"];

    public static Command Build(VerbKit kit)
    {
        var action = new ActionArgument(Actions);
        var id = VerbKit.Optional("ID", "The request; with pull its route.");
        var route = kit.Flags.Text("--route", "ROUTE", "With list only those of this route.");
        var state = kit.Flags.Text("--state", "STATE", "With list only those that are waiting, running, answered, failed, unknown or cancelled.");
        var count = kit.Flags.Number("--count", 100, 1, 1000, "With list at most so many.");
        var status = kit.Flags.Number("--status", 200, 200, 599, "With answer: the answer's status.");
        var body = kit.Flags.Text("--body", "TEXT", "With answer: the answer's body.");
        return kit.Verb("request", "See requests that are done once (Idempotency-Key) or later (async); cancel, retry or forget one, tell its end again, or pull and answer one as a worker would.", [action, id, route, state, count, status, body], async (parsed, session, stop) =>
        {
            var word = parsed.GetRequiredValue(action);
            if (word == "list")
            {
                await ListAsync(session, parsed.GetValue(route), parsed.GetValue(state), parsed.GetValue(count), stop);
                return ExitCode.Ok;
            }

            var one = parsed.GetValue(id) ?? throw new CliError("the request's id is missing", $"write mainstay request {word} ID, see 'mainstay request list'", ExitCode.Invalid);
            if (word == "pull")
            {
                await PullAsync(session, one, stop);
                return ExitCode.Ok;
            }

            if (word == "answer")
            {
                await AnswerAsync(session, one, parsed.GetValue(status), parsed.GetValue(body), stop);
                return ExitCode.Ok;
            }

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
                if (request.Callback is { } call)
                {
                    var next = call.Due is { } due ? $", next {Quantities.When(due, session.Time)}" : "";
                    session.Screen.Line($"its end is told to {TextWidth.Harmless(call.Url)}: {session.Screen.Paint(call.State == "givenUp" ? Tone.Bad : Tone.Plain, call.State)} after {Number(call.Tries)} tries{next}{(call.Why is null ? "" : $" ({TextWidth.Harmless(call.Why)})")}");
                }
            });
            return ExitCode.Ok;
        });
    }

    static async Task PullAsync(Session session, string route, CancellationToken stop)
    {
        var reply = await session.Client.PostAsync($"requests/{Uri.EscapeDataString(route)}/pull", null, stop);
        session.Screen.Write(reply, () =>
        {
            if (ApiClient.As<PulledRequests>(reply).Requests is not [var pulled])
            {
                session.Screen.Line("nothing waits");
                return;
            }

            session.Screen.Line($"{pulled.Id}, attempt {Number(pulled.Attempt)}: {TextWidth.Harmless(pulled.Method)} {TextWidth.Harmless(pulled.Target)}");
            foreach (var header in pulled.Headers)
            {
                session.Screen.Line($"{TextWidth.Harmless(header.Name)}: {TextWidth.Harmless(header.Value)}");
            }

            if ((pulled.Body ?? pulled.BodyBase64) is { } content)
            {
                session.Screen.Line("");
                session.Screen.Line(TextWidth.Harmless(content));
            }
        });
    }

    // Whoever answers by hand answers the attempt that is under way.
    static async Task AnswerAsync(Session session, string id, int status, string? body, CancellationToken stop)
    {
        var seen = ApiClient.As<RequestView>(await session.Client.GetAsync($"state/requests/{Uri.EscapeDataString(id)}", stop));
        var reply = await session.Client.PostAsync($"requests/{Uri.EscapeDataString(seen.Route)}/settle", new { answers = new[] { new { id, attempt = seen.Attempts, status, body } } }, stop);
        if (ApiClient.As<SettledRequests>(reply).Count == 0)
        {
            throw new CliError($"{id} is {seen.State}, and not to be answered", "see 'mainstay request show ID'; only what was pulled can be answered");
        }

        session.Screen.Write(reply, () => session.Screen.Line($"{id} is answered with {Number(status)}"));
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
