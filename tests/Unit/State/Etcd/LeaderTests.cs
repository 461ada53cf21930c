using Mainstay.Core.Store;
using Mainstay.State.Etcd;
using Mainstay.State.Lead;
using Mainstay.Tests.Conformance;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Conformance.StoreWords;

namespace Mainstay.Tests.State.Etcd;

[Collection(EtcdTests.Name)]
public sealed class LeaderTests(EtcdFixture etcd)
{
    static readonly Func<string, string, Task> Nobody = static (other, _) => throw new InvalidOperationException($"waits for {other}");

    [Fact]
    public async Task One_leads_and_who_stands_by_takes_over_when_its_session_ends()
    {
        var options = etcd.Options() with { SessionTtl = TimeSpan.FromSeconds(2) };
        var a = await EtcdStore.OpenAsync(options);
        await using var b = await EtcdStore.OpenAsync(options);
        using var first = await Leader.TakeAsync(a, "a", "server a", "http://a:1", Nobody, CancellationToken.None);
        first.Epoch.ShouldBe(1);
        var waits = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var second = Leader.TakeAsync(b, "b", "server b", "http://b:1", (other, url) => Told(waits, $"{other} {url}"), CancellationToken.None);
        (await waits.Task).ShouldBe("server a http://a:1");
        (await first.Store.DoAsync(Put("k", "1"))).Succeeded.ShouldBeTrue();
        second.IsCompleted.ShouldBeFalse();
        await a.DisposeAsync();
        using var led = await second;
        led.Epoch.ShouldBe(2);
        (await led.Store.DoAsync(Put("k", "2"))).Succeeded.ShouldBeTrue();
    }

    [Fact]
    public async Task What_an_old_leader_still_writes_is_refused_and_it_learns_that_it_is_over()
    {
        var options = etcd.Options();
        await using var a = await EtcdStore.OpenAsync(options);
        await using var b = await EtcdStore.OpenAsync(options);
        using var old = await Leader.TakeAsync(a, "same", "server", "http://a:1", Nobody, CancellationToken.None);
        // The same server after a restart need not wait for its own end.
        using var now = await Leader.TakeAsync(b, "same", "server", "http://a:1", Nobody, CancellationToken.None);
        (await now.Store.DoAsync(Put("k", "new"))).Succeeded.ShouldBeTrue();
        (await old.Store.DoAsync(Put("k", "old"))).Succeeded.ShouldBeFalse();
        old.Over.IsCancellationRequested.ShouldBeTrue();
        (await b.TextAsync("k")).ShouldBe("new");
        (await now.Store.IfAsync("k", 999, Put("k", "x"))).Succeeded.ShouldBeFalse();
        now.Over.IsCancellationRequested.ShouldBeFalse("a conflict of its own is no end");
    }

    [Fact]
    public async Task Of_many_that_begin_at_once_one_leads()
    {
        var options = etcd.Options();
        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => EtcdStore.OpenAsync(options)));
        using var stop = new CancellationTokenSource();
        var waiting = 0;
        var takes = stores.Select((s, i) => Leader.TakeAsync(s, $"{i}", $"{i}", "http://x:1", (_, _) => Task.FromResult(Interlocked.Increment(ref waiting)), stop.Token)).ToList();
        var first = await Task.WhenAny(takes);
        await Until.HoldsAsync(() => Volatile.Read(ref waiting) == 3);
        (await first).Epoch.ShouldBe(1);
        await stop.CancelAsync();
        takes.Remove(first);
        foreach (var take in takes)
            await Should.ThrowAsync<OperationCanceledException>(take);
        foreach (var store in stores)
            await store.DisposeAsync();
    }

    static Task Told(TaskCompletionSource<string> waits, string other)
    {
        waits.TrySetResult(other);
        return Task.CompletedTask;
    }
}
