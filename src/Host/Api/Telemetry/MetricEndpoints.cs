using Mainstay.Core.Kinds;
using Mainstay.Observe.Query;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>Samples of agents in, and queries over all samples.</summary>
public sealed class MetricEndpoints(IMetricStore store, TimeProvider time, ApiLimits limits)
{
    readonly BatchIntake intake = new(store);

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/internal/v1/agents/{host}/metrics", "Samples of a host and its instances.", TakeAsync) { Body = typeof(MetricBatch), BodyBytes = limits.InternalBytes },
        new("GET", "/api/v1/metrics/query", "Values of series: at one time, or with start at each step of a span.", Query)
        {
            Query =
            [
                ("query", "NAME{label=\"value\"} with = != =~ !~, or rate(NAME{…}[15s]) for the growth of counters per second."),
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

        var (batch, malformed) = await Body.ReadAsync<MetricBatch>(call, Codec.Options);
        if (batch is null)
        {
            return malformed;
        }

        return batch.Values is null || batch.Series is null || batch.Values.Count > 2 * MetricBatch.MostSamples || batch.Series.Contains(null!)
            ? ProblemAnswer.BadRequest($"the batch has no values, or more than {MetricBatch.MostSamples}", "send it in parts")
            : Answer.Json(intake.Take(host, batch));
    }

    Task<Answer?> Query(Call call)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var (text, start, end, step) = (call.Query("query") ?? "", call.Query("start"), call.Query("end"), call.Query("step"));
        if (call.Wrong() is { } wrong)
        {
            return Task.FromResult<Answer?>(wrong);
        }

        var problems = new List<ProblemPlace>();
        var (query, because) = MetricQuery.Parse(text);
        if (query is null)
        {
            problems.Add(new("query", because, "write NAME{label=\"value\"} or rate(NAME{label=\"value\"}[15s])"));
        }

        var to = Time("end", end, now, now, problems);
        var from = Time("start", start, now, to, problems);
        var span = Math.Max(0, to - from);
        var stepMs = Math.Max(1000, span / 240);
        if (step is not null)
        {
            stepMs = Durations.TryParse(step, out var given) && given >= TimeSpan.FromMilliseconds(100) ? (long)given.TotalMilliseconds : 0;
        }

        if (from > to || stepMs == 0 || span / Math.Max(1, stepMs) > MetricQuery.MostSteps)
        {
            problems.Add(new("step", $"the span has no time in it, or the step is below 100ms, or there are more than {MetricQuery.MostSteps} steps", "give start before end and a larger step"));
        }

        if (problems.Count > 0)
        {
            return Task.FromResult<Answer?>(ProblemAnswer.BadRequest(problems[0].What, problems[0].Remedy, problems));
        }

        var found = query!.Over(store, from, to, stepMs);
        var values = found.Sum(s => (long)s.Points.Count);
        return Task.FromResult<Answer?>(found.Count > MetricQuery.MostSeries || values > MetricQuery.MostValues
            ? ProblemAnswer.BadRequest($"the answer has {found.Count} series with {values} values, more than {MetricQuery.MostSeries} or {MetricQuery.MostValues}", "select less, or take a larger step")
            : Answer.Json(new MetricAnswer(text, from, to, stepMs, [.. found.Select(s => AnswerSeries.Of(s, query.IsRate))])));
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

/// <summary>Values of series.</summary>
/// <param name="Query">As asked.</param>
/// <param name="Start">First time, in milliseconds since the epoch.</param>
/// <param name="End">Last time.</param>
/// <param name="Step">Between two values, in milliseconds.</param>
public sealed record MetricAnswer(string Query, long Start, long End, long Step, IReadOnlyList<AnswerSeries> Series);

/// <summary>One series of an answer.</summary>
/// <param name="Unit">In UCUM; of a rate with <c>/s</c> behind.</param>
/// <param name="Points">Pairs of milliseconds since the epoch and value, in order of time.</param>
public sealed record AnswerSeries(string Name, string Unit, MetricKind Kind, IReadOnlyDictionary<string, string> Labels, IReadOnlyList<IReadOnlyList<double>> Points)
{
    public static AnswerSeries Of(SeriesSamples series, bool rate) => new(
        series.Series.Name,
        rate ? series.Series.Unit + "/s" : series.Series.Unit,
        rate ? MetricKind.Gauge : series.Series.Kind,
        series.Series.Labels.ToDictionary(l => l.Name, l => l.Value, StringComparer.Ordinal),
        [.. series.Points.Select(p => (IReadOnlyList<double>)[p.AtMs, p.Value])]);
}
