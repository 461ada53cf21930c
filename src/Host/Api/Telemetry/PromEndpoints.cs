using System.Globalization;
using Mainstay.Host.Api.Observe;
using Mainstay.Observe.Query.Prom;
using Mainstay.Observe.Store.Metrics;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>
/// The HTTP API of Prometheus below <c>/prometheus</c>, so that Grafana's Prometheus data source and whatever else speaks it can ask. Parameters come in the query or as a form;
/// those that are not known are left unread, as Prometheus does.
/// </summary>
public sealed class PromEndpoints(PromDesk desk, IMetricStore store, ExemplarRing exemplars, TimeProvider time, RuleKeeper rules)
{
    const string Prefix = "/prometheus/api/v1";
    const int MostExemplars = 5000;

    public IEnumerable<ApiRoute> Routes() =>
    [
        .. Both("/query", "Prometheus' HTTP API: an expression at one time.", QueryAsync),
        .. Both("/query_range", "Prometheus' HTTP API: an expression at steps of a span.", RangeAsync),
        .. Both("/series", "Prometheus' HTTP API: the series that match.", c => c.Many("match[]").Count == 0 ? Task.FromResult<Answer?>(PromJson.Error("match[] is needed")) : WithMatchers(c, SeriesOf)),
        .. Both("/labels", "Prometheus' HTTP API: the labels that series have.", c => WithMatchers(c, (found, limit) =>
            PromJson.Success(j => PromJson.Texts(j, found.SelectMany(l => l.All.Select(o => o.Name)).Distinct().Order(StringComparer.Ordinal).Take(limit))))),
        .. Both("/query_exemplars", "Prometheus' HTTP API: exemplars, with the traces that they were part of.", ExemplarsAsync),
        new("GET", Prefix + "/label/{name}/values", "Prometheus' HTTP API: the values that a label has.", ValuesAsync),
        new("GET", Prefix + "/metadata", "Prometheus' HTTP API: types and units of metrics.", Metadata),
        new("GET", Prefix + "/rules", "Prometheus' HTTP API: the rules of the manifest, as one group.", _ => Task.FromResult<Answer?>(PromJson.Success(j => PromRules.Groups(j, rules.View())))),
        new("GET", Prefix + "/alerts", "Prometheus' HTTP API: the rules that hold.", _ => Task.FromResult<Answer?>(PromJson.Success(j => PromRules.Alerts(j, rules.View())))),
        new("GET", Prefix + "/status/buildinfo", "Prometheus' HTTP API: the version whose language is spoken.", _ => Task.FromResult<Answer?>(PromJson.Success(j =>
        {
            j.WriteStartObject();
            j.WriteString("version", "3.0.0");
            j.WriteString("revision", "mainstay");
            j.WriteEndObject();
        }))),
    ];

    static IEnumerable<ApiRoute> Both(string path, string summary, Func<Asked, Task<Answer?>> handle)
    {
        async Task<Answer?> Handle(Call call) => await Asked.ReadAsync(call) is not { } asked ? PromJson.Error("the form cannot be read")
            : asked.One("timeout") is not null && asked.Span("timeout") is null ? PromJson.Error("timeout is neither seconds nor a duration such as 15s") : await handle(asked);
        return [new("GET", Prefix + path, summary, Handle), new("POST", Prefix + path, summary, Handle)];
    }

    async Task<Answer?> QueryAsync(Asked asked)
    {
        if (asked.Time("time", Now) is not { } at)
        {
            return PromJson.Error("time is neither seconds since 1970 nor RFC 3339");
        }

        var (answer, fault) = await desk.AtAsync(asked.One("query") ?? "", at, asked.Stop);
        return PromJson.Of(answer, fault, isMatrix: false);
    }

    async Task<Answer?> RangeAsync(Asked asked)
    {
        if (asked.Time("start", null) is not { } from || asked.Time("end", null) is not { } to)
        {
            return PromJson.Error("start and end are needed, as seconds since 1970 or RFC 3339");
        }

        if (asked.Span("step") is not { } step)
        {
            return PromJson.Error("step is needed, as seconds or a duration such as 15s");
        }

        if (to < from || step <= 0 || (to - from) / step >= new PromLimits().Steps)
        {
            return PromJson.Error($"the end is before the start, the step is not above zero, or there are more than {new PromLimits().Steps} steps");
        }

        var (answer, fault) = await desk.OverAsync(asked.One("query") ?? "", from, to, step, asked.Stop);
        return PromJson.Of(answer, fault, isMatrix: true);
    }

    async Task<Answer?> ValuesAsync(Call call)
    {
        if (await Asked.ReadAsync(call) is not { } asked)
        {
            return PromJson.Error("the query cannot be read");
        }

        var name = Unescaped(call.Path("name"));
        return await WithMatchers(asked, (found, limit) =>
            PromJson.Success(j => PromJson.Texts(j, found.Select(l => l[name]).Where(v => v.Length > 0).Distinct().Order(StringComparer.Ordinal).Take(limit))));
    }

    // U__http_2e_route: how a name that is no identifier stands in a path.
    static string Unescaped(string name) => !name.StartsWith("U__", StringComparison.Ordinal) ? name
        : System.Text.RegularExpressions.Regex.Replace(
            name[3..], "__|_([0-9a-fA-F]{1,6})_",
            m => m.Value == "__" ? "_" : int.Parse(m.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture) is var code and (< 0xD800 or > 0xDFFF and <= 0x10FFFF) ? char.ConvertFromUtf32(code) : m.Value,
            System.Text.RegularExpressions.RegexOptions.NonBacktracking);

    static Answer SeriesOf(IReadOnlyList<PromLabels> found, int limit) => PromJson.Success(json =>
    {
        json.WriteStartArray();
        foreach (var labels in found.Distinct().OrderBy(l => l.Key, StringComparer.Ordinal).Take(limit))
        {
            PromJson.Labels(json, labels);
        }

        json.WriteEndArray();
    });

    Task<Answer?> WithMatchers(Asked asked, Func<IReadOnlyList<PromLabels>, int, Answer> answer)
    {
        var (from, to) = (asked.Time("start", Now - 3_600_000), asked.Time("end", Now));
        if (from is null || to is null)
        {
            return Task.FromResult<Answer?>(PromJson.Error("start and end are seconds since 1970 or RFC 3339"));
        }

        var limit = int.TryParse(asked.One("limit"), NumberStyles.None, CultureInfo.InvariantCulture, out var given) && given > 0 ? given : int.MaxValue;
        var found = new List<PromLabels>();
        foreach (var text in asked.Many("match[]"))
        {
            var (node, fault) = PromParser.Parse(text);
            if (node is not SelectorNode { RangeMs: 0 } selector)
            {
                return Task.FromResult<Answer?>(PromJson.Error(fault?.ToString() ?? $"'{text}' is not a selector"));
            }

            found.AddRange(desk.Source.Series(selector.Matchers, from.Value, to.Value));
        }

        return Task.FromResult<Answer?>(answer(asked.Many("match[]").Count == 0 ? desk.Source.Series([], from.Value, to.Value) : found, limit));
    }

    Task<Answer?> ExemplarsAsync(Asked asked)
    {
        var (node, fault) = PromParser.Parse(asked.One("query") ?? "");
        var (from, to) = (asked.Time("start", Now - 3_600_000), asked.Time("end", Now));
        if (node is null || from is null || to is null)
        {
            return Task.FromResult<Answer?>(PromJson.Error(fault?.ToString() ?? "start and end are seconds since 1970 or RFC 3339"));
        }

        SelectorNode[] selectors = [.. Selectors(node)];
        var found = exemplars.Find(s => selectors.Any(o => StoreSource.View(s, o.Matchers) is not null), from.Value, to.Value, MostExemplars)
            .GroupBy(e => selectors.Select(o => StoreSource.View(e.Series, o.Matchers)).First(v => v is not null)!);
        return Task.FromResult<Answer?>(PromJson.Success(json =>
        {
            json.WriteStartArray();
            foreach (var group in found)
            {
                json.WriteStartObject();
                json.WritePropertyName("seriesLabels");
                PromJson.Labels(json, group.Key);
                json.WriteStartArray("exemplars");
                foreach (var one in group)
                {
                    json.WriteStartObject();
                    json.WriteStartObject("labels");
                    json.WriteString("trace_id", one.Trace.ToString());
                    json.WriteEndObject();
                    json.WriteString("value", PromJson.Number(one.Value));
                    json.WriteNumber("timestamp", one.AtMs / 1000m);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }));
    }

    static IEnumerable<SelectorNode> Selectors(PromNode node) => node switch
    {
        SelectorNode selector => [selector],
        SubqueryNode sub => Selectors(sub.Inner),
        CallNode call => call.Args.SelectMany(Selectors),
        AggregateNode aggregate => Selectors(aggregate.Inner),
        BinaryNode binary => Selectors(binary.Left).Concat(Selectors(binary.Right)),
        NegativeNode negative => Selectors(negative.Inner),
        _ => [],
    };

    async Task<Answer?> Metadata(Call call)
    {
        if (await Asked.ReadAsync(call) is not { } asked)
        {
            return PromJson.Error("the query cannot be read");
        }

        var only = asked.One("metric");
        var metrics = store.Series(null, _ => true, Now - 3_600_000, Now).Select(Family).Where(f => only is null || f.Name == only).Distinct().GroupBy(f => f.Name).OrderBy(g => g.Key, StringComparer.Ordinal);
        return PromJson.Success(json =>
        {
            json.WriteStartObject();
            foreach (var metric in metrics)
            {
                json.WriteStartArray(metric.Key);
                foreach (var (_, type, unit) in metric)
                {
                    json.WriteStartObject();
                    json.WriteString("type", type);
                    json.WriteString("help", "");
                    json.WriteString("unit", unit);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        });
    }

    static (string Name, string Type, string Unit) Family(MetricSeries series)
    {
        var name = series.PrometheusName;
        var isBucket = name.EndsWith("_bucket", StringComparison.Ordinal) && series.Label("le").Length > 0;
        return isBucket ? (name[..^7], "histogram", series.Unit) : (name, series.Kind == MetricKind.Counter ? "counter" : "gauge", series.Unit);
    }

    long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The parameters of a request, of its query and its form.</summary>
    sealed class Asked(Dictionary<string, List<string>> values, CancellationToken stop)
    {
        public CancellationToken Stop => stop;

        public static async Task<Asked?> ReadAsync(Call call)
        {
            var values = call.Request.Query.ToDictionary(q => q.Key, q => q.Value.OfType<string>().ToList(), StringComparer.Ordinal);
            if (call.Request.HasFormContentType)
            {
                try
                {
                    foreach (var (name, given) in await call.Request.ReadFormAsync(call.Stop))
                    {
                        values.TryAdd(name, []);
                        values[name].AddRange(given.OfType<string>());
                    }
                }
                catch (InvalidDataException)
                {
                    return null;
                }
            }

            return new(values, call.Stop);
        }

        public string? One(string name) => values.GetValueOrDefault(name)?.FirstOrDefault(v => v.Length > 0);

        public List<string> Many(string name) => values.GetValueOrDefault(name) ?? [];

        /// <summary>Milliseconds since 1970; null where what is given is no time.</summary>
        public long? Time(string name, long? absent)
        {
            if (One(name) is not { } text)
            {
                return absent;
            }

            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && Math.Abs(seconds) < 1e11 ? (long)Math.Round(seconds * 1000)
                : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at.ToUnixTimeMilliseconds() : null;
        }

        public long? Span(string name) => PromParser.Parse(One(name) ?? "").Node is NumberNode { Value: > 0 and < 1e10 } span ? (long)Math.Round(span.Value * 1000) : null;
    }
}
