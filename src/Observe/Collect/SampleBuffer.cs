using System.Runtime.InteropServices;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Collect;

/// <summary>Samples of one time, gathered to be handed on together.</summary>
public sealed class SampleBuffer
{
    readonly List<MetricSample> samples = [];
    long atMs;

    public int Count => samples.Count;

    public ReadOnlySpan<MetricSample> Samples => CollectionsMarshal.AsSpan(samples);

    /// <summary>Empties it; what follows is of <paramref name="at"/>.</summary>
    public void Begin(DateTimeOffset at)
    {
        samples.Clear();
        atMs = at.ToUnixTimeMilliseconds();
    }

    /// <summary>Adds a value; absent and endless ones are left out.</summary>
    public void Add(MetricSeries series, double? value)
    {
        if (value is { } number && double.IsFinite(number))
        {
            samples.Add(new(series, number, atMs));
        }
    }
}
