using Mainstay.Observe.Ingest.Browser;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>Takes in what browsers report, as the gateways bring it with their records: as spans, log records and points like those of any sender.</summary>
public sealed class BeaconIntake(TelemetryIntake telemetry, TimeProvider time)
{
    readonly WebVitals vitals = new(time.GetUtcNow());
    readonly ProtoWriter spans = new();
    readonly ProtoWriter logs = new();
    readonly ProtoWriter points = new();

    SemaphoreSlim Turn { get; } = new(1);

    /// <summary>Takes a batch's reports.</summary>
    /// <param name="reports">As they came.</param>
    /// <param name="dropped">How many the gateway had no room for.</param>
    /// <param name="at">When the gateway sent them.</param>
    /// <param name="stop">Gives up.</param>
    public async Task TakeAsync(IReadOnlyList<string> reports, long dropped, DateTimeOffset at, CancellationToken stop)
    {
        var counters = telemetry.CountersOf(IntakeFormat.Browser);
        for (var i = 0; i < Math.Min(dropped, 1000); i++)
        {
            counters.Count(BodyOutcome.Busy);
        }

        if (reports.Count == 0)
        {
            return;
        }

        await Turn.WaitAsync(stop);
        try
        {
            spans.Clear();
            logs.Clear();
            points.Clear();
            foreach (var report in reports)
            {
                counters.Count(BeaconReport.Read(report, at, spans, logs, vitals), report.Length);
            }

            vitals.Write(points, at);
            await DecodeAsync(IntakeFormat.OtlpTraces, spans, stop);
            await DecodeAsync(IntakeFormat.OtlpLogs, logs, stop);
            await DecodeAsync(IntakeFormat.OtlpMetrics, points, stop);
        }
        finally
        {
            Turn.Release();
        }
    }

    async Task DecodeAsync(IntakeFormat format, ProtoWriter written, CancellationToken stop)
    {
        if (written.Length > 0)
        {
            await telemetry.DecodeAsync(format, written.Written.ToArray(), stop);
        }
    }
}
