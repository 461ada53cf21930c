using FsCheck;
using FsCheck.Fluent;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Limiting;

/// <summary>What holds of every limiter, whatever comes when.</summary>
public sealed class LimitProperties
{
    const long Second = 1_000_000_000;
    const int Count = 7;

    /// <summary>Arrivals: the pause before each in milliseconds, and its key. Many more keys than the table has places.</summary>
    static readonly Gen<(int Pause, int Key)[]> Arrivals =
        Gen.ArrayOf(from pause in Gen.Frequency((6, Gen.Constant(0)), (3, Gen.Choose(0, 60)), (1, Gen.Choose(0, 3000)))
                    from key in Gen.Frequency((3, Gen.Constant(1)), (2, Gen.Choose(1, 4)), (2, Gen.Choose(1, 60)))
                    select (pause, key)).Resize(400);

    [Fact]
    public void No_key_gets_more_in_any_window_than_a_sliding_window_says() =>
        Holds(times => AtMost(times, Second, Count, "sliding"), new SlidingWindow(Count, Second));

    [Fact]
    public void No_key_gets_more_than_rate_times_time_and_burst()
    {
        const int burst = 4;
        Holds(
            times =>
            {
                for (var from = 0; from < times.Count; from++)
                {
                    for (var to = from; to < times.Count; to++)
                    {
                        (to - from + 1).ShouldBeLessThanOrEqualTo((int)(burst + (times[to] - times[from]) * Count / (double)Second));
                    }
                }
            },
            new TokenBucket(Count, Second, burst));
    }

    [Fact]
    public void No_key_gets_more_in_a_window_of_the_clock_than_a_fixed_window_says() =>
        Holds(times => times.GroupBy(t => t / Second).ShouldAllBe(w => w.Count() <= Count), new FixedWindow(Count, Second));

    [Fact]
    public void What_a_limit_says_is_left_passes_and_the_next_passes_when_it_says()
    {
        Said(new SlidingWindow(Count, Second));
        Said(new TokenBucket(Count, Second, 5));
        Said(new FixedWindow(Count, Second));
    }

    [Fact]
    public void Turns_in_a_weighted_line_are_three_to_two_to_one_while_all_wait()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var chance = new System.Random(seed);
            var line = new WaitLine(QueueOrder.Weighted, 10_000);
            foreach (var rank in Enumerable.Range(0, 900).Select(n => new[] { 4, 2, 1 }[n % 3]).OrderBy(_ => chance.Next())) line.Add(new Ranked(rank), rank);
            var taken = Enumerable.Range(0, 600).Select(_ => ((Ranked)line.Take()!).Rank).CountBy(r => r).ToDictionary();
            taken.ShouldBe(new Dictionary<int, int> { [4] = 300, [2] = 200, [1] = 100 }, ignoreOrder: true);
        }
    }

    [Fact]
    public void A_line_loses_and_doubles_nobody()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var chance = new System.Random(seed);
            var line = new WaitLine((QueueOrder)(seed % 3), 8);
            var inside = new HashSet<WaitNode>();
            for (var step = 0; step < 300; step++)
            {
                var rank = chance.Next(6);
                switch (chance.Next(4))
                {
                    case 0 or 1:
                        var node = new Ranked(rank);
                        if (line.Add(node, rank)) inside.Add(node).ShouldBeTrue();
                        else inside.Count.ShouldBe(8);
                        break;
                    case 2:
                        if (line.Take() is { } next) inside.Remove(next).ShouldBeTrue();
                        else inside.ShouldBeEmpty();
                        break;
                    default:
                        if (inside.FirstOrDefault() is { } some)
                        {
                            line.Remove(some).ShouldBeTrue();
                            line.Remove(some).ShouldBeFalse();
                            inside.Remove(some);
                        }
                        else if (line.Displace(rank) is { } lowest)
                        {
                            inside.Remove(lowest).ShouldBeTrue();
                        }
                        break;
                }
                line.Count.ShouldBe(inside.Count);
            }
        }
    }

    [Fact]
    public void Requests_under_way_never_exceed_the_limit_and_every_wait_ends_once()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var chance = new System.Random(seed);
            var flight = new InFlight(4, new QueueSpec { Length = 6, Wait = TimeSpan.FromMilliseconds(30), Order = (QueueOrder)(seed % 3) });
            var parked = new List<Ranked>();
            var inside = 0;
            for (var step = 0; step < 500; step++)
            {
                var micros = step * 5000L;
                var guest = new Ranked(chance.Next(6));
                if (chance.Next(2) == 0)
                {
                    if (flight.Waiting == 0 && flight.TryTake(0, micros)) inside++;
                    else if (flight.Park(guest, guest.Rank, 0, micros) is var end && end == WaitEnd.Admitted) inside++;
                    else if (end == WaitEnd.Waiting) parked.Add(guest);
                }
                else if (inside > 0)
                {
                    inside--;
                    flight.Leave(micros, 0);
                }
                foreach (var one in parked.Where(p => p.Resumed > 0).ToList())
                {
                    one.Resumed.ShouldBe(1);
                    if (one.End == WaitEnd.Admitted) inside++;
                    parked.Remove(one);
                }
                flight.Current.ShouldBe(inside);
                flight.Current.ShouldBeLessThanOrEqualTo(4);
                flight.Waiting.ShouldBe(parked.Count);
            }
        }
    }

    [Fact]
    public void A_key_with_requests_under_way_keeps_its_place_and_none_has_more_than_its_limit()
    {
        var flight = new KeyedFlight(64);
        var chance = new System.Random(7);
        var held = new List<(ulong Key, int At)>();
        for (var step = 0; step < 20_000; step++)
        {
            var key = (ulong)chance.Next(200);
            if (held.Count > 0 && chance.Next(2) == 0)
            {
                var index = chance.Next(held.Count);
                flight.Leave(held[index].At);
                held.RemoveAt(index);
            }
            else if (flight.TryEnter(key, 3) is >= 0 and var at)
            {
                held.Add((key, at));
            }
            flight.Of(key).ShouldBe(held.Count(h => h.Key == key));
            flight.Of(key).ShouldBeLessThanOrEqualTo(3);
        }
        flight.Current.ShouldBe(held.Count);
    }

    [Fact]
    public void The_client_that_asks_for_most_is_known_whoever_else_comes()
    {
        var heavy = new HeavyClients();
        var chance = new System.Random(3);
        var hit = 0;
        var wrong = 0;
        for (var second = 0; second < 10; second++)
        {
            for (var request = 0; request < 1000; request++)
            {
                // One client sends half of all; a hundred others share the rest.
                var isFlood = chance.Next(2) == 0;
                var said = heavy.Count(isFlood ? 1UL : (ulong)chance.Next(2, 102));
                if (second < 2) continue;
                if (isFlood && said) hit++;
                if (!isFlood && said) wrong++;
            }
            heavy.Turn();
        }
        hit.ShouldBeGreaterThan(3900);
        wrong.ShouldBeLessThan(hit / 20);
    }

    [Fact]
    public void Equal_clients_are_not_heavy()
    {
        var heavy = new HeavyClients();
        var said = 0;
        for (var request = 0; request < 10_000; request++)
        {
            if (heavy.Count((ulong)(request % 7) + 1)) said++;
            if (request % 1000 == 999) heavy.Turn();
        }
        said.ShouldBe(0);
    }

    static void Holds<TRule, TCell>(Action<List<long>> law, TRule rule)
        where TRule : struct, IRateRule<TCell>
        where TCell : struct =>
        Prop.ForAll(Arrivals.ToArbitrary(), arrivals =>
        {
            // Two sets of eight places for sixty keys.
            var table = new KeyTable<TRule, TCell>(rule, 16);
            var passed = new Dictionary<int, List<long>>();
            var now = 0L;
            foreach (var (pause, key) in arrivals)
            {
                now += pause * 1_000_000L;
                if (!table.Take((ulong)key, now, 0, out _)) continue;
                if (!passed.TryGetValue(key, out var times)) passed[key] = times = [];
                times.Add(now);
            }
            foreach (var times in passed.Values) law(times);
        }).QuickCheckThrowOnFailure();

    static void Holds(Action<List<long>> law, SlidingWindow rule) => Holds<SlidingWindow, SlidingWindow.Cell>(law, rule);

    static void Holds(Action<List<long>> law, TokenBucket rule) => Holds<TokenBucket, TokenBucket.Cell>(law, rule);

    static void Holds(Action<List<long>> law, FixedWindow rule) => Holds<FixedWindow, FixedWindow.Cell>(law, rule);

    static void Said<TRule, TCell>(TRule rule)
        where TRule : struct, IRateRule<TCell>
        where TCell : struct =>
        Prop.ForAll(Arrivals.ToArbitrary(), arrivals =>
        {
            TCell cell = default;
            var now = 0L;
            foreach (var (pause, _) in arrivals)
            {
                now += pause * 1_000_000L;
                var says = rule.Look(cell, now, 0);
                var trial = cell;
                for (var left = says.Remaining; left > 0; left--) rule.Take(ref trial, now, 0).ShouldBeTrue();
                if (says.Remaining == 0)
                {
                    rule.Take(ref trial, now, 0).ShouldBeFalse();
                    trial = cell;
                    rule.Take(ref trial, now + says.RetryNs, 0).ShouldBeTrue();
                }
                rule.Weight(cell, now + says.ResetNs).ShouldBe(0);
                rule.Take(ref cell, now, 0);
            }
        }).QuickCheckThrowOnFailure();

    static void Said(SlidingWindow rule) => Said<SlidingWindow, SlidingWindow.Cell>(rule);

    static void Said(TokenBucket rule) => Said<TokenBucket, TokenBucket.Cell>(rule);

    static void Said(FixedWindow rule) => Said<FixedWindow, FixedWindow.Cell>(rule);

    static void AtMost(List<long> times, long window, int most, string what)
    {
        for (var from = 0; from + most < times.Count; from++)
        {
            (times[from + most] - times[from]).ShouldBeGreaterThanOrEqualTo(window, what);
        }
    }

    sealed class Ranked(int rank) : WaitNode
    {
        public int Rank => rank;

        public int Resumed { get; private set; }

        public WaitEnd End { get; private set; }

        public override bool IsWaiting => End == WaitEnd.Waiting;

        public override bool TryEnd(WaitEnd how)
        {
            if (!IsWaiting) return false;
            End = how;
            return true;
        }

        public override void Resume() => Resumed++;
    }
}
