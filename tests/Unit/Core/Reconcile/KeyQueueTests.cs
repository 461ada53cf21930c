using Mainstay.Core.Reconcile;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Reconcile;

public sealed class KeyQueueTests
{
    static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    readonly KeyQueue queue = new();

    [Fact]
    public void Keys_come_once_and_in_the_order_in_which_they_were_added()
    {
        Add("b", "a", "b", "a");
        Take().ShouldBe("b a");
        Take().ShouldBe("");
    }

    [Fact]
    public void A_key_that_changes_during_its_pass_comes_once_more_after_it()
    {
        Add("a");
        Take().ShouldBe("a");
        Add("a", "a");
        Take().ShouldBe("");
        queue.Finished("a", 0, null);
        Take().ShouldBe("a");
        queue.Finished("a", 0, null);
        Take().ShouldBe("");
    }

    [Fact]
    public void A_key_waits_for_the_snapshot_to_hold_its_own_commit()
    {
        Add("a");
        Take().ShouldBe("a");
        queue.Finished("a", 5, null);
        Add("a", "b");
        Take(revision: 4).ShouldBe("b");
        Take(revision: 5).ShouldBe("a");
    }

    [Fact]
    public void A_key_comes_back_when_it_is_due()
    {
        Add("a");
        Take();
        queue.Finished("a", 0, Start.AddSeconds(2));
        queue.NextDue.ShouldBe(Start.AddSeconds(2));
        Take(at: 1).ShouldBe("");
        Take(at: 2).ShouldBe("a");
        queue.NextDue.ShouldBeNull();
    }

    [Fact]
    public void What_is_due_at_the_same_time_comes_in_the_order_in_which_it_was_asked_for()
    {
        Add("b", "a", "c");
        Take();
        queue.Finished("c", 0, Start.AddSeconds(1));
        queue.Finished("a", 0, Start.AddSeconds(2));
        queue.Finished("b", 0, Start.AddSeconds(2));
        Take(at: 3).ShouldBe("c a b");
    }

    [Fact]
    public void A_pass_before_it_is_due_replaces_the_time()
    {
        Add("a");
        Take();
        queue.Finished("a", 0, Start.AddSeconds(2));
        Add("a");
        Take(at: 1).ShouldBe("a");
        queue.Finished("a", 0, Start.AddSeconds(5));
        Take(at: 4).ShouldBe("");
        Take(at: 5).ShouldBe("a");
        queue.Finished("a", 0, null);
        Take(at: 9).ShouldBe("");
    }

    [Fact]
    public void What_is_due_during_its_pass_waits_for_the_end()
    {
        Add("a");
        Take();
        queue.Finished("a", 0, Start.AddSeconds(1));
        Add("a");
        Take().ShouldBe("a");
        Take(at: 1).ShouldBe("");
        queue.Finished("a", 0, null);
        Take(at: 1).ShouldBe("");
    }

    [Fact]
    public void Failures_are_counted_in_a_row()
    {
        queue.Failed("a").ShouldBe(1);
        queue.Failed("a").ShouldBe(2);
        queue.Failed("b").ShouldBe(1);
        queue.Succeeded("a");
        queue.Failed("a").ShouldBe(1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void No_wish_is_lost_and_no_key_passes_twice_at_a_time(int seed)
    {
        var random = new Random(seed);
        var wished = new HashSet<string>();
        var underWay = new List<string>();
        var committed = new Dictionary<string, long>();
        long revision = 0;
        for (var step = 0; step < 5_000; step++)
        {
            var key = $"k{random.Next(6)}";
            switch (random.Next(3))
            {
                case 0:
                    queue.Add(key);
                    wished.Add(key);
                    break;
                case 1 when queue.TryTake(Start, revision, out var taken):
                    wished.Remove(taken).ShouldBeTrue();
                    underWay.ShouldNotContain(taken);
                    committed.GetValueOrDefault(taken).ShouldBeLessThanOrEqualTo(revision);
                    underWay.Add(taken);
                    break;
                case 2 when underWay.Count > 0:
                    var ended = underWay[random.Next(underWay.Count)];
                    underWay.Remove(ended);
                    committed[ended] = random.Next(2) == 0 ? 0 : revision + random.Next(3);
                    queue.Finished(ended, committed[ended], null);
                    break;
                default:
                    revision += random.Next(2);
                    break;
            }
        }

        underWay.ForEach(key => queue.Finished(key, 0, null));
        Take(revision: revision + 3).Split(' ', StringSplitOptions.RemoveEmptyEntries).ShouldBe(wished, ignoreOrder: true);
    }

    void Add(params string[] keys) => Array.ForEach(keys, queue.Add);

    // All that can be taken now; their passes stay under way.
    string Take(int at = 0, long revision = 0)
    {
        var taken = new List<string>();
        while (queue.TryTake(Start.AddSeconds(at), revision, out var key))
        {
            taken.Add(key);
        }

        return string.Join(' ', taken);
    }
}
