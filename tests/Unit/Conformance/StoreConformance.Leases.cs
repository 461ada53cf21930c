using Mainstay.Core.Store;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Conformance.StoreWords;

namespace Mainstay.Tests.Conformance;

public abstract partial class StoreConformance
{
    static readonly TimeSpan Ttl = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Effect6_AnExpiredLeaseDeletesItsKeysInOneCommit()
    {
        var lease = await Store.GrantLeaseAsync(Ttl);
        await Store.DoAsync(Put("a", "1", lease), Put("b", "1"));
        await Store.DoAsync(Put("c", "1", lease));
        await using var watch = new WatchReader(Store, "", 3);
        Time.Advance(Ttl);
        (await watch.LineAsync()).ShouldBe($"3: a- (was a=1@1/1~{lease}) c- (was c=1@2/2~{lease})");
        (await Store.ShowAsync()).ShouldBe("b=1@1/1");
    }

    [Fact]
    public async Task Effect6_ALeaseNeverExpiresEarly()
    {
        var lease = await Store.GrantLeaseAsync(Ttl);
        await Store.DoAsync(Put("a", "1", lease));
        for (var i = 0; i < 5; i++)
        {
            Time.Advance(Ttl - TimeSpan.FromMilliseconds(1));
            (await Store.KeepAliveAsync(lease)).ShouldBeTrue();
        }

        Time.ShiftWallClock(TimeSpan.FromDays(30));
        Time.Advance(Ttl - TimeSpan.FromMilliseconds(1));
        (await Store.GetAsync("a")).ShouldNotBeNull();
        await using var watch = new WatchReader(Store, "a", Store.Revision + 1);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        (await watch.NextAsync())!.Changes[0].Current.ShouldBeNull();
        (await Store.KeepAliveAsync(lease)).ShouldBeFalse("it never comes back");
    }

    [Fact]
    public async Task Effect6_ARevokedLeaseDeletesItsKeysNow()
    {
        var lease = await Store.GrantLeaseAsync(Ttl);
        await Store.DoAsync(Put("a", "1", lease));
        await Store.RevokeLeaseAsync(lease);
        (await Store.GetAsync("a")).ShouldBeNull();
        Store.Revision.ShouldBe(2);
        (await Store.KeepAliveAsync(lease)).ShouldBeFalse();
        await Store.RevokeLeaseAsync(lease);
        await Store.RevokeLeaseAsync(987_654);
        Store.Revision.ShouldBe(2);
    }

    [Fact]
    public async Task ALeaseWithoutKeysEndsWithoutARevision()
    {
        var lease = await Store.GrantLeaseAsync(Ttl);
        await Store.RevokeLeaseAsync(lease);
        Store.Revision.ShouldBe(0);
    }

    [Fact]
    public async Task AKeyBelongsToTheLeaseOfItsLastWrite()
    {
        var first = await Store.GrantLeaseAsync(Ttl);
        var second = await Store.GrantLeaseAsync(Ttl);
        second.ShouldNotBe(first);
        await Store.DoAsync(Put("moved", "1", first), Put("freed", "1", first), Put("stays", "1", first));
        await Store.DoAsync(Put("moved", "2", second), Put("freed", "2"));
        await Store.RevokeLeaseAsync(first);
        (await Store.ShowAsync()).ShouldBe($"freed=2@1/2 moved=2@1/2~{second}");
        await Store.RevokeLeaseAsync(second);
        (await Store.ShowAsync()).ShouldBe("freed=2@1/2");
    }

    [Fact]
    public async Task ACommitThatNamesAnUnknownLeaseFailsByValue()
    {
        var result = await Store.DoAsync(Put("a", "1"), Put("b", "1", 4711));
        result.Succeeded.ShouldBeFalse();
        result.Failed.ShouldNotBeNull().ShouldContain("4711");
        Store.Revision.ShouldBe(0);
        var lease = await Store.GrantLeaseAsync(Ttl);
        await Store.RevokeLeaseAsync(lease);
        (await Store.DoAsync(Put("a", "1", lease))).Succeeded.ShouldBeFalse();
    }

    [Fact]
    public async Task ManyLeasesExpireEachAtItsOwnTime()
    {
        for (var i = 1; i <= 5; i++)
            await Store.DoAsync(Put($"{i}", "x", await Store.GrantLeaseAsync(TimeSpan.FromSeconds(6 - i))));
        await using var watch = new WatchReader(Store, "", 6);
        for (var i = 5; i >= 1; i--)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            (await watch.NextAsync())!.Changes.ShouldHaveSingleItem().Key.ShouldBe($"{i}");
        }
    }
}
