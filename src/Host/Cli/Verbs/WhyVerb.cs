using System.CommandLine;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay why</c>: what makes a service, a route, a database or a queue slow or fail.</summary>
static class WhyVerb
{
    public static Command Build(VerbKit kit)
    {
        var of = VerbKit.Required("NAME", "A service, route, database, cache or queue; with its kind (route/NAME, service/NAME, database/NAME) where it has to be told apart.");
        var about = VerbKit.Optional("SERVICE", "With pending in place of the name: why instances of this service have no host; with scale: why it has as many as it has.");
        return kit.Verb("why", "Show why something is slow or fails: the likeliest causes with their evidence.", [of, about], async (parsed, session, stop) =>
        {
            var name = parsed.GetRequiredValue(of);
            if (parsed.GetValue(about) is { } service)
            {
                return name switch
                {
                    "pending" => await WhyPending.ShowAsync(service, session, stop),
                    "scale" => await WhyScale.ShowAsync(service, session, stop),
                    _ => throw new CliError($"'{name}' is no question about a service", "write 'mainstay why pending SERVICE', 'mainstay why scale SERVICE', or one name alone", ExitCode.Invalid),
                };
            }

            var json = await session.Client.GetAsync($"why?of={Uri.EscapeDataString(name)}", stop);
            var found = ApiClient.As<DiagnosisView>(json);
            session.Screen.Write(json, () => Write(session, name, found));
            return ExitCode.Ok;
        });
    }

    static void Write(Session session, string name, DiagnosisView found)
    {
        var screen = session.Screen;
        if (found is not { Symptom: { } symptom, Since: { } since })
        {
            screen.Line($"{TextWidth.Harmless(name)} is as usual: neither its errors nor its durations differ from the last hour's");
            return;
        }

        screen.Line(screen.Paint(Tone.Bad, TextWidth.Harmless(symptom)) + $", since {Quantities.When(since, session.Time)}");
        foreach (var (number, cause) in found.Causes.Index())
        {
            screen.Line(CauseText.Title(screen, number, cause));
            foreach (var evidence in cause.Evidence)
            {
                screen.Line($"     {TextWidth.Harmless(evidence.Text)}{(evidence.Trace is { } trace ? $"  (mainstay trace {trace})" : "")}");
            }
        }
    }
}
