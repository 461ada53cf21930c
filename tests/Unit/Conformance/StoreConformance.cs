using Mainstay.Core.Store;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Conformance.StoreWords;

namespace Mainstay.Tests.Conformance;

/// <summary>What <see cref="IStore"/> promises, as tests that every implementation inherits. The numbers are those of its list of effects.</summary>
public abstract partial class StoreConformance : IAsyncLifetime
{
    protected FakeTime Time { get; } = new();

    protected IStore Store { get; private set; } = null!;

    /// <summary>A new, empty store on <see cref="Time"/>.</summary>
    protected abstract ValueTask<IStore> OpenAsync();

    public async ValueTask InitializeAsync() => Store = await OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Effect1_TheRevisionStartsAtZeroAndGrowsByOneWithEachCommitThatChangesSomething()
    {
        Store.Revision.ShouldBe(0);
        (await Store.DoAsync(Put("a", "1"), Put("b", "2"))).ShouldBe(new CommitResult(true, 1));
        (await Store.DoAsync()).ShouldBe(new CommitResult(true, 1), "an empty commit changes nothing");
        (await Store.DoAsync(Delete("absent"))).ShouldBe(new CommitResult(true, 1), "deleting an absent key changes nothing");
        (await Store.DoAsync(Put("a", "1"))).ShouldBe(new CommitResult(true, 2), "writing the same value is a change");
        (await Store.DoAsync(Delete("b"))).ShouldBe(new CommitResult(true, 3));
        Store.Revision.ShouldBe(3);
    }

    [Fact]
    public async Task Effect1_AllWritesOfACommitCarryItsRevisionAndCreationIsRemembered()
    {
        await Store.DoAsync(Put("a", "1"), Put("b", "1"));
        await Store.DoAsync(Put("a", "2"), Put("c", "1"));
        (await Store.ShowAsync()).ShouldBe("a=2@1/2 b=1@1/1 c=1@2/2");
        await Store.DoAsync(Delete("a"));
        await Store.DoAsync(Put("a", "3"));
        (await Store.ShowAsync("a")).ShouldBe("a=3@4/4", "a key that was absent is created anew");
    }

    [Fact]
    public async Task Effect2_ACommitIsAppliedWhole()
    {
        await Store.DoAsync(Put("keep", "1"), Put("drop", "1"));
        await Store.DoAsync(Put("new", "1"), Delete("drop"), Put("keep", "2"));
        (await Store.ShowAsync()).ShouldBe("keep=2@1/2 new=1@2/2");
    }

    [Fact]
    public async Task Effect3_AFailedComparisonChangesNothingAndNamesTheKey()
    {
        await Store.DoAsync(Put("a", "1"));
        var result = await Store.CommitAsync(new Commit([new("a", 1), new("b", 7)], [Put("a", "2")]));
        result.Succeeded.ShouldBeFalse();
        result.Revision.ShouldBe(1);
        result.Failed.ShouldNotBeNull().ShouldContain("'b'");
        (await Store.ShowAsync()).ShouldBe("a=1@1/1");
    }

    [Fact]
    public async Task Effect3_ZeroMeansAbsent()
    {
        (await Store.IfAsync("a", 0, Put("a", "1"))).Succeeded.ShouldBeTrue();
        (await Store.IfAsync("a", 0, Put("a", "2"))).Succeeded.ShouldBeFalse();
        (await Store.IfAsync("a", 1, Delete("a"))).Succeeded.ShouldBeTrue();
        (await Store.IfAsync("a", 1, Put("a", "3"))).Succeeded.ShouldBeFalse();
        (await Store.IfAsync("a", 0, Put("a", "3"))).Succeeded.ShouldBeTrue();
        (await Store.ShowAsync()).ShouldBe("a=3@3/3");
    }

    [Fact]
    public async Task Effect3_ComparisonsAloneAreAQuestion()
    {
        await Store.DoAsync(Put("a", "1"));
        (await Store.IfAsync("a", 1)).ShouldBe(new CommitResult(true, 1));
        (await Store.IfAsync("a", 0)).Succeeded.ShouldBeFalse();
    }

    [Fact]
    public async Task Effect4_ReadsSeeEveryAcknowledgedCommit()
    {
        for (var i = 1; i <= 50; i++)
        {
            var result = await Store.DoAsync(Put("a", $"{i}"));
            (await Store.TextAsync("a")).ShouldBe($"{i}");
            (await Store.RangeAsync("a")).Revision.ShouldBe(result.Revision);
        }
    }

    [Fact]
    public async Task Effect4_ConcurrentIncrementsLoseNothing()
    {
        await Store.DoAsync(Put("n", "0"));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 25;)
            {
                var seen = (await Store.GetAsync("n"))!;
                var next = int.Parse(seen.Text()) + 1;
                i += (await Store.IfAsync("n", seen.ModRevision, Put("n", $"{next}"))).Succeeded ? 1 : 0;
            }
        })));
        (await Store.TextAsync("n")).ShouldBe("200");
        Store.Revision.ShouldBe(201);
    }

    [Fact]
    public async Task ConcurrentWritersGetEachRevisionOnce()
    {
        var revisions = await Task.WhenAll(Enumerable.Range(0, 16).SelectMany(w => Enumerable.Range(0, 20).Select(i => Task.Run(async () =>
            (await Store.DoAsync(Put($"{w:00}/{i:00}", "x"))).Revision))));
        revisions.Order().ShouldBe(Enumerable.Range(1, 320).Select(i => (long)i));
        (await Store.RangeAsync("")).Entries.Count.ShouldBe(320);
    }

    [Fact]
    public async Task RangesAreOrderedAndPaged()
    {
        await Store.DoAsync([.. new[] { "b/2", "a", "b/10", "b", "b/1", "c" }.Select(k => Put(k, "x"))]);
        (await Store.RangeAsync("b/")).Entries.Select(e => e.Key).ShouldBe(["b/1", "b/10", "b/2"]);
        var page = await Store.RangeAsync("", limit: 4);
        (string.Join(' ', page.Entries.Select(e => e.Key)), page.More).ShouldBe(("a b b/1 b/10", true));
        page = await Store.RangeAsync("", after: "b/10", limit: 4);
        (string.Join(' ', page.Entries.Select(e => e.Key)), page.More).ShouldBe(("b/2 c", false));
        (await Store.RangeAsync("b/", after: "a")).Entries.Count.ShouldBe(3);
        (await Store.RangeAsync("b/", after: "b/zz")).Entries.ShouldBeEmpty();
        (await Store.RangeAsync("", limit: 6)).More.ShouldBeFalse();
        (await Store.RangeAsync("nothing")).ShouldSatisfyAllConditions(r => r.Entries.ShouldBeEmpty(), r => r.Revision.ShouldBe(1));
    }

    [Fact]
    public async Task ValuesKeepTheirBytes()
    {
        var bytes = new byte[100_000];
        new Random(1).NextBytes(bytes);
        await Store.CommitAsync(new Commit([], [new("big", bytes), new("empty", Array.Empty<byte>()), new("ключ/鍵/🔑", new byte[] { 0, 255 })]));
        var sent = bytes.ToArray();
        Array.Clear(bytes);
        (await Store.GetAsync("big"))!.Value.ToArray().ShouldBe(sent, "the store does not share the caller's buffer");
        (await Store.GetAsync("empty")).ShouldNotBeNull().Value.Length.ShouldBe(0);
        (await Store.GetAsync("ключ/鍵/🔑"))!.Value.ToArray().ShouldBe([0, 255]);
    }

    [Fact]
    public async Task LimitsAreRefusedWithoutEffect()
    {
        foreach (var key in new[] { "", "a\nb", "a\0", "\u0085", new string('k', 513), "\ud800" })
            await Should.ThrowAsync<ArgumentException>(async () => await Store.DoAsync(Put(key, "x")));
        await Should.ThrowAsync<ArgumentException>(async () => await Store.DoAsync(Put("a", "1"), Delete("a")));
        await Should.ThrowAsync<ArgumentException>(async () => await Store.CommitAsync(new Commit([], [new("a", new byte[StoreLimits.ValueBytes + 1])])));
        var many = Enumerable.Range(0, StoreLimits.Operations + 1).Select(i => Put($"{i:0000}", "x")).ToArray();
        await Should.ThrowAsync<ArgumentException>(async () => await Store.DoAsync(many));
        await Should.ThrowAsync<ArgumentException>(async () => await Store.GrantLeaseAsync(TimeSpan.FromMilliseconds(999)));
        await Should.ThrowAsync<ArgumentException>(async () => await Store.GrantLeaseAsync(TimeSpan.FromHours(25)));
        await Should.ThrowAsync<ArgumentException>(async () => await Store.RangeAsync("", limit: -1));
        Store.Revision.ShouldBe(0);
        (await Store.DoAsync(many[..StoreLimits.Operations])).Succeeded.ShouldBeTrue();
        (await Store.CommitAsync(new Commit([], [new(new string('k', 512), new byte[StoreLimits.ValueBytes])]))).Succeeded.ShouldBeTrue();
    }

    [Fact]
    public async Task CancellationBeforeTheCallHasNoEffect()
    {
        await Should.ThrowAsync<OperationCanceledException>(async () => await Store.CommitAsync(new Commit([], [Put("a", "1")]), new(true)));
        (await Store.GetAsync("a")).ShouldBeNull();
    }

    [Fact]
    public async Task ADisposedStoreSaysSo()
    {
        var waiting = new WatchReader(Store, "", 1).NextAsync();
        await Store.DisposeAsync();
        await Should.ThrowAsync<ObjectDisposedException>(waiting);
        await Should.ThrowAsync<ObjectDisposedException>(async () => await Store.GetAsync("a"));
        await Should.ThrowAsync<ObjectDisposedException>(async () => await Store.DoAsync(Put("a", "1")));
        await Should.ThrowAsync<ObjectDisposedException>(async () => await Store.GrantLeaseAsync(TimeSpan.FromSeconds(5)));
        await Should.ThrowAsync<ObjectDisposedException>(async () => await new WatchReader(Store, "", 1).NextAsync());
        await Store.DisposeAsync();
    }
}
