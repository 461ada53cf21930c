using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;

namespace Mainstay.Bench.Traffic;

/// <summary>One decision of a rate limit whose table is full: 200,000 keys for 65,536 places, by chance.</summary>
internal abstract class RateBenchmark<TRule, TCell>(string name, TRule rule) : IBenchmark
    where TRule : struct, IRateRule<TCell>
    where TCell : struct
{
    private readonly KeyTable<TRule, TCell> table = new(rule, 65_536);
    private Dice dice = new(1);
    private long nowNs;

    public string Name => name;

    public void Setup() => Run(400_000);

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++) table.Take((ulong)dice.Below(200_000), nowNs += 1000, 0, out _);
    }
}

internal sealed class TokenBucketBenchmark() : RateBenchmark<TokenBucket, TokenBucket.Cell>("traffic/limit-token-bucket", new TokenBucket(100, 1_000_000_000, 200));

internal sealed class SlidingWindowBenchmark() : RateBenchmark<SlidingWindow, SlidingWindow.Cell>("traffic/limit-sliding-window", new SlidingWindow(100, 1_000_000_000));

internal sealed class FixedWindowBenchmark() : RateBenchmark<FixedWindow, FixedWindow.Cell>("traffic/limit-fixed-window", new FixedWindow(100, 1_000_000_000));

/// <summary>One request through an adaptive limit: in, its latency, out.</summary>
internal sealed class AdaptiveBenchmark : IBenchmark
{
    private readonly AdaptiveLimit adaptive = new(AdaptiveLimit.Controller(new LimitSpec { Algorithm = LimitAlgorithm.Adaptive }));
    private readonly InFlight flight = new(20, null);

    public string Name => "traffic/limit-adaptive";

    public void Setup()
    {
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            flight.TryTake(1, index);
            adaptive.Window.Note(flight.Current);
            adaptive.Window.Add(index & 0xFFFF);
            flight.Leave(index, 1);
        }
    }
}

/// <summary>Whether a client asks for too much, among 10,000.</summary>
internal sealed class HeavyClientsBenchmark : IBenchmark
{
    private readonly HeavyClients heavy = new();
    private Dice dice = new(1);

    public string Name => "traffic/limit-heavy";

    public void Setup()
    {
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++) heavy.Count((ulong)dice.Below(10_000));
    }
}

/// <summary>A user's level, and whether it is admitted.</summary>
internal sealed class LevelBenchmark : IBenchmark
{
    private readonly AdmitLevel admit = new();

    public string Name => "traffic/level";

    public void Setup()
    {
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++) admit.Ask(Levels.Of(Levels.Medium, Levels.UserOf((ulong)index, 1_800_000_000 + index)));
    }
}

/// <summary>The whole exchange with a token bucket per client, an adaptive limit and levels.</summary>
internal sealed class LimitedExchangeBenchmark() : ExchangeBenchmarkBase("traffic/exchange-limited", suspends: true, connections: 64, Samples.Under(
    [
        new LimitSpec { Algorithm = LimitAlgorithm.TokenBucket, Per = "client", Rate = new Rate(1_000_000_000, TimeSpan.FromSeconds(1)) },
        new LimitSpec { Algorithm = LimitAlgorithm.Adaptive, Limit = 1000, Min = 1000 },
    ],
    new TrafficSpec { Limits = [new LimitSpec { Algorithm = LimitAlgorithm.Concurrency, Limit = 1000 }], Levels = new LevelsSpec() }));

/// <summary>The whole exchange where 64 connections share 8 places: most requests wait in line.</summary>
internal sealed class QueuedExchangeBenchmark() : ExchangeBenchmarkBase("traffic/exchange-queued", suspends: true, connections: 64, Samples.Under(
    [new LimitSpec { Algorithm = LimitAlgorithm.Concurrency, Limit = 8, Queue = new QueueSpec { Length = 100, Wait = TimeSpan.FromMinutes(5) } }], null));
