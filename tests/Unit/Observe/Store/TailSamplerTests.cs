using System.Text;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Sampling;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Store;

/// <summary>Which traces are kept.</summary>
public sealed class TailSamplerTests
{
    const long Millisecond = 1_000_000;

    readonly Random random = new(3);
    long now;

    [Fact]
    public void Errors_slow_and_rare_ones_are_kept_and_a_share_of_the_rest()
    {
        var sampler = new TailSampler(new() { SpansPerSecond = 50 });
        var (failed, slow, rare) = (new List<TraceId>(), new List<TraceId>(), new List<TraceId>());
        for (var second = 0; second < 120; second++)
        {
            for (var i = 0; i < 500; i++)
            {
                var id = Next();
                var (fails, takes) = (i == 7, i == 9 && second > 30);
                if (fails && second > 60) failed.Add(id);
                if (takes && second > 60) slow.Add(id);
                See(sampler, id, "GET /", (takes ? 500 : random.Next(4, 9)) * Millisecond, fails);
            }

            if (second == 90)
            {
                rare.Add(Next());
                See(sampler, rare[0], "POST /never", Millisecond);
            }

            sampler.Advance(now += 1000);
        }

        sampler.Advance(now += 10_000);
        failed.ShouldAllBe(t => sampler.IsKept(t) == true);
        slow.ShouldAllBe(t => sampler.IsKept(t) == true);
        rare.ShouldAllBe(t => sampler.IsKept(t) == true);
        var figures = sampler.Figures;
        (figures.KeptSpans + figures.DroppedSpans).ShouldBe(60_001);
        figures.KeptSpans.ShouldBeInRange(120 * 40, 120 * 56);
        figures.Fair.ShouldBeGreaterThan(2000);
        figures.Rare.ShouldBeInRange(1, 12);
    }

    [Fact]
    public void Below_the_budget_everything_is_kept()
    {
        var sampler = new TailSampler(new() { SpansPerSecond = 100 });
        for (var second = 0; second < 100; second++)
        {
            for (var i = 0; i < 90; i++) See(sampler, Next(), $"GET /{i % 3}", 5 * Millisecond);
            sampler.Advance(now += 1000);
        }

        sampler.Advance(now += 10_000);
        (sampler.Figures.KeptSpans, sampler.Figures.DroppedSpans).ShouldBe((9000, 0));
    }

    [Fact]
    public void A_storm_of_errors_stays_within_the_budget_and_leaves_the_rest_its_share()
    {
        var sampler = new TailSampler(new() { SpansPerSecond = 100 });
        for (var second = 0; second < 100; second++)
        {
            for (var i = 0; i < 1000; i++) See(sampler, Next(), i % 2 == 0 ? "GET /" : "POST /", 5 * Millisecond, i % 10 != 0);
            sampler.Advance(now += 1000);
        }

        sampler.Advance(now += 10_000);
        var figures = sampler.Figures;
        figures.KeptSpans.ShouldBeInRange(9000, 11_500);
        figures.Errors.ShouldBeInRange(6000, 8000);
        figures.Fair.ShouldBeInRange(2000, 4000);
        figures.OverBudget.ShouldBeGreaterThan(50_000);
    }

    [Fact]
    public void An_operation_with_few_calls_is_not_crowded_out()
    {
        var sampler = new TailSampler(new() { SpansPerSecond = 50 });
        var few = new List<TraceId>();
        for (var second = 0; second < 120; second++)
        {
            for (var i = 0; i < 1000; i++) See(sampler, Next(), "GET /", 5 * Millisecond);
            var id = Next();
            See(sampler, id, "GET /seldom", 5 * Millisecond);
            if (second is > 60 and < 100) few.Add(id);
            sampler.Advance(now += 1000);
        }

        sampler.Advance(now += 10_000);
        few.Count(t => sampler.IsKept(t) == true).ShouldBeGreaterThan(few.Count * 8 / 10);
    }

    [Fact]
    public void A_trace_is_decided_as_a_whole_and_late_spans_follow_it()
    {
        var sampler = new TailSampler(new() { SpansPerSecond = 1, NotableShare = 0.5 });
        for (var i = 0; i < 2000; i++)
        {
            See(sampler, Next(), "GET /", 5 * Millisecond);
            if (i % 100 == 0) sampler.Advance(now += 1000);
        }

        var (fails, plain) = (Next(), Next());
        See(sampler, plain, "GET /", 5 * Millisecond);
        sampler.Advance(now += 1000);
        sampler.IsKept(plain).ShouldBeNull();
        sampler.Advance(now += 30_000);
        sampler.IsKept(plain).ShouldBe(false);
        See(sampler, plain, "GET /", 5 * Millisecond, isError: true);
        sampler.IsKept(plain).ShouldBe(false);
        sampler.Figures.Late.ShouldBe(1);

        See(sampler, fails, "GET /", 5 * Millisecond);
        See(sampler, fails, "SELECT", Millisecond, isError: true, isRoot: false);
        sampler.Advance(now += 10_000);
        sampler.IsKept(fails).ShouldBe(true);
    }

    [Fact]
    public void What_waits_and_what_is_remembered_is_bounded()
    {
        var sampler = new TailSampler(new() { SpansPerSecond = 1000, MostWaiting = 100, MostDecided = 1000 });
        var first = Next();
        See(sampler, first, "GET /", 5 * Millisecond);
        for (var i = 0; i < 5000; i++) See(sampler, Next(), "GET /", 5 * Millisecond);
        sampler.Figures.Waiting.ShouldBe(100);
        sampler.Figures.Hurried.ShouldBe(4901);
        sampler.Advance(now += 20_000);
        sampler.IsKept(first).ShouldBeNull();
        // What is not known any more is kept rather than torn.
        sampler.Decide(first).ShouldBeTrue();
    }

    TraceId Next() => new((ulong)random.NextInt64(), (ulong)random.NextInt64(1, long.MaxValue));

    void See(TailSampler sampler, TraceId id, string name, long nanoseconds, bool isError = false, bool isRoot = true) =>
        sampler.Seen(new(id, isRoot ? SpanKind.Server : SpanKind.Client, nanoseconds, isError, isRoot), "shop"u8, Encoding.UTF8.GetBytes(name), now);
}
