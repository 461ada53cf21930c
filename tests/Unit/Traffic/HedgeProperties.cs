using FsCheck;
using FsCheck.Fluent;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>However slow a service is: second requests stay within the budget, in every stretch of time.</summary>
public sealed class HedgeProperties
{
    static readonly Gen<HedgeAfter> After = Gen.Elements(HedgeAfter.Percentile(50), HedgeAfter.Percentile(95), HedgeAfter.Percentile(99), new HedgeAfter(TimeSpan.FromMilliseconds(20), 0));

    [Fact]
    public void There_are_never_more_second_requests_than_the_budget_allows() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(200), Prop.ForAll(
            After.ToArbitrary(),
            (from percent in Gen.Choose(0, 50) from slow in Gen.Choose(0, 1000) from every in Gen.Choose(1, 50) select (percent, slow, every)).ToArbitrary(),
            Gen.Choose(1, int.MaxValue).ToArbitrary(),
            (after, shape, seed) =>
            {
                var run = new HedgeRun(new HedgeSpec { After = after }, shape.percent / 100.0, (ulong)seed);
                const int Requests = 400;
                for (var number = 0; number < Requests; number++) run.Ask(number * shape.every, draw => draw < shape.slow ? 500 + draw : 5 + draw % 10);

                // A request adds its part before its second one is sent: all that came by then count.
                for (var from = 0; from < run.Sent.Count; from++)
                {
                    for (var to = from; to < run.Sent.Count; to++)
                    {
                        var asked = Math.Min(run.Sent[to] / shape.every, Requests - 1) - Math.Max((run.Sent[from] - 1) / shape.every, -1);
                        (to - from + 1).ShouldBeLessThanOrEqualTo((int)(RetryBudget.Reserve + (asked + 1) * shape.percent / 100.0 + 1e-6));
                    }
                }
                if (shape.percent == 0) run.Sent.ShouldBeEmpty();
            }));
}
