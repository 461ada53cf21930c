using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Linear;

public sealed class LinearizabilityTests
{
    // "w1@0-5" writes 1, "r1@..", "s1>2@.." swaps, "x1@.." was refused as it is not 1; "-?" never had an answer.
    [Theory]
    [InlineData("one after the other", "w1@0-1 r1@2-3 s1>2@4-5 r2@6-7")]
    [InlineData("a read at the same time sees the old", "w1@0-9 r0@1-2 r1@3-4")]
    [InlineData("two writes at the same time in either order", "w1@0-9 w2@0-9 r2@10-11 r2@12-13")]
    [InlineData("a lost write that happened much later", "w1@0-? w2@1-2 r2@3-4 r1@5-6")]
    [InlineData("a lost write that never happened", "w1@0-? r0@1-2 r0@3-4")]
    [InlineData("a lost swap that was refused", "s7>8@0-? w1@1-2 r1@3-4")]
    [InlineData("a refusal at the same time as the write that explains it", "w1@0-1 s1>2@2-9 x1@3-8")]
    [InlineData("swaps that only fit in one order", "s1>2@0-9 s0>1@0-9 s2>3@0-9 r3@10-11")]
    [InlineData("registers are judged by themselves", "a:w1@0-1 b:w2@2-3 b:r2@4-5 a:r1@6-7")]
    public void What_holds(string what, string history) => Linearizability.FirstWrong(Parse(history)).ShouldBeNull(what);

    [Theory]
    [InlineData("a stale read", "w1@0-1 w2@2-3 r1@4-5")]
    [InlineData("a lost update", "s0>1@0-5 s0>2@1-6")]
    [InlineData("an acknowledged write is gone", "w1@0-1 r0@2-3")]
    [InlineData("reads go back", "w1@0-9 r1@1-2 r0@3-4")]
    [InlineData("a value that nobody wrote", "w1@0-1 r7@2-3")]
    [InlineData("a refusal without a reason", "w1@0-1 x1@2-3")]
    [InlineData("a write happened twice", "w1@0-? w2@1-2 r1@3-4 w3@5-6 r1@7-8")]
    [InlineData("two readers see two orders", "w1@0-9 w2@0-9 r1@1-2 r2@3-4 r1@5-6")]
    [InlineData("before it was asked for", "r1@0-1 w1@2-3")]
    [InlineData("one of several registers", "a:w1@0-1 b:w2@2-3 b:r0@4-5 a:r1@6-7")]
    public void What_does_not(string what, string history) => Linearizability.FirstWrong(Parse(history)).ShouldNotBeNull(what);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Histories_made_from_an_order_hold_and_cease_to_when_an_answer_is_changed(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 50; round++)
        {
            var (history, value, at) = (new List<Step>(), 0L, 0L);
            for (var i = 1; i <= 60; i++)
            {
                // Each happens at 10 i, and was called and answered somewhere around it.
                at = 10L * i;
                var (from, to) = (at - random.Next(35), at + random.Next(35));
                var step = random.Next(3) switch
                {
                    0 => new Step("k", Did.Read, 0, value, from, to),
                    1 => new Step("k", Did.Write, 0, i, from, to),
                    _ => new Step("k", Did.Swap, value, i, from, random.Next(4) == 0 ? null : to),
                };
                value = step.Did == Did.Read ? value : step.To;
                history.Add(step);
            }

            history.Add(new Step("k", Did.Read, 0, value, at + 100, at + 101));
            Linearizability.Holds([.. history.OrderBy(_ => random.Next())]).ShouldBeTrue($"seed {seed} round {round}");
            history[^1] = history[^1] with { To = 999 };
            Linearizability.Holds(history).ShouldBeFalse($"seed {seed} round {round}");
        }
    }

    static IEnumerable<Step> Parse(string history) => history.Split(' ').Select(word =>
    {
        var key = "k";
        if (word.Split(':') is [var named, var left])
            (key, word) = (named, left);
        var (what, when) = (word[1..].Split('@')[0], word.Split('@')[1].Split('-'));
        var values = what.Split('>').Select(long.Parse).ToArray();
        var did = word[0] switch { 'r' => Did.Read, 'w' => Did.Write, 's' => Did.Swap, _ => Did.Refused };
        return new Step(key, did, values[0], values[^1], long.Parse(when[0]), when[1] == "?" ? null : long.Parse(when[1]));
    });
}
