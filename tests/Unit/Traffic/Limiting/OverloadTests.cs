using Mainstay.Bench.Traffic.Overload;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Limiting;

/// <summary>Overload at three and ten times of what a service can do, with one and with two hops in a row, on virtual time.</summary>
public sealed class OverloadTests
{
    const int QueueMs = 50;

    [Theory]
    [InlineData(3, 1)]
    [InlineData(10, 1)]
    [InlineData(3, 2)]
    [InlineData(10, 2)]
    public void What_can_be_served_is_served_in_time_and_the_critical_first(int load, int hops)
    {
        for (var seed = 1; seed <= 3; seed++)
        {
            var calm = OverloadSimulation.Run(new OverloadCase(seed, 0.33, hops, Seconds: 20));
            calm.Critical.ShouldBe(1, 0.001, $"seed {seed}: nobody is turned away while there is room");
            calm.Others.ShouldBe(1, 0.001);

            var result = OverloadSimulation.Run(new OverloadCase(seed, load, hops, Seconds: 25, QueueMs: QueueMs));
            result.Goodput.ShouldBeGreaterThanOrEqualTo(0.9, $"seed {seed}");
            result.P99Ms.ShouldBeLessThanOrEqualTo(2 * calm.P99Ms + hops * QueueMs, $"seed {seed}");
            result.Critical.ShouldBeGreaterThanOrEqualTo(0.99, $"seed {seed}");
            result.Others.ShouldBeGreaterThan(0, $"seed {seed}");
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_overload()
    {
        var first = OverloadSimulation.Run(new OverloadCase(4, 3, 2, Seconds: 12));
        var second = OverloadSimulation.Run(new OverloadCase(4, 3, 2, Seconds: 12));
        second.Limits.ShouldBe(first.Limits);
        (second with { Limits = [] }).ShouldBe(first with { Limits = [] });
    }
}
