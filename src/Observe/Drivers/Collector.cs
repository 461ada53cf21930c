using System.Diagnostics;
using Mainstay.Observe.Collect;
using Mainstay.Observe.Collect.Hosts;
using Mainstay.Observe.Collect.Processes;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Drivers;

/// <summary>
/// Samples one machine and its instances every so often and hands the samples on. A sample that takes longer than the time between two makes the next one late, not many at a time.
/// It tells what it takes itself: <c>mainstay.collect.duration</c>.
/// </summary>
/// <param name="machine">What to read.</param>
/// <param name="host">The machine's name.</param>
/// <param name="instances">Those that run at a time.</param>
/// <param name="sink">Where samples go.</param>
/// <param name="time">Clock and timer.</param>
public sealed class Collector(IMachine machine, string host, Func<IReadOnlyList<WatchedInstance>> instances, IMetricSink sink, TimeProvider time)
{
    readonly HostSampler hosts = new(machine, host);
    readonly InstanceSampler processes = new(machine, host);
    readonly SampleBuffer buffer = new();
    readonly MetricSeries duration = new("mainstay.collect.duration", "s", MetricKind.Counter, ("host.name", host));
    readonly MetricSeries taken = new("mainstay.collect.samples", "{sample}", MetricKind.Counter, ("host.name", host));
    double spent;
    long count;

    /// <summary>Between two samples. Default 1s.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Listens to the .NET runtimes among the instances. Null for none.</summary>
    public RuntimeWatch? Runtimes { get; init; }

    /// <summary>Called with what went wrong with a sample; the next is taken all the same.</summary>
    public Action<string, Exception> OnFault { get; init; } = (_, _) => { };

    /// <summary>Runs until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            do
            {
                try
                {
                    Sample();
                }
                catch (Exception fault)
                {
                    OnFault("collect", fault);
                }
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    /// <summary>Takes one sample now.</summary>
    public void Sample()
    {
        var began = Stopwatch.GetTimestamp();
        var now = time.GetUtcNow();
        buffer.Begin(now);
        hosts.Sample(buffer);
        var running = instances();
        processes.Sample(running, now, buffer);
        Runtimes?.Sample(running, processes.ProcessesOf, buffer);
        buffer.Add(duration, spent);
        buffer.Add(taken, count);
        sink.Add(buffer.Samples);
        count += buffer.Count;
        spent += Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}
