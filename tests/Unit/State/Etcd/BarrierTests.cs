using Mainstay.State.Etcd;
using Shouldly;
using Xunit;
using Barrier = Mainstay.State.Etcd.Barrier;

namespace Mainstay.Tests.State.Etcd;

/// <summary>Whoever passes has an answer to a question that was asked after he came, whoever else comes and however soon answers are there.</summary>
public sealed class BarrierTests
{
    long asked;
    long answered;

    [Fact]
    public async Task An_answer_counts_for_those_who_came_before_its_question()
    {
        var barrier = new Barrier(AskAsync);
        var early = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => PassAsync(barrier))));
        early.Sum().ShouldBe(0);
    }

    // How often an answer was given that was asked for before.
    async Task<int> PassAsync(Barrier barrier)
    {
        var early = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var before = Volatile.Read(ref asked);
            await barrier.PassAsync();
            early += Volatile.Read(ref answered) > before ? 0 : 1;
        }

        return early;
    }

    async Task AskAsync()
    {
        var mine = Interlocked.Increment(ref asked);
        await Task.Yield();
        // Questions are answered in their order, but for two that are under way at once.
        for (var seen = Volatile.Read(ref answered); seen < mine; seen = Volatile.Read(ref answered))
            Interlocked.CompareExchange(ref answered, mine, seen);
    }
}
