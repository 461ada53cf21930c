using System.Globalization;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary>Statements and the public APIs that run them, as a table.</summary>
static class PathTable
{
    public static void Write(Screen screen, IReadOnlyList<PathRow> rows)
    {
        if (rows.Count == 0)
        {
            screen.Line("nothing to show: no trace with a statement was complete within the window");
            return;
        }

        var table = new TextTable("HEAT", "CALLS", "A REQUEST", "OF API", "OF TIME", "OF STATEMENT", "ERRORS", "API", "SERVICE", "STATEMENT") { RightAligned = [0, 1, 2, 3, 4, 5, 6] };
        foreach (var row in rows)
        {
            table.Add(
                Quantities.Milliseconds(row.HeatSeconds * 1000), $"{row.Calls}", row.CallsPerRequest.ToString("0.##", CultureInfo.InvariantCulture), Quantities.Percent(row.ApiShare),
                Quantities.Percent(row.TimeShare), Quantities.Percent(row.StatementShare), Quantities.Percent(row.ErrorRatio),
                row.ApiService.Length == 0 ? "-" : TextWidth.Harmless($"{row.ApiService} {row.Api}"), TextWidth.Harmless(row.Service), TextWidth.Harmless(row.Statement));
        }

        table.Write(screen);
    }
}
