using System.Globalization;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary>Which API calls which, as a table.</summary>
static class ApiTable
{
    public static void Write(Screen screen, string service, ApiCalls calls)
    {
        if (calls.Edges.Count == 0)
        {
            screen.Line(calls.Traces == 0 ? $"nothing to show: no trace of {service} is kept" : $"nothing to show: in the newest {calls.Traces} traces of {service} no API calls another");
            return;
        }

        var table = new TextTable("CALLS", "A REQUEST", "OF CALLEE", "ERRORS", "P50", "P99", "CALLER", "API", "CALLEE", "API") { RightAligned = [0, 1, 2, 3, 4, 5] };
        foreach (var edge in calls.Edges)
        {
            table.Add(
                $"{edge.Calls}", edge.CallsPerRequest.ToString("0.##", CultureInfo.InvariantCulture), Quantities.Percent(edge.Share), Quantities.Percent(edge.ErrorRatio),
                Quantities.Milliseconds(edge.P50Ms), Quantities.Milliseconds(edge.P99Ms),
                TextWidth.Harmless(edge.From), TextWidth.Harmless(edge.FromApi), TextWidth.Harmless(edge.To), TextWidth.Harmless(edge.ToApi));
        }

        table.Write(screen);
    }
}
