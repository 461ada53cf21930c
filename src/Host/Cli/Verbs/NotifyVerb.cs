using System.CommandLine;
using Mainstay.Host.Api.Observe;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay notify</c>: who is told of incidents, how it last went, and whether it would.</summary>
static class NotifyVerb
{
    static readonly string[] Actions = ["list", "test"];

    public static Command Build(VerbKit kit)
    {
        var action = new ActionArgument(Actions);
        var subject = VerbKit.Optional("NAME", "With test the receiver.");
        return kit.Verb("notify", "Show who is told of incidents and whether the last time was taken; tell one that this is a test.", [action, subject], async (parsed, session, stop) =>
        {
            switch (parsed.GetRequiredValue(action))
            {
                case "list":
                    var list = await session.Client.GetAsync("notify", stop);
                    session.Screen.Write(list, () => Show(session, ApiClient.As<ReceiverList>(list).Items));
                    return ExitCode.Ok;
                default:
                    var name = parsed.GetValue(subject) ?? throw new CliError("the receiver is missing", "write mainstay notify test NAME, see 'mainstay notify list'", ExitCode.Invalid);
                    var json = await session.Client.PostAsync($"notify/{Uri.EscapeDataString(name)}/test", null, stop);
                    session.Screen.Write(json, () => session.Screen.Line(session.Screen.Paint(Tone.Good, $"{name} took a test")));
                    return ExitCode.Ok;
            }
        });
    }

    static void Show(Session session, IReadOnlyList<ReceiverView> receivers)
    {
        if (receivers.Count == 0)
        {
            session.Screen.Line("nobody is told of incidents: declare receivers below notify");
            return;
        }

        var table = new TextTable("NAME", "BY", "FROM", "LAST", "OF", "RESULT");
        foreach (var one in receivers)
        {
            table.Add(
                one.Name, one.By, one.Least, one.LastAt is { } at ? Quantities.When(at, session.Time) : "-", TextWidth.Harmless(one.LastOf ?? "-"),
                one.LastAt is null ? "-" : one.Why is { } why ? session.Screen.Paint(Tone.Bad, TextWidth.Harmless(why)) : session.Screen.Paint(Tone.Good, "taken"));
        }

        table.Write(session.Screen);
    }
}
