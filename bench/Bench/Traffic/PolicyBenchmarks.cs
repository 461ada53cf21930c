using System.Net;
using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;
using Endpoint = Mainstay.Traffic.Path.Endpoint;

namespace Mainstay.Bench.Traffic;

/// <summary>One of ten endpoints with different latencies, by a policy.</summary>
internal abstract class BalanceBenchmark(Balance balance) : IBenchmark
{
    private readonly Load[] loads = [.. Enumerable.Range(0, 10).Select(index => new Load($"i-{index}"))];
    private Dice dice = new(1);

    public string Name => $"traffic/pick-{balance.ToString().ToLowerInvariant()}";

    public void Setup()
    {
        for (var index = 0; index < loads.Length; index++) loads[index].Observe(1000 + index * 100, failed: false, 1);
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            var all = new Candidates(loads) { NowMs = 1000, Turn = (uint)index, Key = (ulong)index | 1 };
            if (Balancer.Pick(balance, all, ref dice) < 0) throw new InvalidOperationException("Nothing was picked.");
        }
    }
}

internal sealed class PowerOfTwoBenchmark() : BalanceBenchmark(Balance.PowerOfTwo);

internal sealed class LeastRequestsBenchmark() : BalanceBenchmark(Balance.LeastRequests);

internal sealed class RoundRobinBenchmark() : BalanceBenchmark(Balance.RoundRobin);

internal sealed class WeightedBenchmark() : BalanceBenchmark(Balance.Weighted);

internal sealed class HashBenchmark() : BalanceBenchmark(Balance.Hash);

/// <summary>One of ten endpoints, three of which are in the gateway's zone and get most requests.</summary>
internal sealed class NearBenchmark : IBenchmark
{
    private readonly Load[] loads = [.. Enumerable.Range(0, 10).Select(index => new Load($"i-{index}"))];
    private Dice dice = new(1);

    public string Name => "traffic/pick-near";

    public void Setup()
    {
        for (var index = 0; index < loads.Length; index++) loads[index].Observe(1000 + index * 100, failed: false, 1);
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            var all = new Candidates(loads) { NowMs = 1000 };
            if (Balancer.PickNear(Balance.PowerOfTwo, all, 3, 0.9, ref dice) < 0) throw new InvalidOperationException("Nothing was picked.");
        }
    }
}

/// <summary>One of ten endpoints, each with a breaker, one of which is open.</summary>
internal sealed class PartedBreakerBenchmark : IBenchmark
{
    private readonly Load[] loads = [.. Enumerable.Range(0, 10).Select(index => new Load($"i-{index}"))];
    private readonly BreakerPart[] breakers = [.. Enumerable.Range(0, 10).Select(index => new BreakerPart("route/r", $"i-{index}", new BreakerSpec { Consecutive = 1 }, null))];
    private Dice dice = new(1);

    public string Name => "traffic/pick-breakers";

    public void Setup() => breakers[3].Ended(Outcome.Error, 0, 1);

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            var all = new Candidates(loads) { NowMs = 1000, Breakers = breakers };
            if (Balancer.Pick(Balance.PowerOfTwo, all, ref dice) is 3 or < 0) throw new InvalidOperationException("The open one was picked.");
        }
    }
}

/// <summary>One outcome, for the picks and for the outliers.</summary>
internal sealed class OutcomeBenchmark : IBenchmark
{
    private readonly Load load = new("i");
    private readonly Outliers outliers = new(new OutlierSpec());

    public string Name => "traffic/outcome";

    public void Setup() => outliers.SetMembers([load], 1);

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            load.Observe(1000 + (index & 255), failed: false, index * 20L);
            outliers.Outcome(load, failed: false, index / 50);
        }
    }
}

/// <summary>What a request earns and a repetition costs.</summary>
internal sealed class RetryBudgetBenchmark : IBenchmark
{
    private readonly RetryBudget budget = new(0.2);

    public string Name => "traffic/retry-budget";

    public void Setup()
    {
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            budget.Earn();
            budget.TryTake();
        }
    }
}

/// <summary>The cookie of one of ten instances, among other cookies.</summary>
internal sealed class StickyBenchmark : IBenchmark
{
    private readonly Exchange x = new();
    private Sticky? sticky;

    public string Name => "traffic/sticky";

    public void Setup()
    {
        var key = new byte[32];
        Endpoint[] endpoints = [.. Enumerable.Range(1, 10).Select(number => new Endpoint("s", new EndpointModel($"s-{number}", "127.0.0.1", number), new IPEndPoint(IPAddress.Loopback, number), new PathLimits(), 1) { Reach = null! })];
        sticky = new Sticky("s", new StickySpec(), key, endpoints);
        var head = Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench\r\nCookie: session=0123456789abcdef; mainstay-s={StickyTag.Show(StickyTag.Of(key, "s", "s-10"))}\r\n\r\n");
        head.CopyTo(x.Input.Room());
        x.Input.Took(head.Length);
        x.Request.Reset();
        if (x.Request.Parse(x.Input.Bytes, new PathLimits()) != ParseStatus.Complete) throw new InvalidOperationException("The request is not whole.");
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            if (sticky!.Find(x) != 9) throw new InvalidOperationException("The cookie names another one.");
        }
    }
}

/// <summary>One latency for the delay of second requests, which is then asked for.</summary>
internal sealed class HedgeDelayBenchmark : IBenchmark
{
    private readonly HedgeDelay delay = new(new HedgeSpec());

    public string Name => "traffic/hedge-delay";

    public void Setup() => delay.Beat(1000);

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            delay.Saw(1000 + (index & 4095));
            if (delay.Ms == 0) throw new InvalidOperationException("There is no delay of nothing.");
        }
    }
}

/// <summary>One request past a closed breaker, counted.</summary>
internal sealed class BreakerBenchmark : IBenchmark
{
    private readonly Breaker breaker = new(new BreakerSpec { SlowerThan = TimeSpan.FromSeconds(1) });
    private Dice dice = new(1);

    public string Name => "traffic/breaker";

    public void Setup()
    {
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            if (!breaker.Admits(index / 100, ref dice)) throw new InvalidOperationException("It is open.");
            // One in ten fails, which has the shares looked at.
            breaker.Ended(index % 10 == 0 ? Outcome.Error : Outcome.Good, 1000, index / 100);
        }
    }
}
