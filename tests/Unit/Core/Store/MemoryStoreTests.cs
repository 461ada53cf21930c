using Mainstay.Core.Store;
using Mainstay.Tests.Conformance;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Conformance.StoreWords;

namespace Mainstay.Tests.Core.Store;

public sealed class MemoryStoreConformance : StoreConformance
{
    protected override ValueTask<IStore> OpenAsync() => new(new MemoryStore(Time));
}

public sealed class MemoryStoreTests
{
    readonly FakeTime time = new();

    [Fact]
    public void EverythingCompletesSynchronouslyAndWatchesCanBePulled()
    {
        using var watch = Open(out var store).OpenWatch("a", 1);
        watch.TryRead(out _).ShouldBeFalse();
        Commit(store, Put("a", "1"));
        watch.TryRead(out var batch).ShouldBeTrue();
        batch!.Show().ShouldBe("1: a=1@1/1");
        watch.TryRead(out _).ShouldBeFalse();
    }

    [Fact]
    public void AdvancingTheClockExpiresLeasesBeforeItReturns()
    {
        var store = Open(out _);
        var granted = store.GrantLeaseAsync(TimeSpan.FromSeconds(5)).AsTask();
        granted.IsCompletedSuccessfully.ShouldBeTrue();
        Commit(store, Put("a", "1", lease: 1));
        time.Advance(TimeSpan.FromSeconds(5));
        store.Revision.ShouldBe(2);
        store.Count.ShouldBe(0);
    }

    [Fact]
    public async Task HistoryBeyondTheKeptRevisionsIsCompacted()
    {
        await using var store = new MemoryStore(time, keepRevisions: 3);
        for (var i = 1; i <= 10; i++)
            await store.DoAsync(Put("a", $"{i}"));
        await using var old = new WatchReader(store, "", 7);
        (await old.LineAsync()).ShouldBe("8: compacted");
        await using var kept = new WatchReader(store, "", 8);
        (await kept.NextAsync())!.Revision.ShouldBe(8);
    }

    [Fact]
    public void AWaiterResumesOnItsOwnContextAndNotInsideTheCommit()
    {
        var pump = new Pump();
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(pump);
        try
        {
            var store = Open(out _);
            using var watch = store.OpenWatch("", 1);
            var waiting = WaitAsync(watch);
            Commit(store, Put("a", "1"));
            waiting.IsCompleted.ShouldBeFalse();
            pump.Run();
            waiting.IsCompletedSuccessfully.ShouldBeTrue();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    static void Commit(MemoryStore store, Operation operation) =>
        store.DoAsync(operation).AsTask().IsCompletedSuccessfully.ShouldBeTrue();

    static async Task WaitAsync(Watch watch) => await watch.WaitAsync();

    MemoryStore Open(out MemoryStore store) => store = new MemoryStore(time);

    sealed class Pump : SynchronizationContext
    {
        readonly Queue<(SendOrPostCallback Call, object? State)> posted = new();

        public override void Post(SendOrPostCallback d, object? state) => posted.Enqueue((d, state));

        public void Run()
        {
            while (posted.TryDequeue(out var next))
                next.Call(next.State);
        }
    }
}
