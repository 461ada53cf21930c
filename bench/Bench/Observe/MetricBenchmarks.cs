using Mainstay.Observe.Numbers;
using Mainstay.Observe.Query.Prom;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Bench.Observe;

/// <summary>A sample of each of a thousand series into the hot store, as a collector's batch brings them.</summary>
internal sealed class MetricAppend : IBenchmark
{
    private readonly MetricSample[] samples = new MetricSample[1000];
    private readonly MetricSeries[] series = new MetricSeries[1000];
    private MetricStore store = null!;
    private long atMs;

    public string Name => "observe/metric-append-1000";

    public void Setup()
    {
        store = new(TimeProvider.System, new() { Bytes = 64L << 20 });
        atMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - 7_200_000;
        for (var i = 0; i < series.Length; i++)
        {
            series[i] = new("system.cpu.time", "s", MetricKind.Counter, ("host.name", $"host-{i / 100}"), ("cpu.mode", $"mode-{i % 100}"));
        }

        Run(500);
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            atMs += 10;
            for (var i = 0; i < samples.Length; i++)
            {
                samples[i] = new(series[i], (atMs / 10) + i, atMs);
            }

            store.Add(samples);
        }
    }
}

/// <summary>The 99th percentile over ten minutes in 40 steps, of ten instances' histograms added up: 180 series with 60 samples each.</summary>
internal sealed class PromRangeQuery : IBenchmark
{
    private readonly CallSeries calls;
    private readonly MetricStore store = new(TimeProvider.System);
    private readonly PromLimits limits = new();
    private readonly StoreSource source;
    private long endMs;

    public PromRangeQuery()
    {
        calls = new(store, new());
        source = new(store);
    }

    public string Name => "observe/prom-p99-of-10";

    public void Setup()
    {
        endMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        for (var at = endMs - 600_000; at <= endMs; at += 10_000)
        {
            for (var i = 0; i < 10; i++)
            {
                calls.Add(new(CallsOf.Instance, "shop", $"shop-{i}"), 30, 1, [(0.003, 10), (0.04, 15), (0.3, 5)], at);
            }

            calls.Write(at);
        }
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            var (answer, fault) = PromEngine.Over(
                "histogram_quantile(0.99, sum by (le) (rate(mesh_server_request_duration_seconds_bucket[1m])))", source, endMs - 600_000, endMs, 15_000, limits);
            if (answer is not { Rows.Count: 1 })
            {
                throw new InvalidOperationException($"the query is not answered: {fault}");
            }
        }
    }
}
