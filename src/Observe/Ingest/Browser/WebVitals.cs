using Mainstay.Observe.Ingest.Otlp;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Browser;

/// <summary>The web vitals of all pages since the start, as cumulative histograms. One caller at a time.</summary>
/// <param name="since">When counting began.</param>
public sealed class WebVitals(DateTimeOffset since)
{
    // Edges at and around what counts as good and as poor for each of them.
    static readonly double[] Milliseconds = [50, 100, 200, 300, 500, 800, 1000, 1800, 2500, 3000, 4000, 6000, 10_000];
    static readonly double[] Scores = [0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1];

    readonly Histogram[] all =
    [
        new("ttfb", "Time to first byte.", "ms", Milliseconds), new("fcp", "First contentful paint.", "ms", Milliseconds), new("lcp", "Largest contentful paint.", "ms", Milliseconds),
        new("inp", "Interaction to next paint.", "ms", Milliseconds), new("cls", "Cumulative layout shift.", "1", Scores),
    ];

    bool isNew;

    /// <summary>Counts a value; false for what is no web vital or no value of one.</summary>
    public bool Add(string name, double value)
    {
        if (!(value >= 0 && value <= 600_000) || Array.Find(all, h => h.Name == name) is not { } histogram)
        {
            return false;
        }

        histogram.Add(value);
        return isNew = true;
    }

    /// <summary>Writes an ExportMetricsServiceRequest where something was counted since the last time.</summary>
    public void Write(ProtoWriter into, DateTimeOffset now)
    {
        if (!isNew)
        {
            return;
        }

        isNew = false;
        var whole = into.Open(1);
        var resource = into.Open(1);
        OtlpFields.Attribute(into, 1, "service.name", BeaconReport.Service);
        into.Close(resource);
        var scope = into.Open(2);
        foreach (var histogram in all.Where(h => h.Count > 0))
        {
            histogram.Write(into, since, now);
        }

        into.Close(scope);
        into.Close(whole);
    }

    sealed class Histogram(string name, string help, string unit, double[] bounds)
    {
        readonly ulong[] counts = new ulong[bounds.Length + 1];
        double sum;

        public string Name => name;

        public ulong Count { get; private set; }

        public void Add(double value)
        {
            var at = Array.FindIndex(bounds, b => value <= b);
            counts[at < 0 ? bounds.Length : at]++;
            sum += value;
            Count++;
        }

        // Metric {name 1, description 2, unit 3, histogram 9 {data_points 1, aggregation_temporality 2}};
        // HistogramDataPoint {start 2, time 3, count 4, sum 5, bucket_counts 6, explicit_bounds 7}.
        public void Write(ProtoWriter into, DateTimeOffset since, DateTimeOffset now)
        {
            var metric = into.Open(2);
            into.Text(1, $"browser.web_vital.{name}");
            into.Text(2, help);
            into.Text(3, unit);
            var data = into.Open(9);
            var point = into.Open(1);
            into.Fixed(2, (ulong)since.ToUnixTimeMilliseconds() * 1_000_000);
            into.Fixed(3, (ulong)now.ToUnixTimeMilliseconds() * 1_000_000);
            into.Fixed(4, Count);
            into.Double(5, sum);
            foreach (var one in counts)
            {
                into.Fixed(6, one);
            }

            foreach (var bound in bounds)
            {
                into.Double(7, bound);
            }

            into.Close(point);
            into.Number(2, 2);
            into.Close(data);
            into.Close(metric);
        }
    }
}
