using System.Text;
using Mainstay.Core.Store;
using Mainstay.State.Etcd;
using Mainstay.Tests.Conformance;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Conformance.StoreWords;

namespace Mainstay.Tests.State.Etcd;

/// <summary>What the store on etcd owes beyond the contract: several of it at once, folding, leases that outlive who keeps them, lost answers.</summary>
[Collection(EtcdTests.Name)]
public sealed class EtcdStoreTests(EtcdFixture etcd)
{
    [Fact]
    public async Task Several_stores_write_to_one_log_and_each_reads_what_the_others_acknowledged()
    {
        var options = etcd.Options();
        await using var a = await EtcdStore.OpenAsync(options);
        await using var b = await EtcdStore.OpenAsync(options);
        await using var watch = new WatchReader(b, "", 1);
        (await a.DoAsync(Put("k", "1"))).Revision.ShouldBe(1);
        (await b.TextAsync("k")).ShouldBe("1");
        (await b.IfAsync("k", 1, Put("k", "2"))).ShouldBe(new CommitResult(true, 2));
        (await a.IfAsync("k", 1, Put("k", "3"))).Succeeded.ShouldBeFalse("what the other wrote counts");
        (await watch.LineAsync()).ShouldBe("1: k=1@1/1");
        (await watch.LineAsync()).ShouldBe("2: k=2@1/2 (was k=1@1/1)");
    }

    [Fact]
    public async Task What_another_store_acknowledged_is_there_at_once_for_a_commit_that_depends_on_it()
    {
        var options = etcd.Options();
        await using var a = await EtcdStore.OpenAsync(options);
        await using var b = await EtcdStore.OpenAsync(options);
        for (var i = 0; i < 300; i++)
        {
            var made = await a.DoAsync(Put($"{i}", "1"));
            // A question, which writes nothing that would be refused where it was asked of an old state.
            (await b.IfAsync($"{i}", made.Revision)).Succeeded.ShouldBeTrue($"{i}");
            (await b.IfAsync($"{i}", 0)).Succeeded.ShouldBeFalse($"{i}");
        }
    }

    [Fact]
    public async Task Increments_of_several_stores_at_once_lose_nothing()
    {
        const int stores = 3, writers = 4, each = 25;
        var options = etcd.Options();
        var open = await Task.WhenAll(Enumerable.Range(0, stores).Select(_ => EtcdStore.OpenAsync(options)));
        await open[0].DoAsync(Put("n", "0"));
        await Task.WhenAll(open.SelectMany(store => Enumerable.Range(0, writers).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < each;)
            {
                var seen = (await store.GetAsync("n"))!;
                i += (await store.IfAsync("n", seen.ModRevision, Put("n", $"{int.Parse(seen.Text()) + 1}"))).Succeeded ? 1 : 0;
            }
        }))));
        foreach (var store in open)
        {
            (await store.TextAsync("n")).ShouldBe($"{stores * writers * each}");
            store.Revision.ShouldBe(1 + (stores * writers * each));
            await store.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Folding_keeps_what_there_is_for_those_who_open_later(int seed)
    {
        var options = etcd.Options();
        var random = new Random(seed);
        var store = await EtcdStore.OpenAsync(options);
        for (var round = 0; round < 12; round++)
        {
            for (var i = 0; i < 20; i++)
            {
                var key = $"k{random.Next(10)}";
                await store.DoAsync(random.Next(4) == 0 ? Delete(key) : new Operation(key, Value(random)));
            }

            await store.CompactAsync(store.Revision - random.Next(10));
            var before = await FingerprintAsync(store);
            await store.DisposeAsync();
            store = await EtcdStore.OpenAsync(options);
            (await FingerprintAsync(store)).ShouldBe(before, $"seed {seed} round {round}");
        }

        await using var late = new WatchReader(store, "", 1);
        (await late.NextAsync())!.Compacted.ShouldBeTrue();
        await store.DisposeAsync();
    }

    [Fact]
    public async Task A_store_that_was_away_until_its_place_in_the_log_was_folded_reads_anew_and_tells_its_watches()
    {
        var options = etcd.Options();
        await using var store = await EtcdStore.OpenAsync(options);
        var log = new EtcdLog(new EtcdClient(options), new EtcdLayout(options.Prefix));
        using var behind = new Replica(log, options, writer: 7);
        await behind.LoadAsync(CancellationToken.None);
        using var watch = behind.State.Open("", 1);
        for (var i = 1; i <= 30; i++)
            await store.DoAsync(Put("a", $"{i}"), Put($"b{i}", "x"));
        await store.CompactAsync(28);
        (await behind.CatchUpAsync(CancellationToken.None)).ShouldBeTrue();
        behind.State.Revision.ShouldBe(30);
        behind.State.Read("a")!.Text().ShouldBe("30");
        watch.TryRead(out var told).ShouldBeTrue();
        told!.Compacted.ShouldBeTrue();
    }

    [Fact]
    public async Task History_is_given_up_by_itself_beyond_what_is_kept()
    {
        var options = etcd.Options() with { KeepRevisions = 50 };
        await using var store = await EtcdStore.OpenAsync(options);
        var first = new WatchReader(store, "", 1);
        // A slice is a thousand revisions.
        await Task.WhenAll(Enumerable.Range(0, 1_300).Select(i => Task.Run(async () => await store.DoAsync(Put($"{i % 7}", $"{i}")))));
        using var client = new EtcdClient(options);
        var layout = new EtcdLayout(options.Prefix);
        await Until.HoldsAsync(async () =>
        {
            await store.DoAsync(Put("last", "x"));
            return (await client.GetAsync(layout.Folded, CancellationToken.None))!.ModRevision > 0
                && Mainstay.State.Etcd.Wire.LogFolded.Parser.ParseFrom((await client.GetAsync(layout.Folded, CancellationToken.None))!.Value).Revision > 900;
        });
        (await store.RangeAsync("")).Entries.Count.ShouldBe(8);
        await first.DisposeAsync();
    }

    [Fact]
    public async Task A_lease_whose_keeper_is_gone_lives_on_at_another_store_with_its_whole_time()
    {
        var time = new FakeTime();
        var options = etcd.Options() with { Time = time };
        var ttl = TimeSpan.FromSeconds(10);
        var first = await EtcdStore.OpenAsync(options);
        await using var second = await EtcdStore.OpenAsync(options);
        var lease = await first.GrantLeaseAsync(ttl);
        await first.DoAsync(Put("a", "1", lease));
        (await second.GetAsync("a")).ShouldNotBeNull();
        time.Advance(ttl - TimeSpan.FromSeconds(1));
        await first.DisposeAsync();
        // The adoption is a record of the log without a revision; it is there once the second may renew without one.
        await Until.HoldsAsync(async () => (await OwnersAsync(options)).All(o => o != 0) && (await OwnersAsync(options)).Count == 1 && await second.KeepAliveAsync(lease));
        time.Advance(ttl - TimeSpan.FromMilliseconds(1));
        (await second.GetAsync("a")).ShouldNotBeNull();
        await using var watch = new WatchReader(second, "a", second.Revision + 1);
        time.Advance(TimeSpan.FromMilliseconds(1));
        (await watch.NextAsync())!.Changes[0].Current.ShouldBeNull();
    }

    [Fact]
    public async Task A_renewal_at_another_store_takes_the_lease_over_and_the_first_ends_it_no_more()
    {
        var (here, there) = (new FakeTime(), new FakeTime());
        var options = etcd.Options();
        var ttl = TimeSpan.FromSeconds(10);
        await using var first = await EtcdStore.OpenAsync(options with { Time = here });
        await using var second = await EtcdStore.OpenAsync(options with { Time = there });
        var lease = await first.GrantLeaseAsync(ttl);
        await first.DoAsync(Put("a", "1", lease));
        (await second.KeepAliveAsync(lease)).ShouldBeTrue();
        here.Advance(ttl * 3);
        (await first.DoAsync(Put("b", "1"))).Revision.ShouldBe(2, "the first store ended nothing");
        (await second.KeepAliveAsync(lease)).ShouldBeTrue();
        there.Advance(ttl);
        await Until.HoldsAsync(async () => await first.GetAsync("a") is null);
        (await first.KeepAliveAsync(lease)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_lost_answer_is_resolved_by_the_log_and_nothing_is_written_twice()
    {
        await using var relay = new Relay(etcd.Url);
        var options = etcd.Options();
        await using var store = await EtcdStore.OpenAsync(options with { Endpoints = [relay.Url] });
        await using var other = await EtcdStore.OpenAsync(options);
        for (var i = 1; i <= 15; i++)
        {
            // The request reaches etcd, its answer is cut off.
            relay.CutNextAnswer();
            (await store.DoAsync(Put("n", $"{i}"))).ShouldBe(new CommitResult(true, i));
            (await other.ShowAsync()).ShouldBe($"n={i}@1/{i}");
        }

        relay.Cuts.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Where_nobody_answers_callers_are_told_and_all_goes_on_when_somebody_does()
    {
        await using var relay = new Relay(etcd.Url);
        var options = etcd.Options();
        // Patient where it has to succeed, however slow the machine is; the impatient one is asked only when nobody can answer.
        await using var patient = await EtcdStore.OpenAsync(options with { Endpoints = [relay.Url], Patience = TimeSpan.FromMinutes(2) });
        await using var store = await OpenAsync(options with { Endpoints = [relay.Url], Patience = TimeSpan.FromSeconds(1) });
        await using var watch = new WatchReader(store, "", 2);
        await patient.DoAsync(Put("a", "1"));
        relay.Stop();
        (await Should.ThrowAsync<StoreUnavailableException>(async () => await store.DoAsync(Put("a", "2")))).Message.ShouldContain("does not answer");
        await Should.ThrowAsync<StoreUnavailableException>(async () => await store.GetAsync("a"));
        relay.Resume();
        (await patient.DoAsync(Put("b", "1"))).ShouldBe(new CommitResult(true, 2));
        (await watch.NextAsync())!.Revision.ShouldBe(2);
        await Until.HoldsAsync(() => AnswersAsync(store));
    }

    // An opening that took longer than the store's patience says nothing.
    static async Task<EtcdStore> OpenAsync(EtcdStoreOptions options)
    {
        EtcdStore? opened = null;
        await Until.HoldsAsync(async () =>
        {
            try
            {
                opened = await EtcdStore.OpenAsync(options);
                return true;
            }
            catch (StoreUnavailableException)
            {
                return false;
            }
        });
        return opened!;
    }

    static async Task<bool> AnswersAsync(EtcdStore store)
    {
        try
        {
            return await store.GetAsync("b") is not null;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

    [Fact]
    public async Task A_member_that_is_not_there_is_passed_over()
    {
        var options = etcd.Options();
        await using var store = await EtcdStore.OpenAsync(options with { Endpoints = [new Uri($"http://127.0.0.1:{FreePorts.One()}"), etcd.Url] });
        (await store.DoAsync(Put("a", "1"))).Succeeded.ShouldBeTrue();
    }

    [Fact]
    public async Task What_is_not_ours_under_the_prefix_is_left_alone()
    {
        var options = etcd.Options();
        using var client = new EtcdClient(options);
        await client.TransactAsync([], [EtcdClient.Put($"{options.Prefix}/head", Google.Protobuf.ByteString.CopyFromUtf8("\"\u0007another"))], CancellationToken.None);
        (await Should.ThrowAsync<StoreUnavailableException>(() => EtcdStore.OpenAsync(options))).Message.ShouldContain("another prefix");
    }

    static async Task<HashSet<long>> OwnersAsync(EtcdStoreOptions options)
    {
        var log = new EtcdLog(new EtcdClient(options), new EtcdLayout(options.Prefix));
        return await log.SessionsAsync(CancellationToken.None);
    }

    static ReadOnlyMemory<byte> Value(Random random)
    {
        // Now and then larger than one value of etcd's may be.
        var bytes = new byte[random.Next(30) == 0 ? 1_500_000 + random.Next(1_000_000) : random.Next(200)];
        random.NextBytes(bytes);
        return bytes;
    }

    static async Task<string> FingerprintAsync(IStore store)
    {
        var text = new StringBuilder();
        foreach (var entry in (await store.RangeAsync("")).Entries)
            text.Append($"{entry.Key}@{entry.CreateRevision}/{entry.ModRevision}:{Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(entry.Value.Span))[..16]} ");
        return text.Append(store.Revision).ToString();
    }
}
