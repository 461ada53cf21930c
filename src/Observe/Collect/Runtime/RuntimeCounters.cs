using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Collect.Runtime;

/// <summary>
/// What the EventCounters of System.Runtime say, as the metrics of OpenTelemetry's conventions for .NET. Counters that tell growth are added up from when we began to listen.
/// </summary>
public sealed class RuntimeCounters
{
    const double Megabyte = 1_000_000;

    static readonly Dictionary<string, Rule> Rules = new(StringComparer.Ordinal)
    {
        ["gen-0-size"] = new("dotnet.gc.last_collection.heap.size", "By", 1, "gen0"),
        ["gen-1-size"] = new("dotnet.gc.last_collection.heap.size", "By", 1, "gen1"),
        ["gen-2-size"] = new("dotnet.gc.last_collection.heap.size", "By", 1, "gen2"),
        ["loh-size"] = new("dotnet.gc.last_collection.heap.size", "By", 1, "loh"),
        ["poh-size"] = new("dotnet.gc.last_collection.heap.size", "By", 1, "poh"),
        ["gc-committed"] = new("dotnet.gc.last_collection.memory.committed_size", "By", Megabyte),
        ["gen-0-gc-count"] = new("dotnet.gc.collections", "{collection}", 1, "gen0"),
        ["gen-1-gc-count"] = new("dotnet.gc.collections", "{collection}", 1, "gen1"),
        ["gen-2-gc-count"] = new("dotnet.gc.collections", "{collection}", 1, "gen2"),
        ["total-pause-time-by-gc"] = new("dotnet.gc.pause.time", "s", 1e-3),
        ["alloc-rate"] = new("dotnet.gc.heap.total_allocated", "By", 1),
        ["threadpool-thread-count"] = new("dotnet.thread_pool.thread.count", "{thread}", 1),
        ["threadpool-queue-length"] = new("dotnet.thread_pool.queue.length", "{work_item}", 1),
        ["threadpool-completed-items-count"] = new("dotnet.thread_pool.work_item.count", "{work_item}", 1),
        ["monitor-lock-contention-count"] = new("dotnet.monitor.lock_contentions", "{contention}", 1),
        ["exception-count"] = new("dotnet.exceptions", "{exception}", 1),
        ["active-timer-count"] = new("dotnet.timer.count", "{timer}", 1),
        ["assembly-count"] = new("dotnet.assembly.count", "{assembly}", 1),
        ["time-in-jit"] = new("dotnet.jit.compilation.time", "s", 1e-3),
        ["working-set"] = new("dotnet.process.memory.working_set", "By", Megabyte),
    };

    readonly Lock gate = new();
    readonly Dictionary<string, Known> known = new(StringComparer.Ordinal);
    bool fresh;

    /// <summary>Takes a counter's value in; those that are not of ours are passed over.</summary>
    public void Note(CounterValue counter)
    {
        lock (gate)
        {
            if (!Rules.TryGetValue(counter.Name, out var rule))
            {
                return;
            }

            var value = counter.Value * rule.Scale;
            var before = known.GetValueOrDefault(counter.Name);
            known[counter.Name] = new(rule, counter.Grows, counter.Grows ? before.Value + Math.Max(0, value) : value);
            fresh = true;
        }
    }

    /// <summary>The metrics since the last call, each with its kind, name, unit, generation or null, and value; empty where nothing new was said.</summary>
    public IReadOnlyList<RuntimeMetric> Take()
    {
        lock (gate)
        {
            if (!fresh)
            {
                return [];
            }

            fresh = false;
            return [.. known.Select(k => new RuntimeMetric(
                k.Value.Rule.Name, k.Value.Rule.Unit, k.Value.Grows ? MetricKind.Counter : MetricKind.Gauge, k.Value.Rule.Generation, k.Value.Value - Higher(k.Key)))];
        }
    }

    // The runtime counts a collection of a generation for the younger ones too; the conventions do not.
    double Higher(string counter) => counter switch
    {
        "gen-0-gc-count" => known.GetValueOrDefault("gen-1-gc-count").Value,
        "gen-1-gc-count" => known.GetValueOrDefault("gen-2-gc-count").Value,
        _ => 0,
    };

    sealed record Rule(string Name, string Unit, double Scale, string? Generation = null);

    readonly record struct Known(Rule Rule, bool Grows, double Value);
}

/// <summary>A value of a runtime.</summary>
/// <param name="Generation">The value of <c>dotnet.gc.heap.generation</c>; null where it has none.</param>
public readonly record struct RuntimeMetric(string Name, string Unit, MetricKind Kind, string? Generation, double Value);
