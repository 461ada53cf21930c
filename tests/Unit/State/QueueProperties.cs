using Mainstay.Core.Kinds.State;
using Mainstay.State.Decide;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>The book of a queue against a naive list that is searched from its beginning, by seeded runs.</summary>
public sealed class QueueProperties
{
    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8)]
    public void ARunOfAnythingGoesAsInANaiveList(int seed)
    {
        var random = new Random(seed);
        var terms = new MessageQueueSpec { Retention = TimeSpan.FromSeconds(90), Visibility = TimeSpan.FromSeconds(10), DeadLetterAfter = 3, Backoff = TimeSpan.FromSeconds(seed % 3), BackoffMost = TimeSpan.FromSeconds(5) };
        var (book, naive) = (new QueueBook(terms), new NaiveQueue(terms));
        var (nowMs, id) = (0L, 0L);
        for (var step = 0; step < 4000; step++)
        {
            switch (random.Next(10))
            {
                case < 4:
                    var (key, priority, delay) = (random.Next(3) == 0 ? null : "k" + random.Next(6), random.Next(3), random.Next(5) == 0 ? random.Next(20_000) : 0);
                    book.Add(new() { Id = ++id, AtMs = nowMs, Bytes = 10, Key = key, Priority = priority }, nowMs + delay, nowMs);
                    naive.Items.Add(new(id, key, priority, nowMs) { DueMs = nowMs + delay });
                    break;
                case < 7:
                    List<QueuedMessage> taken = [];
                    var most = random.Next(1, 4);
                    book.Take(most, nowMs + 10_000, taken);
                    taken.Select(m => (m.Id, m.Attempts)).ShouldBe(naive.Take(most, nowMs), $"seed {seed}, step {step}");
                    break;
                case 7:
                    nowMs += random.Next(4000);
                    book.Due(nowMs, [], []);
                    naive.Due(nowMs);
                    break;
                default:
                    if (naive.Items.Where(i => i.Flying).ToArray() is not { Length: > 0 } flying)
                        break;
                    var one = flying[random.Next(flying.Length)];
                    End(random.Next(4), one, book, naive, nowMs);
                    break;
            }

            (book.Ready, book.Waiting, book.InFlight, book.Dead).ShouldBe(naive.Counts(nowMs), $"seed {seed}, step {step}");
            book.OldestMs.ShouldBe(naive.Items.Where(i => !i.Dead && !(i.Flying && naive.Seen - i.AtMs >= 90_000)).Select(i => (long?)i.AtMs).FirstOrDefault(), $"seed {seed}, step {step}");
            book.Bytes.ShouldBe(naive.Items.Count * 10);
        }

        id.ShouldBeGreaterThan(1000);
        book.Dead.ShouldBeGreaterThan(0);
    }

    static void End(int how, NaiveQueue.Item one, QueueBook book, NaiveQueue naive, long nowMs)
    {
        var message = book.Held(one.Id, one.Attempts).ShouldNotBeNull();
        book.Held(one.Id, one.Attempts - 1).ShouldBeNull();
        switch (how)
        {
            case 0:
                book.Fail(message, nowMs, null, "");
                naive.Fail(one, nowMs);
                break;
            case 1:
                book.Extend(message, nowMs + 20_000);
                one.DueMs = nowMs + 20_000;
                break;
            default:
                book.Remove(message, nowMs);
                naive.Items.Remove(one);
                break;
        }
    }

    /// <summary>What the contract says, word by word.</summary>
    sealed class NaiveQueue(MessageQueueSpec terms)
    {
        public List<Item> Items { get; } = [];

        public List<(long, int)> Take(int most, long nowMs)
        {
            List<(long, int)> taken = [];
            while (most-- > 0 && Items.Where(i => CanBeTaken(i, nowMs)).OrderByDescending(i => i.Priority).ThenBy(i => i.Id).FirstOrDefault() is { } next)
            {
                (next.Flying, next.DueMs) = (true, nowMs + 10_000);
                next.Attempts++;
                taken.Add((next.Id, next.Attempts));
            }

            return taken;
        }

        public void Due(long nowMs)
        {
            foreach (var silent in Items.Where(i => i.Flying && i.DueMs <= nowMs).ToArray())
                Fail(silent, nowMs);
            foreach (var old in Items.Where(i => !i.Flying && !i.Dead && nowMs - i.AtMs >= terms.Retention.TotalMilliseconds).ToArray())
            {
                if (old.Attempts > 0)
                    old.Dead = true;
                else
                    Items.Remove(old);
            }

            Seen = nowMs;
        }

        // The book sees what is due when it is told the time.
        public long Seen { get; private set; }

        public void Fail(Item item, long nowMs)
        {
            item.Flying = false;
            item.DueMs = nowMs + QueueDecide.BackoffMs(terms, item.Attempts);
            item.Dead = item.Attempts >= 3 || nowMs - item.AtMs >= terms.Retention.TotalMilliseconds;
        }

        public (int, int, int, int) Counts(long nowMs)
        {
            var (flying, dead, ready) = (Items.Count(i => i.Flying), Items.Count(i => i.Dead), Items.Count(i => CanBeTaken(i, nowMs)));
            return (ready, Items.Count - flying - dead - ready, flying, dead);
        }

        bool CanBeTaken(Item item, long nowMs) =>
            !item.Flying && !item.Dead && item.DueMs <= nowMs && (item.Key is null || Items.First(i => i.Key == item.Key && !i.Dead) == item);

        public sealed record Item(long Id, string? Key, int Priority, long AtMs)
        {
            public long DueMs { get; set; }

            public int Attempts { get; set; }

            public bool Flying { get; set; }

            public bool Dead { get; set; }
        }
    }
}
