using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Query.Prom;

/// <summary>
/// The store as the query language sees it. A series can be asked for in two ways: by the names that it has (<c>{"http.server.request.duration_bucket", "service.name"="web"}</c>), or by
/// those that Prometheus would give it (<c>http_server_request_duration_seconds_bucket{service_name="web"}</c>); the answer has the names of the question. In the second way it also has
/// <c>job</c> (its service) and <c>instance</c> where it has no labels of these names.
/// </summary>
public sealed class StoreSource(IMetricStore store) : IPromSource
{
    public IReadOnlyList<PromSeries> Read(IReadOnlyList<PromMatcher> matchers, long fromMs, long toMs)
    {
        var views = new Dictionary<MetricSeries, PromLabels>();
        var found = store.Read(NameOf(matchers), Keep(matchers, views), fromMs, toMs);
        return [.. found.Select(s => new PromSeries(views[s.Series], s.Points))];
    }

    /// <summary>The labels of the series that match and have samples in a span of time.</summary>
    /// <param name="matchers">None takes all series, as Prometheus would name them.</param>
    /// <param name="fromMs">The first time.</param>
    /// <param name="toMs">The last time.</param>
    public IReadOnlyList<PromLabels> Series(IReadOnlyList<PromMatcher> matchers, long fromMs, long toMs)
    {
        var views = new Dictionary<MetricSeries, PromLabels>();
        return [.. store.Series(NameOf(matchers), Keep(matchers, views), fromMs, toMs).Select(s => views[s])];
    }

    /// <summary>The labels under which a series answers to conditions; null where it does not.</summary>
    public static PromLabels? View(MetricSeries series, IReadOnlyList<PromMatcher> matchers)
    {
        // Who writes dots means the names as they are.
        var own = matchers.Any(m => m.Label.Contains('.', StringComparison.Ordinal) || (m is { Label: PromLabels.NameLabel, Pattern: null } && m.Value.Contains('.', StringComparison.Ordinal)));
        return own ? Own(series, matchers) ?? Translated(series, matchers) : Translated(series, matchers) ?? Own(series, matchers);
    }

    static string? NameOf(IReadOnlyList<PromMatcher> matchers) => matchers.FirstOrDefault(m => m is { Label: PromLabels.NameLabel, Pattern: null, Not: false })?.Value;

    static Func<MetricSeries, bool> Keep(IReadOnlyList<PromMatcher> matchers, Dictionary<MetricSeries, PromLabels> views) => series =>
    {
        var view = View(series, matchers);
        if (view is not null)
        {
            views[series] = view;
        }

        return view is not null;
    };

    static PromLabels? Own(MetricSeries series, IReadOnlyList<PromMatcher> matchers) =>
        matchers.All(m => m.Holds(m.Label == PromLabels.NameLabel ? series.Name : series.Label(m.Label)))
            ? new(series.Labels.Append((PromLabels.NameLabel, series.Name))) : null;

    static PromLabels? Translated(MetricSeries series, IReadOnlyList<PromMatcher> matchers)
    {
        // The name first: it is what most series fail by.
        foreach (var matcher in matchers)
        {
            if (matcher.Label == PromLabels.NameLabel && !matcher.Holds(series.PrometheusName))
            {
                return null;
            }
        }

        var labels = new Dictionary<string, string>(StringComparer.Ordinal) { [PromLabels.NameLabel] = series.PrometheusName };
        foreach (var (name, value) in series.Labels)
        {
            labels[PrometheusName.OfLabel(name)] = value;
        }

        labels.TryAdd("job", series.Label("service.name"));
        labels.TryAdd("instance", First(series, "service.instance.id", "probe.target", "host.name"));
        return matchers.All(m => m.Holds(labels.GetValueOrDefault(m.Label, ""))) ? new(labels.Select(l => (l.Key, l.Value))) : null;
    }

    static string First(MetricSeries series, params ReadOnlySpan<string> labels)
    {
        foreach (var label in labels)
        {
            if (series.Label(label) is { Length: > 0 } value)
            {
                return value;
            }
        }

        return "";
    }
}
