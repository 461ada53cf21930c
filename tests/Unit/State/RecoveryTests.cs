using Mainstay.Core.Store;
using Mainstay.State.Sqlite;
using Mainstay.Tests.Conformance;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Conformance.StoreWords;

namespace Mainstay.Tests.State;

/// <summary>What a store does when it opens its file again after an I/O error, whose outcome only the file knows.</summary>
public sealed class RecoveryTests : IDisposable
{
    readonly TempFolder folder = new();
    readonly FakeTime time = new();

    SqliteStoreOptions Options => new() { Path = folder["store.db"], Time = time };

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task WhatReachedTheFileAfterAllIsShownAndWatched()
    {
        long ended;
        await using (var store = SqliteStore.Open(Options))
        {
            ended = await store.GrantLeaseAsync(TimeSpan.FromSeconds(10));
            await store.DoAsync(Put("a", "1"), Put("b", "1", ended));
        }

        var state = Load();
        using var watch = state.Open("", 2);
        long granted;
        await using (var store = SqliteStore.Open(Options))
        {
            await store.DoAsync(Put("a", "2"));
            await store.RevokeLeaseAsync(ended);
            granted = await store.GrantLeaseAsync(TimeSpan.FromSeconds(10));
        }

        using (var database = new Database(Options))
            Recovery.CatchUp(database, state);
        state.Read("", null, 0).ShouldSatisfyAllConditions(r => r.Revision.ShouldBe(3), r => r.Entries.Show().ShouldBe("a=2@1/2"));
        state.LeaseIds().ShouldBe([granted]);
        watch.TryRead(out var batch).ShouldBeTrue();
        batch!.Show().ShouldBe("2: a=2@1/2 (was a=1@1/1)");
        watch.TryRead(out batch).ShouldBeTrue();
        batch!.Show().ShouldBe($"3: b- (was b=1@1/1~{ended})");
    }

    [Fact]
    public async Task AFileThatLostSomethingAcknowledgedIsNotWrittenAgain()
    {
        await using (var store = SqliteStore.Open(Options))
            await store.DoAsync(Put("a", "1"));
        var state = Load();
        File.Delete(Options.Path);
        using var empty = new Database(Options);
        Should.Throw<SqliteFault>(() => Recovery.CatchUp(empty, state)).Explain(Options.Path).Message.ShouldContain("1 was acknowledged");
    }

    StoreState Load()
    {
        var state = new StoreState(time, new History(100, 1 << 20), archived: true);
        using var database = new Database(Options);
        Recovery.Load(database, state);
        return state;
    }
}
