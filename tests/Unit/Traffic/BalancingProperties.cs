using FsCheck;
using FsCheck.Fluent;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>What holds of picks, ejections and budgets whatever happens.</summary>
public sealed class BalancingProperties
{
    [Fact]
    public void Never_more_than_thirty_percent_are_ejected() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(ArbMap.Default.ArbFor<ulong>(), seed =>
        {
            var dice = new Dice(seed);
            var all = Loads(1 + dice.Below(30));
            var outliers = new Outliers(new OutlierSpec { Consecutive = 1 + dice.Below(4), Minimum = 2, Interval = TimeSpan.FromSeconds(1), Ejection = TimeSpan.FromSeconds(2) });
            outliers.SetMembers(all, 0);
            var now = 0L;
            for (var step = 0; step < 400; step++)
            {
                now += dice.Below(300);
                if (dice.Below(20) == 0)
                {
                    all = dice.Below(2) == 0 && all.Length > 1 ? [.. all.Where((_, index) => index != step % all.Length)] : [.. all, new Load($"late-{step}")];
                    outliers.SetMembers(all, now);
                }
                if (all.Length > 0) outliers.Outcome(all[dice.Below(all.Length)], dice.Below(3) > 0, now);
                if (dice.Below(5) == 0) outliers.Beat(now);
                if (all.Count(one => one.IsEjected(now)) > Math.Floor(all.Length * 0.3 + 1e-9)) return false;
            }
            return true;
        }));

    [Fact]
    public void A_pick_is_never_one_that_was_tried_and_never_an_unusable_one_while_others_can_be_used() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(ArbMap.Default.ArbFor<ulong>(), seed =>
        {
            var dice = new Dice(seed);
            var loads = Loads(1 + dice.Below(20));
            foreach (var load in loads)
            {
                if (dice.Below(3) == 0) load.AloneUntilMs = 10;
                if (dice.Below(3) == 0) load.EjectedUntilMs = 10;
                if (dice.Below(4) == 0) load.Weight = 0;
                if (dice.Below(3) == 0) load.BornMs = -dice.Below(1000);
                for (var held = dice.Below(5); held > 0; held--) load.Enter();
            }
            var all = new Candidates(loads)
            {
                NowMs = 1,
                Tried = dice.Next() & dice.Next() & ((1UL << loads.Length) - 1),
                SlowStartMs = dice.Below(2) * 1000,
                IsPanic = dice.Below(4) == 0,
                Turn = (uint)dice.Next(),
                Key = dice.Next() | 1,
            };
            var balance = (Balance)dice.Below(Enum.GetValues<Balance>().Length);
            var index = Balancer.Pick(balance, all, ref dice);
            var (tried, usable) = (0, 0);
            for (var one = 0; one < loads.Length; one++)
            {
                tried += all.IsTried(one) ? 1 : 0;
                usable += all.IsUsable(one) ? 1 : 0;
            }
            return tried == loads.Length ? index == -1 : !all.IsTried(index) && (usable == 0 || all.IsUsable(index));
        }));

    [Fact]
    public void When_an_endpoint_comes_or_goes_only_its_own_keys_move() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(50), Prop.ForAll(ArbMap.Default.ArbFor<ulong>(), seed =>
        {
            var dice = new Dice(seed);
            var many = Loads(2 + dice.Below(30));
            var gone = dice.Below(many.Length);
            Load[] fewer = [.. many.Where((_, index) => index != gone)];
            var moved = 0;
            const int keys = 4000;
            for (var key = 0; key < keys; key++)
            {
                var hash = KeyHash.Of($"{seed}-{key}") | 1;
                var before = many[Balancer.Hash(new Candidates(many) { NowMs = 1, Key = hash })];
                var after = fewer[Balancer.Hash(new Candidates(fewer) { NowMs = 1, Key = hash })];
                if (before == after) continue;
                if (before != many[gone]) return false;
                moved++;
            }
            // Its share is 1/n; five standard deviations of room.
            var share = 1.0 / many.Length;
            return moved <= keys * share + 5 * Math.Sqrt(keys * share * (1 - share));
        }));

    [Fact]
    public void No_endpoint_gets_more_than_its_bound_by_hash() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(200), Prop.ForAll(ArbMap.Default.ArbFor<ulong>(), seed =>
        {
            var dice = new Dice(seed);
            var loads = Loads(1 + dice.Below(20));
            var hot = dice.Next() | 1;
            for (var request = 0; request < 500; request++)
            {
                var index = Balancer.Hash(new Candidates(loads) { NowMs = 1, Key = dice.Below(3) == 0 ? dice.Next() | 1 : hot });
                if (index < 0) return false;
                loads[index].Enter();
                var bound = Math.Max(Balancer.BoundAtLeast, (int)Math.Ceiling(Balancer.BoundAbove * (request + 1) / loads.Length));
                if (loads.Any(load => load.InFlight > bound)) return false;
            }
            return true;
        }));

    [Fact]
    public void Repetitions_stay_within_a_fifth_of_the_requests_and_the_reserve() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(200), Prop.ForAll(ArbMap.Default.ArbFor<ulong>(), seed =>
        {
            var dice = new Dice(seed);
            var budget = new RetryBudget(0.2);
            var taken = new List<(int Requests, int Retries)> { (0, 0) };
            var (requests, retries) = (0, 0);
            for (var step = 0; step < 2000; step++)
            {
                if (dice.Below(4) == 0)
                {
                    budget.Earn();
                    requests++;
                }
                else if (budget.TryTake())
                {
                    retries++;
                }
                taken.Add((requests, retries));
            }
            // In every stretch, not only from the start on.
            return taken.Where((_, index) => index % 97 == 0).All(from => retries - from.Retries <= 0.2 * (requests - from.Requests) + RetryBudget.Reserve + 1e-6);
        }));

    [Fact]
    public void A_budget_that_many_take_from_is_not_overdrawn()
    {
        var budget = new RetryBudget(0.2);
        var taken = 0;
        Parallel.For(0, 100_000, _ =>
        {
            budget.Earn();
            for (var time = 0; time < 3; time++)
            {
                if (budget.TryTake()) Interlocked.Increment(ref taken);
            }
        });
        taken.ShouldBeLessThanOrEqualTo(20_000 + RetryBudget.Reserve);
        taken.ShouldBeGreaterThan(19_000);
    }

    [Fact]
    public void Waits_stay_between_the_least_and_a_second() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(ArbMap.Default.ArbFor<ulong>(), seed =>
        {
            var dice = new Dice(seed);
            var least = dice.Below(1001);
            var last = 0;
            for (var time = 0; time < 20; time++)
            {
                last = Backoff.Next(least, last, ref dice);
                if (last < least || last > Backoff.LongestMs) return false;
            }
            return true;
        }));

    [Fact]
    public void An_estimate_never_exceeds_the_highest_observation_and_rises_to_each() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(ArbMap.Default.ArbFor<ulong>(), seed =>
        {
            var dice = new Dice(seed);
            var estimate = new PeakEwma();
            var (now, highest) = (1L, 0.0);
            for (var time = 0; time < 200; time++)
            {
                now += dice.Below(2_000_000);
                var micros = (double)dice.Below(5_000_000);
                highest = Math.Max(highest, micros);
                var before = estimate.Now(now);
                estimate.Observe(micros, now);
                var after = estimate.Now(now);
                if (after > highest + 1 || after < micros - 1 || after < Math.Min(before, micros) - 1) return false;
            }
            return true;
        }));

    static Load[] Loads(int count) => [.. Enumerable.Range(0, count).Select(index => new Load($"i-{index}"))];
}
