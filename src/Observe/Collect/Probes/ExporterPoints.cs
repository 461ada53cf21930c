using System.Text;
using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Collect.Probes;

/// <summary>Takes an exporter's samples into those of its probe. Names and labels stay as they are; histograms and summaries come as the series that they are written as.</summary>
public sealed class ExporterPoints(ProbeSamples into) : IPointSink
{
    readonly List<(string, string)> labels = [];

    public void Begin(in ResourceView resource, in ScopeView scope)
    {
        // A page of text has neither.
    }

    public void Point(in PointView point)
    {
        labels.Clear();
        for (var i = 0; i < point.Attributes.Count; i++)
        {
            var one = point.Attributes[i];
            labels.Add((Encoding.UTF8.GetString(one.Key), one.ToString()));
        }

        var (name, unit) = (Encoding.UTF8.GetString(point.Name), Encoding.UTF8.GetString(point.Unit));
        if (point.IsMonotonic)
        {
            into.Counter(name, unit, point.Value, [.. labels]);
        }
        else
        {
            into.Gauge(name, unit, point.Value, [.. labels]);
        }
    }
}
