using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Forward;
using Mainstay.Observe.Store.Blocks;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>Has hold what the manifest says of telemetry: how long it is kept, and where it is sent on to. Does nothing but wait where nothing is said.</summary>
public sealed class TelemetryTerms(ServerServices services, Mirror mirror)
{
    readonly IStoreFiles? files = services.Data is { } data ? new DiskFiles(Path.Combine(data, "telemetry", "forward")) : null;
    OtlpForwarder? forwarder;

    /// <summary>Follows what is declared until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var touched = new Signal();
        var (_, subscription) = mirror.Subscribe(_ => 0, (before, after) =>
        {
            if ((after ?? before) is Architecture)
            {
                touched.Set();
            }
        });
        using (subscription)
        {
            while (!await mirror.ReachAsync(0, stop))
            {
                // The store does not answer yet.
            }

            (ForwardSpec? Spec, string Folder) holds = (null, "");
            await using var sending = new Sending(services.Time);
            while (true)
            {
                var (terms, folder) = mirror.Read(seen => (seen.Get<Architecture>(Architecture.TheName)?.Telemetry, seen.Get<Gateway>(Gateway.TheName)?.BaseFolder ?? ""));
                Keep(terms?.Retention);
                if (holds.Folder != folder || !Codec.Same(holds.Spec, terms?.Forward))
                {
                    holds = (terms?.Forward, folder);
                    await sending.StopAsync();
                    if (holds.Spec is null && files is not null)
                    {
                        ForwardSpill.Clear(files);
                    }

                    forwarder = holds.Spec is { } spec ? new(spec, folder, services.Time, files, line => services.OnFault?.Invoke("forward", new InvalidOperationException(line))) : null;
                    services.Telemetry.Forward = forwarder?.Queue;
                    sending.Start(forwarder, stop);
                }

                await touched.WaitAsync(stop);
            }
        }
    }

    /// <summary>Adds its metrics.</summary>
    public void Write(MetricsText text)
    {
        if (forwarder is not { Queue: var queue })
        {
            return;
        }

        text.Gauge("mainstay_forward_queue_bytes", "Telemetry that waits to be sent on, and that is under way.", queue.Bytes);
        text.Gauge("mainstay_forward_disk_bytes", "Telemetry that waits on disk to be sent on.", queue.BytesOnDisk);
        foreach (var signal in Enum.GetValues<TelemetrySignal>().Where(queue.Wants))
        {
            var (figures, word) = (queue.FiguresOf(signal), signal.ToString().ToLowerInvariant());
            foreach (var (outcome, bytes) in new[] { ("sent", figures.Sent), ("refused", figures.Refused), ("dropped", figures.Dropped) })
            {
                text.Counter("mainstay_forward_bytes_total", "Telemetry to be sent on, before it is packed, by what became of it.", bytes, ("signal", word), ("outcome", outcome));
            }
        }

        foreach (var signal in Enum.GetValues<TelemetrySignal>().Where(queue.Wants))
        {
            text.Counter("mainstay_forward_failures_total", "Attempts to send telemetry on that failed and were made again.", queue.FiguresOf(signal).Failures, ("signal", signal.ToString().ToLowerInvariant()));
        }
    }

    void Keep(RetentionSpec? wanted)
    {
        services.Traces?.KeepRule.Change(wanted?.Traces);
        services.Logs?.KeepRule.Change(wanted?.Logs);
        (services.Samples as DiskMetricStore)?.KeepRule.Change(wanted?.Metrics);
    }

    sealed class Sending(TimeProvider time) : IAsyncDisposable
    {
        CancellationTokenSource? ending;
        Task running = Task.CompletedTask;
        ForwardQueue? queue;

        public void Start(OtlpForwarder? forwarder, CancellationToken stop)
        {
            if (forwarder is not null)
            {
                ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
                queue = forwarder.Queue;
                running = Task.WhenAll(forwarder.RunAsync(ending.Token), SpillAsync(forwarder.Queue, ending.Token));
            }
        }

        // What waits when it ends is sent by whoever begins next.
        public async Task StopAsync()
        {
            if (ending is not null)
            {
                await ending.CancelAsync();
                await running.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                queue?.Tick(all: true);
                ending.Dispose();
                ending = null;
            }
        }

        public async ValueTask DisposeAsync() => await StopAsync();

        async Task SpillAsync(ForwardQueue from, CancellationToken stop)
        {
            using var timer = new PeriodicTimer(TelemetryKeeper.Every, time);
            while (await timer.WaitForNextTickAsync(stop))
            {
                from.Tick();
            }
        }
    }
}
