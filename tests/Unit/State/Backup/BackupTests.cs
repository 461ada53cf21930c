using Mainstay.Core.Store;
using Mainstay.State.Backup;
using Mainstay.State.Decide;
using Mainstay.State.Etcd;
using Mainstay.State.Sqlite;
using Mainstay.State.Streams;
using Mainstay.Tests.Conformance;
using Mainstay.Tests.State.Etcd;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Conformance.StoreWords;

namespace Mainstay.Tests.State.Backup;

[Collection(EtcdTests.Name)]
public sealed class BackupTests(EtcdFixture etcd) : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task From_a_file_to_etcd_and_back_every_entry_keeps_its_bytes_and_revisions()
    {
        var first = new SqliteStoreOptions { Path = folder["a.db"] };
        StoreSnapshot taken;
        string shown;
        await using (var store = SqliteStore.Open(first))
        {
            await FillAsync(store);
            taken = await StoreSnapshot.TakeAsync(store, CancellationToken.None);
            shown = await ShownAsync(store);
            taken.Revision.ShouldBe(3);
        }

        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var options = etcd.Options();
        await EtcdStore.FillAsync(options, taken.Begin(1, now));
        await using (var store = await EtcdStore.OpenAsync(options))
        {
            store.Revision.ShouldBe(4);
            (await ShownAsync(store)).ShouldBe(shown);
            (await store.IfAsync("b", 2, Put("b", "3"))).ShouldBe(new CommitResult(true, 5));
            (await store.GrantLeaseAsync(TimeSpan.FromSeconds(5))).ShouldBeGreaterThan(taken.LastLease);
            taken = await StoreSnapshot.TakeAsync(store, CancellationToken.None);
            shown = await ShownAsync(store);
        }

        var second = new SqliteStoreOptions { Path = folder["b.db"] };
        SqliteStore.Fill(second, taken.Begin(1_000_000, now));
        await using (var store = SqliteStore.Open(second))
        {
            store.Revision.ShouldBe(1_000_005);
            (await ShownAsync(store)).ShouldBe(shown);
            (await store.TextAsync(StoreSnapshot.Mark)).ShouldBe("from revision 5 at 2026-01-01T00:00:00Z");
            (await store.DoAsync(Put("new", "1"))).Revision.ShouldBe(1_000_006);
            await using var old = new WatchReader(store, "", 5);
            (await old.NextAsync())!.Compacted.ShouldBeTrue("what was watched before is not to be had here");
        }

        await using var again = SqliteStore.Open(second);
        again.Revision.ShouldBe(1_000_006);
    }

    [Fact]
    public async Task What_services_keep_is_copied_as_of_one_moment_while_it_is_written()
    {
        await using var streams = EventStreams.Open(new() { Path = folder["streams.db"] });
        using var over = new CancellationTokenSource();
        var acknowledged = 0L;
        var writers = Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (var number = 0; !over.IsCancellationRequested; number++)
            {
                var answer = await streams.AppendAsync($"s-{writer}", ExpectedVersion.Any, [new($"{writer}-{number}", "made", "{}"u8.ToArray(), new byte[2_000])], CancellationToken.None);
                answer.Status.ShouldBe(StreamStatus.Done);
                Interlocked.Increment(ref acknowledged);
            }
        })).ToArray();
        await Until.HoldsAsync(() => Interlocked.Read(ref acknowledged) > 1_500);
        var before = Interlocked.Read(ref acknowledged);
        await streams.CopyAsync(folder["streams.copy"], CancellationToken.None);
        var after = Interlocked.Read(ref acknowledged) + writers.Length;
        await over.CancelAsync();
        await Task.WhenAll(writers);
        await Should.ThrowAsync<StoreUnavailableException>(() => streams.CopyAsync(folder["there/is/no/such/folder"], CancellationToken.None));

        var snapshot = new StoreSnapshot(7, 3, [new Entry("k", new byte[] { 1, 2 }, 1, 7)]);
        await using (var file = File.Create(folder["backup"]))
            await BackupFile.WriteAsync(snapshot, "here", DateTimeOffset.UnixEpoch, file, CancellationToken.None, [("streams", folder["streams.copy"]), ("none", Empty())]);
        var (read, info) = BackupFile.Read(folder["backup"], out var wrong)!.Value;
        wrong.ShouldBeNull();
        read.Entries.ShouldHaveSingleItem().Key.ShouldBe("k");
        info.Parts.Select(p => p.Name).ShouldBe(["streams", "none"]);
        BackupFile.Extract(folder["backup"], info.Parts[0], folder["again.db"]);
        await using var again = EventStreams.Open(new() { Path = folder["again.db"] });
        var figures = (await again.FiguresAsync(CancellationToken.None))!;
        figures.Events.ShouldBeInRange(before, after);
        for (var writer = 0; writer < 4; writer++)
        {
            var stream = await again.ReadAsync(new() { Stream = $"s-{writer}", Limit = 1_000 }, TimeSpan.Zero, CancellationToken.None);
            stream.Events!.Select(e => e.Version).ShouldBe(Enumerable.Range(1, stream.Events!.Count).Select(v => (long)v));
        }

        var bytes = File.ReadAllBytes(folder["backup"]);
        bytes[(int)info.Parts[0].Offset + 5_000] ^= 1;
        File.WriteAllBytes(folder["damaged"], bytes);
        BackupFile.Read(folder["damaged"], out wrong).ShouldBeNull();
        wrong!.ShouldContain("damaged");
        File.WriteAllBytes(folder["cut"], bytes[..^700]);
        BackupFile.Read(folder["cut"], out wrong).ShouldBeNull();
    }

    string Empty()
    {
        File.WriteAllBytes(folder["empty"], []);
        return folder["empty"];
    }

    [Fact]
    public async Task A_store_that_is_there_is_not_written_over()
    {
        var file = new SqliteStoreOptions { Path = folder["a.db"] };
        var snapshot = new StoreSnapshot(1, 0, [new Entry("k", new byte[] { 1 }, 1, 1)]).Begin(1, DateTimeOffset.UnixEpoch);
        SqliteStore.Fill(file, snapshot);
        Should.Throw<StoreUnavailableException>(() => SqliteStore.Fill(file, snapshot)).Message.ShouldContain("already");
        var options = etcd.Options();
        await EtcdStore.FillAsync(options, snapshot);
        (await EtcdStore.FillAsync(options, snapshot)).ShouldBeFalse("nothing is written over");
    }

    [Fact]
    public async Task A_store_that_is_open_on_an_empty_prefix_shows_what_it_is_filled_with()
    {
        var options = etcd.Options();
        await using var open = await EtcdStore.OpenAsync(options);
        await EtcdStore.FillAsync(options, new StoreSnapshot(9, 0, [new Entry("k", new byte[] { 1 }, 2, 7)]).Begin(1, DateTimeOffset.UnixEpoch));
        (await open.GetAsync("k"))!.ModRevision.ShouldBe(7);
        (await open.DoAsync(Put("k", "2"))).Revision.ShouldBe(11);
    }

    [Fact]
    public async Task A_backup_is_read_as_it_was_written_and_refused_with_any_bit_changed()
    {
        var snapshot = new StoreSnapshot(5, 3, [new Entry("a", new byte[] { 1, 2, 3 }, 1, 4), new Entry("b", Array.Empty<byte>(), 2, 2)]);
        var whole = new MemoryStream();
        await BackupFile.WriteAsync(snapshot, "here", DateTimeOffset.UnixEpoch, whole, CancellationToken.None);
        var file = folder["backup"];
        await File.WriteAllBytesAsync(file, whole.ToArray());
        var (read, info) = BackupFile.Read(file, out _)!.Value;
        info.Parts.ShouldBeEmpty();
        (info with { Parts = [] }).ShouldBe(new BackupInfo(5, 2, 5, "here", DateTimeOffset.UnixEpoch));
        (read.Revision, read.LastLease).ShouldBe((5, 3));
        read.Entries.Select(e => $"{e.Key}:{Convert.ToHexString(e.Value.Span)}@{e.CreateRevision}/{e.ModRevision}").ShouldBe(["a:010203@1/4", "b:@2/2"]);
        for (var at = 0; at < whole.Length; at++)
        {
            var damaged = whole.ToArray();
            damaged[at] ^= 4;
            await File.WriteAllBytesAsync(file, damaged);
            BackupFile.Read(file, out var wrong).ShouldBeNull($"byte {at}");
            wrong.ShouldNotBeNull();
        }

        foreach (var length in new[] { 0, 5, (int)whole.Length / 2, (int)whole.Length - 1 })
        {
            await File.WriteAllBytesAsync(file, whole.ToArray()[..length]);
            BackupFile.Read(file, out _).ShouldBeNull($"cut to {length}");
        }

        BackupFile.Read(folder["missing"], out var missing).ShouldBeNull();
        missing!.ShouldContain("cannot be read");
    }

    static async Task FillAsync(IStore store)
    {
        var lease = await store.GrantLeaseAsync(TimeSpan.FromMinutes(5));
        await store.DoAsync(Put("a", "1"), Put("b", "1"), Put("leased", "1", lease));
        await store.CommitAsync(new Commit([], [new Operation("b", "2"u8.ToArray()), new Operation("large", new byte[3_000_000])]));
        await store.DoAsync(Delete("a"), Put("c", ""));
    }

    static async Task<string> ShownAsync(IStore store) => string.Join(' ', (await store.RangeAsync("")).Entries.Where(e => e.Lease == 0 && e.Key != StoreSnapshot.Mark)
        .Select(e => $"{e.Key}={e.Value.Length}@{e.CreateRevision}/{e.ModRevision}"));
}
