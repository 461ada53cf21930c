using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Store;
using Mainstay.State.Decide;
using Mainstay.State.Locks;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>Locks over a store: what pauses, restarts and those who go away make of them.</summary>
public sealed class LockKeeperTests : IAsyncLifetime
{
    static readonly TimeSpan Lease = TimeSpan.FromSeconds(10);
    static readonly TimeSpan Long = TimeSpan.FromDays(1);

    readonly FakeTime time = new();
    readonly MemoryStore store;
    readonly CancellationTokenSource stop = new();
    LockKeeper keeper;
    Task running = Task.CompletedTask;

    public LockKeeperTests()
    {
        store = new(time);
        keeper = new(store, CoreKinds.All, time);
    }

    public ValueTask InitializeAsync()
    {
        running = keeper.RunAsync(stop.Token);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running.ContinueWith(static _ => { }, TaskScheduler.Default);
        await store.DisposeAsync();
        stop.Dispose();
    }

    [Fact]
    public async Task AThousandHoldersThatArePausedPastTheirLeaseAreRefusedEachTime()
    {
        var random = new Random(7);
        var fence = new FenceMemory();
        var key = FencingToken.KeyOf("a secret of this installation");
        long last = 0;
        for (var round = 0; round < 1000; round++)
        {
            var first = (await AcquireAsync($"first-{round}", TimeSpan.Zero)).Hold!;
            first.Token.ShouldBeGreaterThan(last);
            Pass(fence, key, first.Token).ShouldBeTrue();
            var second = AcquireAsync($"second-{round}", Long);
            await Until.HoldsAsync(() => keeper.LineOf("orders").Count == 1);

            // The holder renews for a while, and then is paused; nobody else has the lock as long as it may count on it.
            for (var renewals = random.Next(4); renewals > 0; renewals--)
            {
                time.Advance(Lease * random.NextDouble() * 0.99);
                (await keeper.RenewAsync("orders", first.Owner, first.Token, default)).ShouldNotBeNull();
            }

            time.Advance(Lease * 0.89);
            second.IsCompleted.ShouldBeFalse();
            await PassUntilHeldAsync($"second-{round}");
            var next = (await second).Hold!;
            next.Token.ShouldBe(first.Token + 1);

            // The server has told of it before or after the new holder's write; the old one's is refused either way, if it comes behind one of them.
            if (random.Next(2) == 0)
            {
                fence.Learn(next.Token, [next.Token]);
            }
            else
            {
                Pass(fence, key, next.Token).ShouldBeTrue();
            }

            Pass(fence, key, first.Token).ShouldBeFalse($"round {round}");
            Pass(fence, key, next.Token).ShouldBeTrue();
            (await keeper.RenewAsync("orders", first.Owner, first.Token, default)).ShouldBeNull();
            (await keeper.ReleaseAsync("orders", first.Owner, first.Token, default)).Word.ShouldBe(LockWord.NotHeld);
            (await keeper.ReleaseAsync("orders", next.Owner, next.Token, default)).Word.ShouldBe(LockWord.Released);
            last = next.Token;
        }

        keeper.Counts.ShouldBe((2000, 1000));
    }

    [Fact]
    public async Task AnUncontendedGrantAndItsEndAreOneCommitEachAndARenewalIsNone()
    {
        var before = store.Revision;
        var hold = (await AcquireAsync("a", TimeSpan.Zero)).Hold!;
        store.Revision.ShouldBe(before + 1);
        await keeper.RenewAsync("orders", "a", hold.Token, default);
        store.Revision.ShouldBe(before + 1);
        var next = AcquireAsync("b", Long);
        await Until.HoldsAsync(() => keeper.LineOf("orders").Count == 1);
        await keeper.ReleaseAsync("orders", "a", hold.Token, default);
        (await next).Hold!.Token.ShouldBe(2);
        store.Revision.ShouldBe(before + 2, "the release and the next grant are one");
    }

    [Fact]
    public async Task WhoGoesAwayLeavesTheLineAndWhoComesAgainKeepsItsPlace()
    {
        var hold = (await AcquireAsync("a", TimeSpan.Zero)).Hold!;
        using var gone = new CancellationTokenSource();
        var leaving = keeper.AcquireAsync("orders", Wish("b"), Long, gone.Token);
        await Until.HoldsAsync(() => keeper.LineOf("orders").Count == 1);
        var patient = keeper.AcquireAsync("orders", Wish("c"), TimeSpan.FromSeconds(2), default);
        await Until.HoldsAsync(() => keeper.LineOf("orders").Count == 2);
        var last = AcquireAsync("d", Long);
        await Until.HoldsAsync(() => keeper.LineOf("orders").Count == 3);
        await gone.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(leaving);
        await keeper.RenewAsync("orders", "a", hold.Token, default);
        await PassAsync(TimeSpan.FromSeconds(2));
        (await patient).Word.ShouldBe(LockWord.Waiting);
        keeper.LineOf("orders").Select(w => w.Owner).ShouldBe(["c", "d"]);
        patient = keeper.AcquireAsync("orders", Wish("c"), Long, default);
        await keeper.ReleaseAsync("orders", "a", hold.Token, default);
        (await patient).Hold!.Token.ShouldBe(2);

        // One who does not come again is passed after a while.
        var shy = keeper.AcquireAsync("orders", Wish("e"), TimeSpan.FromSeconds(1), default);
        await Until.HoldsAsync(() => keeper.LineOf("orders").Count == 2);
        await PassAsync(TimeSpan.FromSeconds(1));
        (await shy).Word.ShouldBe(LockWord.Waiting);
        await Until.HoldsAsync(() => keeper.LineOf("orders").Count <= 1, () => time.Advance(TimeSpan.FromMilliseconds(100)));
        (await Until.DoneAsync(last, () => time.Advance(TimeSpan.FromSeconds(1)))).Hold!.Token.ShouldBe(3, "c renewed no more");
    }

    [Fact]
    public async Task ARestartKeepsGrantsAndNumbersAndGivesEachItsWholeLeaseAgain()
    {
        var hold = (await AcquireAsync("a", TimeSpan.Zero)).Hold!;
        time.Advance(Lease * 0.9);
        await stop.CancelAsync();
        await running.ContinueWith(static _ => { }, TaskScheduler.Default);
        using var again = new CancellationTokenSource();
        keeper = new(store, CoreKinds.All, time);
        var second = keeper.RunAsync(again.Token);
        time.Advance(Lease * 0.9);
        (await keeper.RenewAsync("orders", "a", hold.Token, default)).ShouldNotBeNull();
        (await AcquireAsync("b", TimeSpan.Zero)).Word.ShouldBe(LockWord.Busy);
        await Until.HoldsAsync(async () => (await keeper.FindAsync("orders", default))!.Holds.Count == 0, () => time.Advance(TimeSpan.FromSeconds(1)));
        (await AcquireAsync("b", TimeSpan.Zero)).Hold!.Token.ShouldBe(2);
        await again.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(second);
    }

    [Fact]
    public async Task AskersAtTheSameTimeGetNumbersOneAfterTheOther()
    {
        var got = new List<long>();
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(async () =>
        {
            var hold = (await AcquireAsync($"o{i}", Long)).Hold!;
            lock (got) got.Add(hold.Token);
            await keeper.ReleaseAsync("orders", hold.Owner, hold.Token, default);
        })));
        got.ShouldBe(Enumerable.Range(1, 50).Select(n => (long)n), "each began after the one before had ended");
    }

    [Theory]
    [InlineData(17, true)]
    [InlineData(long.MaxValue, false)]
    public void ATokenIsReadByItsLockAlone(long number, bool isExclusive)
    {
        var key = FencingToken.KeyOf("secret");
        var text = System.Text.Encoding.ASCII.GetBytes(FencingToken.Write(key, "orders", number, isExclusive));
        text.Length.ShouldBeLessThanOrEqualTo(FencingToken.MaxLength);
        FencingToken.TryRead(key, "orders"u8, text, out var read, out var exclusive).ShouldBeTrue();
        (read, exclusive).ShouldBe((number, isExclusive));
        FencingToken.TryRead(key, "other"u8, text, out _, out _).ShouldBeFalse();
        FencingToken.TryRead(FencingToken.KeyOf("another"), "orders"u8, text, out _, out _).ShouldBeFalse();
        for (var at = 0; at < text.Length; at++)
        {
            byte[] wrong = [.. text];
            wrong[at] = wrong[at] == (byte)'7' ? (byte)'8' : (byte)'7';
            FencingToken.TryRead(key, "orders"u8, wrong, out _, out _).ShouldBeFalse($"changed at {at}");
        }

        foreach (var wrong in new[] { "", "17", "17x-", "x-", "0x-AAAAAAAAAAAAAAAAAAAAAA", "-1x-AAAAAAAAAAAAAAAAAAAAAA", "99999999999999999999x-AAAAAAAAAAAAAAAAAAAAAA" })
        {
            FencingToken.TryRead(key, "orders"u8, System.Text.Encoding.ASCII.GetBytes(wrong), out _, out _).ShouldBeFalse(wrong);
        }
    }

    [Fact]
    public void AFenceKnowsWhatIsOverAndForgetsNothing()
    {
        var fence = new FenceMemory();
        fence.Pass(3, isExclusive: false).ShouldBeTrue();
        fence.Pass(5, isExclusive: false).ShouldBeTrue();
        fence.Pass(4, isExclusive: false).ShouldBeTrue("shared grants last beside each other");
        fence.Pass(4, isExclusive: true).ShouldBeFalse("a shared one came after it");
        fence.Pass(6, isExclusive: true).ShouldBeTrue();
        fence.Pass(5, isExclusive: false).ShouldBeFalse();
        fence.Learn(9, [7, 9]);
        fence.Pass(6, isExclusive: true).ShouldBeFalse();
        fence.Pass(8, isExclusive: false).ShouldBeFalse("it is over");
        fence.Pass(7, isExclusive: false).ShouldBeTrue();
        fence.Pass(12, isExclusive: false).ShouldBeTrue("granted after what the server told last");
        fence.Learn(9, []);
        fence.Pass(9, isExclusive: false).ShouldBeFalse();
        fence.Learn(9, [9]);
        fence.Learn(4, [4]);
        fence.Pass(9, isExclusive: false).ShouldBeFalse("what is over stays over");
    }

    // The clock moves only while the keeper and the one who waits look at it, and not once the grant is written: however slow the machine is, its lease has just begun.
    Task PassUntilHeldAsync(string owner) => Until.HoldsAsync(
        async () => (await keeper.FindAsync("orders", default))!.Holds.Any(h => h.Owner == owner),
        () => time.Advance(time.Pending >= 2 ? TimeSpan.FromMilliseconds(100) : TimeSpan.Zero));

    // Once somebody waits for just this time.
    async Task PassAsync(TimeSpan span)
    {
        await Until.HoldsAsync(() => time.Next <= time.Elapsed + span);
        time.Advance(span);
    }

    static bool Pass(FenceMemory fence, byte[] key, long token) =>
        FencingToken.TryRead(key, "orders"u8, System.Text.Encoding.ASCII.GetBytes(FencingToken.Write(key, "orders", token, isExclusive: true)), out var number, out var isExclusive) && fence.Pass(number, isExclusive);

    static LockWish Wish(string owner) => new(owner, "1", LockForm.Exclusive, 1, Lease);

    Task<LockTurn> AcquireAsync(string owner, TimeSpan wait) => keeper.AcquireAsync("orders", Wish(owner), wait, CancellationToken.None);
}
