using Mainstay.Core.Store;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Conformance.StoreWords;

namespace Mainstay.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task Effect5_AWatchDeliversWholeCommitsUnderItsPrefixInOrder()
    {
        await using var watch = new WatchReader(Store, "a/", 1);
        await Store.DoAsync(Put("b/1", "x"));
        await Store.DoAsync(Put("a/2", "1"), Put("b/2", "x"), Put("a/1", "1"));
        await Store.DoAsync(Put("a/1", "2"), Delete("a/2"));
        (await watch.LineAsync()).ShouldBe("2: a/1=1@2/2 a/2=1@2/2");
        (await watch.LineAsync()).ShouldBe("3: a/1=2@2/3 (was a/1=1@2/2) a/2- (was a/2=1@2/2)");
    }

    [Fact]
    public async Task Effect5_AWatchThatWaitsIsWoken()
    {
        await using var watch = new WatchReader(Store, "a", 1);
        for (var i = 1; i <= 20; i++)
        {
            var next = watch.LineAsync();
            await Store.DoAsync(Put("b", "x"));
            await Store.DoAsync(Put("a", $"{i}"));
            (await next).ShouldStartWith($"{2 * i}: a={i}@2/{2 * i}");
        }
    }

    [Fact]
    public async Task Effect5_AWatchMayStartInThePastOrTheFuture()
    {
        for (var i = 1; i <= 5; i++)
            await Store.DoAsync(Put("a", $"{i}"));
        await using var past = new WatchReader(Store, "", 4);
        (await past.NextAsync())!.Revision.ShouldBe(4);
        (await past.NextAsync())!.Revision.ShouldBe(5);
        await using var future = new WatchReader(Store, "", 8);
        var next = future.NextAsync();
        for (var i = 6; i <= 8; i++)
            await Store.DoAsync(Put("a", $"{i}"));
        (await next)!.Revision.ShouldBe(8);
    }

    [Fact]
    public async Task Effect5_AWatchFromBeforeTheHorizonIsToldAndEnds()
    {
        for (var i = 1; i <= 5; i++)
            await Store.DoAsync(Put("a", $"{i}"));
        await Store.CompactAsync(4);
        await using var tooOld = new WatchReader(Store, "", 3);
        (await tooOld.LineAsync()).ShouldBe("4: compacted");
        (await tooOld.LineAsync()).ShouldBe("end");
        await using var justRight = new WatchReader(Store, "", 4);
        (await justRight.NextAsync())!.Revision.ShouldBe(4);
        (await Store.ShowAsync()).ShouldBe("a=5@1/5", "current entries stay");
    }

    [Fact]
    public async Task Effect5_ASlowWatchThatCompactionOvertakesIsTold()
    {
        await using var slow = new WatchReader(Store, "", 1);
        await Store.DoAsync(Put("a", "1"));
        (await slow.NextAsync())!.Revision.ShouldBe(1);
        for (var i = 2; i <= 6; i++)
            await Store.DoAsync(Put("a", $"{i}"));
        await Store.CompactAsync(5);
        (await slow.NextAsync())!.Compacted.ShouldBeTrue();
    }

    [Fact]
    public async Task Effect5_CompactionDoesNotEndAWatchThatMissedNothing()
    {
        await using var watch = new WatchReader(Store, "quiet", 1);
        var next = watch.LineAsync();
        for (var i = 1; i <= 6; i++)
            await Store.DoAsync(Put("loud", $"{i}"));
        await Store.CompactAsync(6);
        await Store.DoAsync(Put("quiet", "1"));
        (await next).ShouldBe("7: quiet=1@7/7");
    }

    [Fact]
    public async Task CompactionNeitherGoesBackNorIntoTheFuture()
    {
        for (var i = 1; i <= 5; i++)
            await Store.DoAsync(Put("a", $"{i}"));
        await Store.CompactAsync(4);
        await Store.CompactAsync(2);
        await using var old = new WatchReader(Store, "", 3);
        (await old.NextAsync())!.Compacted.ShouldBeTrue();
        await Store.CompactAsync(100);
        await using var last = new WatchReader(Store, "", 5);
        (await last.NextAsync())!.Revision.ShouldBe(5);
        await Store.DoAsync(Put("a", "6"));
        (await last.NextAsync())!.Revision.ShouldBe(6);
    }

    [Fact]
    public async Task AWatchStops()
    {
        using var stop = new CancellationTokenSource();
        var batches = Store.WatchAsync("", 1, stop.Token).GetAsyncEnumerator(stop.Token);
        var next = batches.MoveNextAsync().AsTask();
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(next.WaitAsync(Patience));
        (await Store.DoAsync(Put("a", "1"))).Succeeded.ShouldBeTrue();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Effect5_WatchesResumedAtRandomPointsUnderConcurrentWritersSkipAndRepeatNothing(int seed)
    {
        const int writers = 6, each = 60;
        var writing = Task.WhenAll(Enumerable.Range(0, writers).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < each; i++)
                await Store.DoAsync(Put($"{w % 2}/{w}", $"{i}"), Put("all", $"{i}"));
        })));
        var readers = Enumerable.Range(0, 3).Select(r => Task.Run(() => FollowAsync(r < 2 ? $"{r}/" : "", new Random((seed * 10) + r), r < 2 ? 3 * each : 6 * each)));
        var seen = await Task.WhenAll(readers);
        await writing;
        seen[2].ShouldBe(Enumerable.Range(1, writers * each).Select(i => (long)i));
        seen[0].Concat(seen[1]).Order().ShouldBe(seen[2]);
    }

    // Reads so many batches, giving up and resuming the watch at random points.
    async Task<List<long>> FollowAsync(string prefix, Random random, int count)
    {
        var revisions = new List<long>();
        while (revisions.Count < count)
        {
            await using var watch = new WatchReader(Store, prefix, revisions.LastOrDefault() + 1);
            for (var left = random.Next(1, 40); left > 0 && revisions.Count < count; left--)
                revisions.Add((await watch.NextAsync())!.Revision);
        }

        return revisions;
    }
}
