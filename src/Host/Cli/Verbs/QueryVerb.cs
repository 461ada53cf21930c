using System.CommandLine;
using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Host.Api.Telemetry;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay query</c>: an expression of the query language of Prometheus, now or over a span.</summary>
static class QueryVerb
{
    const string Levels = "▁▂▃▄▅▆▇█";
    const int MostCells = 48;

    public static Command Build(VerbKit kit)
    {
        var query = VerbKit.Required("EXPRESSION", "In the query language of Prometheus, such as rate(process.cpu.time{service.name=\"orders\"}[1m]).");
        var since = kit.Flags.Duration("--since", TimeSpan.Zero, "How far back to go; 0s shows the values of now alone.");
        var step = kit.Flags.Duration("--step", TimeSpan.Zero, "Between two values of a span; 0s takes a 240th of it, at least 1s.");
        return kit.Verb("query", "Show what an expression over all metrics gives, now or over a span.", [query, since, step], async (parsed, session, stop) =>
        {
            var path = $"metrics/query?query={Uri.EscapeDataString(parsed.GetValue(query)!)}";
            var back = parsed.GetValue(since);
            path += back > TimeSpan.Zero ? $"&start={Durations.Format(back)}" : "";
            path += parsed.GetValue(step) is { Ticks: > 0 } given ? $"&step={Durations.Format(given)}" : "";
            var json = await session.Client.GetAsync(path, stop);
            var answer = ApiClient.As<MetricAnswer>(json);
            session.Screen.Write(json, () => Write(session.Screen, answer, back > TimeSpan.Zero));
            return ExitCode.Ok;
        });
    }

    static void Write(Screen screen, MetricAnswer answer, bool span)
    {
        if (answer.Text.Length > 0)
        {
            screen.Line(TextWidth.Harmless(answer.Text));
            return;
        }

        if (answer.Series.Count == 0)
        {
            screen.Note("nothing is known of that; names and labels are in docs/observe.md");
            return;
        }

        var table = span ? new TextTable("SERIES", "LAST", "LEAST", "MOST", "COURSE") { RightAligned = [1, 2, 3] } : new TextTable("SERIES", "VALUE") { RightAligned = [1] };
        foreach (var series in answer.Series)
        {
            var labels = string.Join(',', series.Labels.Select(l => $"{l.Key}=\"{l.Value}\""));
            var name = TextWidth.Harmless(labels.Length == 0 && series.Name.Length > 0 ? series.Name : $"{series.Name}{{{labels}}}");
            var values = series.Points.Select(p => p[1]).OfType<double>().ToArray();
            if (span)
            {
                table.Add(name, Number(series.Points[^1][1]), values.Length == 0 ? "-" : Number(values.Min()), values.Length == 0 ? "-" : Number(values.Max()), Course(series, answer));
            }
            else
            {
                table.Add(name, string.Join(' ', series.Points.Select(p => Number(p[1]))));
            }
        }

        table.Write(screen);
    }

    static string Number(double? value) => value switch
    {
        null => "-",
        { } large when Math.Abs(large) >= 1e15 => large.ToString("G6", CultureInfo.InvariantCulture),
        { } small when small != 0 && Math.Abs(small) < 1e-4 => small.ToString("G3", CultureInfo.InvariantCulture),
        _ => value.Value.ToString("0.####", CultureInfo.InvariantCulture),
    };

    // One cell for each part of the span: the mean of what is in it, from least to most; empty where nothing is.
    static string Course(AnswerSeries series, MetricAnswer answer)
    {
        var count = (int)Math.Clamp(((answer.End - answer.Start) / Math.Max(1, answer.Step)) + 1, 1, MostCells);
        var (sums, parts) = (new double[count], new int[count]);
        foreach (var point in series.Points)
        {
            if (point[1] is { } value)
            {
                var cell = (int)Math.Min(count - 1, ((long)point[0]!.Value - answer.Start) * count / Math.Max(1, answer.End - answer.Start + 1));
                (sums[cell], parts[cell]) = (sums[cell] + value, parts[cell] + 1);
            }
        }

        double?[] means = [.. sums.Zip(parts, (s, n) => n == 0 ? null : (double?)s / n)];
        var (least, most) = (means.Min() ?? 0, means.Max() ?? 0);
        return string.Concat(means.Select(m => m is not { } mean ? ' ' : most > least ? Levels[(int)Math.Min(7, (mean - least) / (most - least) * 8)] : Levels[3]));
    }
}
