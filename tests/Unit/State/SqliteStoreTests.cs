using Mainstay.Core.Store;
using Mainstay.State.Sqlite;
using Mainstay.Tests.Conformance;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Conformance.StoreWords;

namespace Mainstay.Tests.State;

public sealed class SqliteStoreTests : IDisposable
{
    readonly TempFolder folder = new();
    readonly FakeTime time = new();

    SqliteStoreOptions Options => new() { Path = folder["data/store.db"], Time = time };

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task EverythingIsThereAfterReopening()
    {
        long lease;
        await using (var store = SqliteStore.Open(Options))
        {
            lease = await store.GrantLeaseAsync(TimeSpan.FromSeconds(10));
            await store.DoAsync(Put("a", "1"), Put("b", "1", lease), Put("empty", ""));
            await store.DoAsync(Put("a", "2"), Delete("empty"));
        }

        await using var again = SqliteStore.Open(Options);
        again.Revision.ShouldBe(2);
        (await again.ShowAsync()).ShouldBe($"a=2@1/2 b=1@1/1~{lease}");
        (await again.GrantLeaseAsync(TimeSpan.FromSeconds(1))).ShouldBeGreaterThan(lease);
        await using var watch = new WatchReader(again, "", 1);
        (await watch.LineAsync()).ShouldBe($"1: a=1@1/1 b=1@1/1~{lease} empty=@1/1");
        (await watch.LineAsync()).ShouldBe("2: a=2@1/2 (was a=1@1/1) empty- (was empty=@1/1)");
    }

    [Fact]
    public async Task ALeaseIdIsNeverGivenTwice()
    {
        long first;
        await using (var store = SqliteStore.Open(Options))
        {
            first = await store.GrantLeaseAsync(TimeSpan.FromSeconds(10));
            await store.RevokeLeaseAsync(first);
        }

        await using var again = SqliteStore.Open(Options);
        (await again.GrantLeaseAsync(TimeSpan.FromSeconds(10))).ShouldBeGreaterThan(first);
    }

    [Fact]
    public async Task ALeaseHasItsWholeTimeAgainAfterReopening()
    {
        await using (var store = SqliteStore.Open(Options))
        {
            await store.DoAsync(Put("a", "1", await store.GrantLeaseAsync(TimeSpan.FromSeconds(10))));
            time.Advance(TimeSpan.FromSeconds(9));
        }

        time.Advance(TimeSpan.FromHours(1));
        await using var again = SqliteStore.Open(Options);
        time.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromMilliseconds(1));
        (await again.TextAsync("a")).ShouldBe("1");
        await using var watch = new WatchReader(again, "", 2);
        time.Advance(TimeSpan.FromMilliseconds(1));
        (await watch.LineAsync()).ShouldBe("2: a- (was a=1@1/1~1)");
    }

    [Fact]
    public async Task AWatchGoesOnAcrossReopeningsWithoutSkippingOrRepeating()
    {
        var seen = new List<long>();
        var random = new Random(7);
        var options = Options with { RecentRevisions = 5 };
        for (var round = 0; round < 12; round++)
        {
            await using var store = SqliteStore.Open(options);
            await using var watch = new WatchReader(store, "", seen.LastOrDefault() + 1);
            var ahead = seen.Count < store.Revision && round % 2 == 0 ? random.Next((int)(store.Revision - seen.Count)) : 0;
            for (var i = 0; i < ahead; i++)
                seen.Add((await watch.NextAsync())!.Revision);
            for (var i = random.Next(1, 30); i > 0; i--)
                await store.DoAsync(Put($"{i % 3}", $"{round}"));
            for (var i = random.Next(1, 20); i > 0 && seen.Count < store.Revision; i--)
                seen.Add((await watch.NextAsync())!.Revision);
        }

        seen.Count.ShouldBeGreaterThan(40);
        seen.ShouldBe(Enumerable.Range(1, seen.Count).Select(i => (long)i));
    }

    [Fact]
    public async Task OldHistoryIsFoldedAndTheFileStaysSmall()
    {
        var options = Options with { KeepRevisions = 2_000, BacklogRevisions = 0, RecentRevisions = 100 };
        var value = new string('v', 1_000);
        await using (var store = SqliteStore.Open(options))
        {
            await store.DoAsync(Put("first", "1"), Put("gone", "1"));
            await store.DoAsync(Delete("gone"));
            await Task.WhenAll(Enumerable.Range(0, 12_000).Select(i => store.DoAsync(Put($"k/{i % 50}", value)).AsTask()));
            await using var old = new WatchReader(store, "", 1);
            var told = (await old.NextAsync())!;
            told.Compacted.ShouldBeTrue();
            (store.Revision - told.Revision).ShouldBeInRange(1_999, 3_100);
        }

        new FileInfo(options.Path).Length.ShouldBeLessThan(8 << 20, "12 MB of values were written");
        await using var again = SqliteStore.Open(options);
        again.Revision.ShouldBe(12_002);
        (await again.RangeAsync("k/")).Entries.Count.ShouldBe(50);
        (await again.ShowAsync("first")).ShouldBe("first=1@1/1");
        (await again.GetAsync("gone")).ShouldBeNull();
    }

    [Fact]
    public async Task WhatIsBeyondTheBacklogIsFoldedAtOnceAndTheRestWhenNobodyWrites()
    {
        await using var store = SqliteStore.Open(Options with { KeepRevisions = 2_000, BacklogRevisions = 4_000 });
        var commits = Enumerable.Range(0, 12_000).Select(i => store.DoAsync(Put($"k/{i % 50}", $"{i}")).AsTask()).ToArray();
        await Task.WhenAll(commits);
        // A group of 512 is folded after, by one slice of 1,000.
        store.Horizon.ShouldBeGreaterThan(12_000 - 2_000 - 4_000 - 1_000 - 512);
        await QuietAsync(store, 12_000 - 2_000 - 1_000);
        store.Horizon.ShouldBeLessThanOrEqualTo(12_000 - 2_000 + 1, "what is to be kept is kept");
        (await store.ShowAsync("k/7")).ShouldBe("k/7=11957@8/11958");
    }

    [Fact]
    public async Task ABacklogThatWasNotFoldedIsReadAndFoldedAfterReopening()
    {
        await using (var store = SqliteStore.Open(Options))
        {
            await Task.WhenAll(Enumerable.Range(0, 6_000).Select(i => store.DoAsync(Put($"k/{i % 50}", $"{i}")).AsTask()));
            await store.DoAsync(Delete("k/3"));
            store.Horizon.ShouldBe(1);
        }

        var fewer = Options with { KeepRevisions = 1_000 };
        await using (var store = SqliteStore.Open(fewer))
        {
            store.Revision.ShouldBe(6_001);
            (await store.RangeAsync("k/")).Entries.Count.ShouldBe(49);
            await QuietAsync(store, 4_001);
        }

        await using var again = SqliteStore.Open(fewer);
        again.Horizon.ShouldBeInRange(4_001, 5_002);
        (await again.RangeAsync("k/")).Entries.Count.ShouldBe(49);
        (await again.ShowAsync("k/7")).ShouldBe("k/7=5957@8/5958");
    }

    // Reads of the current state do not disturb the quiet; nothing tells of its end.
    static async Task QuietAsync(SqliteStore store, long horizon)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (store.Horizon < horizon)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Fact]
    public async Task CompactionSurvivesReopeningAndKeepsWhatItReplaced()
    {
        await using (var store = SqliteStore.Open(Options))
        {
            for (var i = 1; i <= 5; i++)
                await store.DoAsync(Put("a", $"{i}"));
            await store.CompactAsync(4);
        }

        await using var again = SqliteStore.Open(Options);
        await using var tooOld = new WatchReader(again, "", 3);
        (await tooOld.LineAsync()).ShouldBe("4: compacted");
        await using var kept = new WatchReader(again, "", 4);
        (await kept.LineAsync()).ShouldBe("4: a=4@1/4 (was a=3@1/3)");
        (await kept.LineAsync()).ShouldBe("5: a=5@1/5 (was a=4@1/4)");
    }

    [Fact]
    public async Task WhatIsDeletedAndWrittenAgainWithinOneFoldingKeepsItsLastState()
    {
        await using (var store = SqliteStore.Open(Options))
        {
            await store.DoAsync(Put("back", "1"), Put("gone", "1"), Put("twice", "1"));
            await store.DoAsync(Delete("back"), Delete("gone"));
            await store.DoAsync(Put("back", "3"));
            await store.DoAsync(Put("twice", "4"));
            await store.DoAsync(Delete("twice"));
            await store.DoAsync(Put("end", "6"));
            await store.CompactAsync(6);
        }

        await using (var store = SqliteStore.Open(Options))
        {
            (await store.ShowAsync("")).ShouldBe("back=3@3/3 end=6@6/6");
            await store.DoAsync(Delete("back"));
            await store.DoAsync(Put("end", "8"));
            await store.CompactAsync(8);
        }

        await using var again = SqliteStore.Open(Options);
        (await again.ShowAsync("")).ShouldBe("end=8@6/8");
    }

    [Fact]
    public async Task MoreThanTheAllowedMemoryIsRefusedUntilSomethingIsDeleted()
    {
        await using var store = SqliteStore.Open(Options with { MaxBytes = 1 << 20 });
        await store.CommitAsync(new Commit([], [new("a", new byte[600_000])]));
        var refused = await Should.ThrowAsync<StoreUnavailableException>(
            async () => await store.CommitAsync(new Commit([], [new("b", new byte[600_000])])));
        refused.Message.ShouldContain("at most 1 MiB");
        await store.DoAsync(Delete("a"));
        (await store.CommitAsync(new Commit([], [new("b", new byte[600_000])]))).ShouldBe(new CommitResult(true, 3));
    }

    [Fact]
    public async Task WhoWritesAloneIsAnsweredAtOnce()
    {
        await using var store = SqliteStore.Open(Options);
        for (var i = 0; i < 20; i++)
        {
            var commit = store.CommitAsync(new([], [new("a", BitConverter.GetBytes(i))]));
            commit.IsCompletedSuccessfully.ShouldBeTrue("it waits for no other thread");
            (await commit).Revision.ShouldBe(i + 1);
        }
    }

    [Fact]
    public async Task CommitsThatWaitTogetherEachHaveTheirOwnOutcome()
    {
        await using var store = SqliteStore.Open(Options);
        var results = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => store.IfAsync($"k{i / 4}", 0, Put($"k{i / 4}", $"{i}")).AsTask()));
        results.Count(r => r.Succeeded).ShouldBe(50);
        results.Where(r => r.Succeeded).Select(r => r.Revision).Order().ShouldBe(Enumerable.Range(1, 50).Select(i => (long)i));
        results.Where(r => !r.Succeeded).ShouldAllBe(r => r.Failed!.Contains("expected absent"));
    }
}
