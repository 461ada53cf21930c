using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>How often a slow one of two endpoints is asked, in seconds after it became slow: eight requests a second, of 8 ms at the other one.</summary>
public sealed class PeakEwmaTests
{
    const int SlowMs = 150;

    [Fact]
    public void What_stood_still_once_is_soon_asked_again() => Asked(slow: 1, seconds: 60)[1].ShouldBeLessThan(5);

    [Fact]
    public void What_stays_slow_is_asked_ever_more_rarely()
    {
        var asked = Asked(slow: int.MaxValue, seconds: 300);
        asked.Count(at => at < 15).ShouldBe(3, "enough to know");
        asked.Count(at => at is > 60 and < 240).ShouldBeInRange(4, 6, "and few to suffer");
    }

    [Fact]
    public void What_is_slow_for_long_takes_its_share_soon_after_it_is_well()
    {
        var asked = Asked(slow: 5, seconds: 200);
        (asked[5] - asked[4]).ShouldBeLessThan(60);
        asked.Count(at => at > asked[5] && at < asked[5] + 20).ShouldBeGreaterThan(20);
    }

    /// <summary>The first answers of a new instance take longer: what it still has to compile and to connect to says nothing of the next ones.</summary>
    [Fact]
    public void What_is_new_and_cold_takes_its_share_soon()
    {
        Load[] loads = [new("a"), new("new")];
        var dice = new Dice(7);
        loads[0].Observe(8_000, failed: false, 1);
        double[] cold = [400, 60, 20];
        var asked = new List<double>();
        for (var ms = 0L; ms < 60_000; ms += 125)
        {
            var index = Balancer.Pick(Balance.PowerOfTwo, new Candidates(loads) { NowMs = ms }, ref dice);
            if (index == 1)
            {
                asked.Add(ms / 1000.0);
            }

            var took = (index == 1 && asked.Count <= cold.Length ? cold[asked.Count - 1] : 8) * (0.8 + (0.4 * dice.Below(1000) / 1000.0));
            loads[index].Observe((long)(took * 1000), failed: false, (ms * 1000) + (long)(took * 1000));
        }

        asked[1].ShouldBeLessThan(8, "of eight requests a second");
        asked[20].ShouldBeLessThan(25);
    }

    [Fact]
    public void What_everybody_takes_longer_for_is_usual_in_the_end()
    {
        var latency = default(PeakEwma);
        latency.Observe(8_000, 1);
        for (var second = 1; second <= 60; second++)
        {
            latency.Observe(40_000, second * 1_000_000L);
        }

        // As fast as without a peak.
        (latency.Now(70_000_000) / latency.Now(60_000_000)).ShouldBe(Math.Exp(-1), 1e-6);
    }

    // When the slow one was asked: that many times it is slow.
    static List<double> Asked(int slow, int seconds)
    {
        Load[] loads = [new("a"), new("b")];
        var dice = new Dice(7);
        var (asked, started) = (new List<double>(), 60_000L);
        for (var ms = 1_000L; ms < started + (seconds * 1_000L); ms += 125)
        {
            var index = Balancer.Pick(Balance.PowerOfTwo, new Candidates(loads) { NowMs = ms }, ref dice);
            var isSlow = index == 1 && ms >= started;
            if (isSlow)
            {
                asked.Add((ms - started) / 1000.0);
            }

            // Answers vary by a fifth.
            var took = (isSlow && asked.Count <= slow ? SlowMs : 8) * (0.8 + (0.4 * dice.Below(1000) / 1000.0));
            loads[index].Observe((long)(took * 1000), failed: false, (ms * 1000) + (long)(took * 1000));
        }

        return asked;
    }
}
