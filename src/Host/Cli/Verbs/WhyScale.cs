using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Api.Autoscale;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay why scale</c>: why a service has as many instances as it has, and its last changes.</summary>
static class WhyScale
{
    public static async Task<int> ShowAsync(string service, Session session, CancellationToken stop)
    {
        var json = await session.Client.GetAsync($"services/{Uri.EscapeDataString(service)}/scaling", stop);
        var report = ApiClient.As<ScalingReport>(json);
        session.Screen.Write(json, () => Write(session, report));
        return ExitCode.Ok;
    }

    static void Write(Session session, ScalingReport report)
    {
        var screen = session.Screen;
        var held = report.Reason is ScalingReasons.HeldByCause or ScalingReasons.HeldByFailure or ScalingReasons.AtMost;
        screen.Line($"{TextWidth.Harmless(report.Service)} wants {Quantities.Count(report.Wanted, "instance")}{(report.Automatic ? $" of {report.Min} to {report.Max}" : "")}, {report.Ready} ready: {screen.Paint(held ? Tone.Bad : Tone.Plain, TextWidth.Harmless(report.Reason))}");
        if (report.Message.Length > 0)
        {
            screen.Line($"  {TextWidth.Harmless(report.Message)}");
        }

        foreach (var figure in report.Figures)
        {
            screen.Line($"  now: {TextWidth.Harmless(figure.Text)}");
        }

        foreach (var decision in report.Decisions)
        {
            screen.Line($"{Quantities.When(decision.At, session.Time)}  {decision.Reason}  {TextWidth.Harmless(decision.Message)}");
            foreach (var figure in decision.Figures)
            {
                screen.Line($"     {TextWidth.Harmless(figure.Text)}");
            }
        }
    }
}
