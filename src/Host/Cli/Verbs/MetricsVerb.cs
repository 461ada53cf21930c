using System.CommandLine;
using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Host.Api.Telemetry;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay metrics</c>: values of series, now or over a span.</summary>
static class MetricsVerb
{
    public static Command Build(VerbKit kit)
    {
        var query = VerbKit.Required("QUERY", "NAME{label=\"value\"} with = != =~ !~, or rate(NAME{…}[15s]) for the growth of counters per second.");
        var since = kit.Flags.Duration("--since", TimeSpan.Zero, "How far back to go; 0s shows the last values alone.");
        var step = kit.Flags.Duration("--step", TimeSpan.Zero, "Between two values of a span; 0s takes a 240th of it, at least 1s.");
        return kit.Verb("metrics", "Show values of metrics, now or over a span.", [query, since, step], async (parsed, session, stop) =>
        {
            var path = $"metrics/query?query={Uri.EscapeDataString(parsed.GetValue(query)!)}";
            var back = parsed.GetValue(since);
            path += back > TimeSpan.Zero ? $"&start={Durations.Format(back)}" : "";
            path += parsed.GetValue(step) is { Ticks: > 0 } given ? $"&step={Durations.Format(given)}" : "";
            var json = await session.Client.GetAsync(path, stop);
            var answer = ApiClient.As<MetricAnswer>(json);
            session.Screen.Write(json, () => Write(session, answer, back > TimeSpan.Zero));
            return ExitCode.Ok;
        });
    }

    static void Write(Session session, MetricAnswer answer, bool span)
    {
        if (answer.Series.Count == 0)
        {
            session.Screen.Note("nothing is known of that; names and labels are in docs/observe.md");
            return;
        }

        var table = span ? new TextTable("SERIES", "AT", "VALUE", "UNIT") { RightAligned = [2] } : new TextTable("SERIES", "VALUE", "UNIT") { RightAligned = [1] };
        foreach (var series in answer.Series)
        {
            var name = TextWidth.Harmless(series.Labels.Count == 0 ? series.Name : $"{series.Name}{{{string.Join(',', series.Labels.Select(l => $"{l.Key}=\"{l.Value}\""))}}}");
            foreach (var point in series.Points)
            {
                var value = point[1].ToString("0.######", CultureInfo.InvariantCulture);
                if (span)
                {
                    table.Add(name, Quantities.Clock(DateTimeOffset.FromUnixTimeMilliseconds((long)point[0]), session.Time), value, series.Unit);
                }
                else
                {
                    table.Add(name, value, series.Unit);
                }
            }
        }

        table.Write(session.Screen);
    }
}
