using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay intervention</c>: what is done to the running traffic for a while.</summary>
static class InterventionVerb
{
    static readonly string[] Actions = ["list", "begin", "end"];

    public static Command Build(VerbKit kit)
    {
        var action = new ActionArgument(Actions);
        var subject = VerbKit.Optional("SUBJECT", "With begin what it is done to: route/NAME, need/CALLER.CALLEE, service/NAME or criticality/LEVEL, with --ban also gateway/gateway; with end the intervention's name.");
        var acts = new Acts(kit.Flags);
        return kit.Verb("intervention", "Do something to the running traffic for a while, with a reason, an end and an undo.", [action, subject, .. acts.All], async (parsed, session, stop) =>
        {
            var word = parsed.GetRequiredValue(action);
            var named = parsed.GetValue(subject);
            await (word switch
            {
                "list" => ListAsync(session, stop),
                "begin" => BeginAsync(session, Named(named, "what it is done to", "mainstay intervention begin route/NAME …"), acts, parsed, stop),
                _ => EndAsync(session, Named(named, "the intervention", "mainstay intervention end NAME, see 'mainstay intervention list'"), stop),
            });
            return ExitCode.Ok;
        });
    }

    static string Named(string? subject, string what, string how) =>
        subject ?? throw new CliError($"{what} is missing", $"write {how}", ExitCode.Invalid);

    static async Task ListAsync(Session session, CancellationToken stop)
    {
        var page = await session.Client.ListAsync("interventions", stop);
        session.Screen.Write(page, () =>
        {
            Intervention[] all = [.. page["items"]!.AsArray().Select(i => ApiClient.As<Intervention>(i!)).OrderBy(i => i.Until)];
            if (all.Length == 0)
            {
                session.Screen.Line("nothing is intervened in: what is declared holds");
                return;
            }

            var table = new TextTable("NAME", "ABOUT", "ACT", "BY", "ENDS IN", "REASON");
            var now = session.Time.GetUtcNow();
            foreach (var one in all)
            {
                table.Add(one.Name, one.About, one.Act(), TextWidth.Harmless(one.By), Quantities.Age(one.Until - now), TextWidth.Harmless(one.Reason));
            }

            table.Write(session.Screen);
        });
    }

    static async Task BeginAsync(Session session, string about, Acts acts, ParseResult parsed, CancellationToken stop)
    {
        var json = await session.Client.PostAsync("interventions", acts.Body(about, parsed), stop);
        var one = ApiClient.As<Intervention>(json);
        session.Screen.Write(json, () => session.Screen.Line($"{one.Name}: {one.Act()} on {one.About} until {Quantities.When(one.Until, session.Time)}; undo: mainstay intervention end {one.Name}"));
    }

    static async Task EndAsync(Session session, string name, CancellationToken stop)
    {
        var json = await session.Client.DeleteAsync($"interventions/{Uri.EscapeDataString(name)}", stop);
        session.Screen.Write(json, () => session.Screen.Line($"{name} has ended; what is declared holds again"));
    }

    /// <summary>The flags that say what is done.</summary>
    sealed class Acts(Flags flags)
    {
        readonly Option<string?> reason = flags.Text("--reason", "TEXT", "Why, for whoever finds it later.");
        readonly Option<TimeSpan> span = flags.Duration("--for", TimeSpan.FromMinutes(10), "How long.");
        readonly Option<string?> breaker = flags.Text("--breaker", "open|closed", "Hold the breaker open (nothing passes) or closed (everything passes).");
        readonly Option<string?> degrade = flags.Text("--degrade", "NAME", "Throw a degradation that the route or need declares.");
        readonly Option<string?> limits = flags.Text("--limits", "off|dryRun|on", "Let limits pass everything, only count, or limit.");
        readonly Option<string?> admit = flags.Text("--admit", "LEVEL", "Admit only requests of this level or higher.");
        readonly Option<string?> ban = flags.Text("--ban", "ADDRESS", "Turn a client away: an IP address or range.");
        readonly Option<string?> eject = flags.Text("--eject", "INSTANCE", "Keep requests from one instance of a service; it runs on.");
        readonly Option<string?> delay = flags.Text("--delay", "DURATION", "Fault: hold requests back for this long.");
        readonly Option<string?> abort = flags.Text("--abort", "STATUS", "Fault: answer with this status instead of the service.");
        readonly Option<bool> reset = flags.Switch("--reset", "Fault: reset the client's connection instead of answering.");
        readonly Option<string?> bandwidth = flags.Text("--bandwidth", "SIZE", "Fault: let so many bytes of a response pass per second, for example 64Ki.");
        readonly Option<string?> percent = flags.Text("--percent", "SHARE", "Fault: which part of the requests, for example 10%. Default: all.");

        public IReadOnlyList<Option> All => [reason, span, breaker, degrade, limits, admit, ban, eject, delay, abort, reset, bandwidth, percent];

        public JsonObject Body(string about, ParseResult parsed)
        {
            var body = new JsonObject
            {
                ["about"] = about,
                ["reason"] = parsed.GetValue(reason) ?? throw new CliError("the reason is missing", "say why with --reason TEXT", ExitCode.Invalid),
                ["for"] = Durations.Format(parsed.GetValue(span)),
            };
            Put(body, "breaker", OneOf(parsed.GetValue(breaker), "--breaker", "open", "closed"));
            Put(body, "degrade", parsed.GetValue(degrade));
            Put(body, "limits", OneOf(parsed.GetValue(limits), "--limits", "off", "dryRun", "on"));
            Put(body, "ban", parsed.GetValue(ban));
            Put(body, "eject", parsed.GetValue(eject));
            Put(body, "admit", Number(parsed.GetValue(admit), "--admit"));
            if (Fault(parsed) is { Count: > 0 } fault)
            {
                body["fault"] = fault;
            }

            return body;
        }

        JsonObject Fault(ParseResult parsed)
        {
            var fault = new JsonObject();
            Put(fault, "delay", parsed.GetValue(delay) is { } text && !Durations.TryParse(text, out _) ? throw new CliError($"--delay '{text}' is not a duration", "write a duration such as 500ms, 2s or 1m", ExitCode.Invalid) : parsed.GetValue(delay));
            Put(fault, "abort", Number(parsed.GetValue(abort), "--abort"));
            Put(fault, "bandwidth", parsed.GetValue(bandwidth));
            Put(fault, "percent", parsed.GetValue(percent));
            if (parsed.GetValue(reset))
            {
                fault["reset"] = true;
            }

            return fault;
        }

        static void Put(JsonObject body, string member, JsonNode? value)
        {
            if (value is not null)
            {
                body[member] = value;
            }
        }

        static JsonNode? OneOf(string? text, string flag, params string[] words) =>
            text is null || words.Contains(text, StringComparer.Ordinal) ? text : throw new CliError($"{flag} '{text}' is not known", $"write one of {string.Join(", ", words)}", ExitCode.Invalid);

        static JsonNode? Number(string? text, string flag) =>
            text is null ? null
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw new CliError($"{flag} '{text}' is not a whole number", "write a whole number", ExitCode.Invalid);
    }
}
