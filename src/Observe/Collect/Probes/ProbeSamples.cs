using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Collect.Probes;

/// <summary>What one probe of a server found. Series are made once and kept from probe to probe; there are at most <see cref="MostSeries"/>, what is more is counted.</summary>
/// <param name="labels">Of all series: the server's.</param>
public sealed class ProbeSamples(params (string Name, string Value)[] labels)
{
    /// <summary>The most series of one server.</summary>
    public const int MostSeries = 5000;

    readonly Dictionary<MetricSeries, MetricSeries> known = [];
    readonly List<(MetricSeries Series, double Value)> values = [];

    /// <summary>Values that were left out because there were too many series.</summary>
    public long Dropped { get; private set; }

    public IReadOnlyList<(MetricSeries Series, double Value)> Values => values;

    /// <summary>Empties it for the next probe.</summary>
    public void Begin() => values.Clear();

    public void Gauge(string name, string unit, double? value, params ReadOnlySpan<(string Name, string Value)> further) => Add(name, unit, MetricKind.Gauge, value, further);

    public void Counter(string name, string unit, double? value, params ReadOnlySpan<(string Name, string Value)> further) => Add(name, unit, MetricKind.Counter, value, further);

    void Add(string name, string unit, MetricKind kind, double? value, ReadOnlySpan<(string Name, string Value)> further)
    {
        if (value is not { } number || !double.IsFinite(number))
        {
            return;
        }

        // Ours win over what an exporter calls the same.
        var series = new MetricSeries(name, unit, kind, [.. further, .. labels]);
        if (!known.TryGetValue(series, out var one))
        {
            if (known.Count >= MostSeries)
            {
                Dropped++;
                return;
            }

            known[series] = one = series;
        }

        values.Add((one, number));
    }
}
