using System.Runtime.InteropServices;
using Mainstay.Observe.Numbers;
using Mainstay.Observe.Query;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>Has the numbers of calls and the live map written as samples every ten seconds, at whole tens of the clock.</summary>
public sealed class SeriesClock(TelemetryIntake telemetry, Func<MapView> map, IMetricSink sink, TimeProvider time)
{
    readonly List<MetricSample> samples = [];

    /// <summary>Runs until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var every = TimeSpan.FromSeconds(CallSeries.Seconds);
        while (true)
        {
            var past = TimeSpan.FromTicks(time.GetUtcNow().Ticks % every.Ticks);
            // Timers count whole milliseconds and leave off the rest: one that fired before the ten is over would find it still to come.
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling((every - past).TotalMilliseconds)), time, stop);
            Write();
        }
    }

    /// <summary>Writes what has been counted until now.</summary>
    public void Write()
    {
        telemetry.Spans.Advance();
        telemetry.Spans.Write();
        telemetry.Calls.Write(time.GetUtcNow().ToUnixTimeMilliseconds());
        samples.Clear();
        MapHistory.Write(map(), samples);
        sink.Add(CollectionsMarshal.AsSpan(samples));
    }
}
