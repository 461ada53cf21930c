using Mainstay.Core.Kinds;
using Mainstay.Observe.Query.Prom;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>Samples of agents in, and queries over all samples.</summary>
public sealed class MetricEndpoints(IMetricStore store, PromDesk desk, TimeProvider time, ApiLimits limits)
{
    readonly BatchIntake intake = new(store);

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/internal/v1/agents/{host}/metrics", "Samples of a host and its instances.", TakeAsync) { Body = typeof(MetricBatch), BodyBytes = limits.InternalBytes },
        new("GET", "/api/v1/metrics/query", "Values of an expression in the query language of Prometheus: at one time, or with start at each step of a span.", QueryAsync)
        {
            Query =
            [
                ("query", "Such as rate(process.cpu.time{service.name=\"orders\"}[1m]); names as they are or as Prometheus would write them."),
                ("start", "First time of a span: a duration back from now such as 5m, or milliseconds since the epoch. Default: end alone."),
                ("end", "The time, or the last of the span, written like start. Default: now."),
                ("step", "Between two values of a span. Default: the span in 240 steps, at least 1s."),
            ],
            Answer = typeof(MetricAnswer),
        },
    ];

    async Task<Answer?> TakeAsync(Call call)
    {
        var host = call.Path("host");
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (batch, malformed) = await Body.ReadAsync<MetricBatch>(call, strict: false);
        if (batch is null)
        {
            return malformed;
        }

        return batch.Values is null || batch.Series is null || batch.Values.Count > 2 * MetricBatch.MostSamples || batch.Series.Contains(null!)
            ? ProblemAnswer.BadRequest($"the batch has no values, or more than {MetricBatch.MostSamples}", "send it in parts")
            : Answer.Json(intake.Take(host, batch));
    }

    async Task<Answer?> QueryAsync(Call call)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var (text, start, end, step) = (call.Query("query") ?? "", call.Query("start"), call.Query("end"), call.Query("step"));
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var problems = new List<ProblemPlace>();
        var to = Time("end", end, now, now, problems);
        var from = Time("start", start, now, to, problems);
        var span = Math.Max(0, to - from);
        var stepMs = Math.Max(1000, span / 240);
        if (step is not null)
        {
            stepMs = Durations.TryParse(step, out var given) && given >= TimeSpan.FromMilliseconds(100) ? (long)given.TotalMilliseconds : 0;
        }

        if (from > to || stepMs == 0 || span / Math.Max(1, stepMs) >= new PromLimits().Steps)
        {
            problems.Add(new("step", $"the span has no time in it, or the step is below 100ms, or there are more than {new PromLimits().Steps} steps", "give start before end and a larger step"));
        }

        if (problems.Count > 0)
        {
            return ProblemAnswer.BadRequest(problems[0].What, problems[0].Remedy, problems);
        }

        var (answer, fault) = start is null ? await desk.AtAsync(text, to, call.Stop) : await desk.OverAsync(text, from, to, stepMs, call.Stop);
        if (answer is null)
        {
            var remedy = fault!.IsLimit ? "select less, or take a larger step" : "see 'What can be asked' in docs/observe.md";
            return ProblemAnswer.BadRequest(fault.ToString(), remedy, new ProblemPlace("query", fault.ToString(), remedy));
        }

        return Answer.Json(new MetricAnswer(text, from, to, stepMs, answer.Text, [.. answer.Rows.Select(r => AnswerSeries.Of(r, answer.Times)), .. answer.Raw.Select(AnswerSeries.Of)]));
    }

    static long Time(string name, string? text, long now, long absent, List<ProblemPlace> problems)
    {
        if (text is null)
        {
            return absent;
        }

        if (long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var at) && at > 0)
        {
            return at;
        }

        if (Durations.TryParse(text, out var back))
        {
            return now - (long)Math.Min(back.TotalMilliseconds, now);
        }

        problems.Add(new(name, $"'{text}' is no time", "write a duration back from now such as 5m, or milliseconds since the epoch"));
        return absent;
    }
}

/// <summary>Values of an expression.</summary>
/// <param name="Query">As asked.</param>
/// <param name="Start">First time, in milliseconds since the epoch.</param>
/// <param name="End">Last time.</param>
/// <param name="Step">Between two values, in milliseconds.</param>
/// <param name="Text">Where the expression is a text; empty otherwise.</param>
public sealed record MetricAnswer(string Query, long Start, long End, long Step, string Text, IReadOnlyList<AnswerSeries> Series);

/// <summary>One series of an answer.</summary>
/// <param name="Name">Empty where a calculation has taken it away.</param>
/// <param name="Points">Pairs of milliseconds since the epoch and value, in order of time; what is no finite number is null.</param>
public sealed record AnswerSeries(string Name, IReadOnlyDictionary<string, string> Labels, IReadOnlyList<IReadOnlyList<double?>> Points)
{
    public static AnswerSeries Of(PromRow row, long[] times) => Of(row.Labels, row.Values.Select((v, i) => (At: times[i], Value: v)).Where(p => PromRow.Has(p.Value)));

    public static AnswerSeries Of(PromSeries series) => Of(series.Labels, series.Points.Select(p => (p.AtMs, p.Value)));

    static AnswerSeries Of(PromLabels labels, IEnumerable<(long At, double Value)> points) => new(
        labels[PromLabels.NameLabel],
        labels.Nameless().All.ToDictionary(l => l.Name, l => l.Value, StringComparer.Ordinal),
        [.. points.Select(p => (IReadOnlyList<double?>)[p.At, double.IsFinite(p.Value) ? p.Value : null])]);
}
