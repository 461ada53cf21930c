using Mainstay.Observe.Numbers;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>Has the numbers of calls written as samples every ten seconds, at whole tens of the clock.</summary>
public sealed class SeriesClock(TelemetryIntake telemetry, TimeProvider time)
{
    /// <summary>Runs until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var every = TimeSpan.FromSeconds(CallSeries.Seconds);
        while (true)
        {
            var past = TimeSpan.FromTicks(time.GetUtcNow().Ticks % every.Ticks);
            await Task.Delay(every - past, time, stop);
            Write();
        }
    }

    /// <summary>Writes what has been counted until now.</summary>
    public void Write()
    {
        telemetry.Spans.Advance();
        telemetry.Spans.Write();
        telemetry.Calls.Write(time.GetUtcNow().ToUnixTimeMilliseconds());
    }
}
