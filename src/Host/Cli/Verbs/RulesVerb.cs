using System.CommandLine;
using Mainstay.Core.Kinds;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay rules</c>: the users' own rules and how they stand.</summary>
static class RulesVerb
{
    public static Command Build(VerbKit kit) =>
        kit.Verb("rules", "Show the rules of the manifest and how they stand: inactive, pending or firing.", [], async (_, session, stop) =>
        {
            var json = await session.Client.GetAsync("alerts", stop);
            var view = ApiClient.As<AlertsView>(json);
            session.Screen.Write(json, () => Write(session.Screen, view, session.Time.GetUtcNow()));
            return ExitCode.Ok;
        });

    static void Write(Screen screen, AlertsView view, DateTimeOffset now)
    {
        if (view.Items.Count == 0)
        {
            screen.Line("no rules: declare some in the manifest under 'rules'; what deviates is found without");
            return;
        }

        var table = new TextTable("RULE", "STATE", "FOR", "SEVERITY", "VALUE", "SINCE", "EXPR") { RightAligned = [4] };
        foreach (var one in view.Items)
        {
            table.Add(
                one.Name, screen.Paint(one.Fault is not null ? Tone.Bad : one.State switch { "firing" => Tone.Bad, "pending" => Tone.Busy, _ => Tone.Good }, one.Fault is null ? one.State : "failed"),
                Durations.Format(one.Spec.For), one.Spec.Severity.ToString().ToLowerInvariant(), one.Value is { } value ? FormattableString.Invariant($"{value:0.###}") : "-",
                one.Since is { } since ? Quantities.Age(now - since) : "-", TextWidth.Harmless(one.Fault ?? one.Spec.Expr));
        }

        table.Write(screen);
    }
}
