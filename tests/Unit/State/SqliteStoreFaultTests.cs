using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Mainstay.Core.Store;
using Mainstay.State.Sqlite;
using Mainstay.Tests.Conformance;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Conformance.StoreWords;

namespace Mainstay.Tests.State;

/// <summary>Killed processes, full and read-only disks, strange files and second openers.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SqliteStoreFaultTests : IDisposable
{
    readonly TempFolder folder = new();

    string StorePath => folder["store.db"];

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task NothingAcknowledgedIsLostByKillingTheProcess()
    {
        var acknowledged = new List<(string Key, long Revision)>();
        var random = new Random(3);
        for (var round = 0; round < 5; round++)
        {
            using var child = new CommittingChild(StorePath);
            acknowledged.AddRange(await child.KillAfterAsync(random.Next(1, 1_500)));
            await using var store = Open();
            foreach (var (key, revision) in acknowledged)
                (await store.GetAsync(key)).ShouldNotBeNull($"round {round}").ModRevision.ShouldBe(revision);
            await HistoryShouldBeWholeAsync(store);
        }

        acknowledged.Select(a => a.Revision).ShouldBeUnique();
    }

    // Every revision that is kept is there once, with both changes of its commit.
    static async Task HistoryShouldBeWholeAsync(IStore store)
    {
        await using var probe = new WatchReader(store, "", 1);
        var first = (await probe.NextAsync())!;
        await using var watch = new WatchReader(store, "", first.Revision);
        for (var revision = first.Revision; revision <= store.Revision; revision++)
        {
            var batch = (await watch.NextAsync())!;
            batch.Revision.ShouldBe(revision);
            batch.Changes.Count.ShouldBe(2);
        }
    }

    [Fact]
    public async Task AFullDiskFailsCommitsAndNothingElseAndHealsByItself()
    {
        using var disk = SmallDisk.Mount(folder["disk"], megabytes: 2);
        Assert.SkipWhen(disk is null, "mounting a small disk needs root");
        var filler = folder["disk/filler"];
        await using (var store = SqliteStore.Open(new SqliteStoreOptions { Path = folder["disk/store.db"] }))
        {
            await store.DoAsync(Put("before", "1"));
            File.WriteAllBytes(filler, new byte[1_400 << 10]);
            var acknowledged = 0;
            var refused = await Should.ThrowAsync<StoreUnavailableException>(async () =>
            {
                for (; acknowledged < 100; acknowledged++)
                    await store.CommitAsync(new Commit([], [new($"k/{acknowledged:000}", new byte[50_000]), Put("last", $"{acknowledged}")]));
            });
            refused.Message.ShouldContain("full");
            acknowledged.ShouldBeGreaterThan(0);
            (await store.TextAsync("before")).ShouldBe("1", "reads go on");
            (await store.TextAsync("last")).ShouldBe($"{acknowledged - 1}", "the refused commit left nothing");
            File.Delete(filler);
            (await store.DoAsync(Put("after", "1"))).Revision.ShouldBe(acknowledged + 2);
        }

        await using var again = SqliteStore.Open(new SqliteStoreOptions { Path = folder["disk/store.db"] });
        (await again.TextAsync("after")).ShouldBe("1");
        (await again.RangeAsync("k/")).Entries.Count.ShouldBe((int)again.Revision - 2);
    }

    [Fact]
    public async Task AFileAtItsConfiguredSizeFailsCommitsUntilItMayGrow()
    {
        var options = new SqliteStoreOptions { Path = StorePath, MaxFileBytes = 200 << 10 };
        var acknowledged = 0L;
        await using (var store = SqliteStore.Open(options))
        {
            await Should.ThrowAsync<StoreUnavailableException>(async () =>
            {
                while (true)
                    acknowledged = (await store.CommitAsync(new Commit([], [new($"k/{acknowledged}", new byte[10_000])]))).Revision;
            });
            store.Revision.ShouldBe(acknowledged);
        }

        await using var larger = SqliteStore.Open(options with { MaxFileBytes = 1 << 20 });
        larger.Revision.ShouldBe(acknowledged);
        (await larger.DoAsync(Put("more", "1"))).Revision.ShouldBe(acknowledged + 1);
    }

    [Fact]
    public async Task LeasesThatExpireOnAFullDiskEndWhenItHasRoom()
    {
        using var disk = SmallDisk.Mount(folder["disk"], megabytes: 2);
        Assert.SkipWhen(disk is null, "mounting a small disk needs root");
        var time = new FakeTime();
        await using var store = SqliteStore.Open(new SqliteStoreOptions { Path = folder["disk/store.db"], Time = time });
        var lease = await store.GrantLeaseAsync(TimeSpan.FromSeconds(5));
        await store.DoAsync(Put("leased", "1", lease));
        await using var watch = new WatchReader(store, "leased", 2);
        Should.Throw<IOException>(() => File.WriteAllBytes(folder["disk/filler"], new byte[4 << 20]));
        await Should.ThrowAsync<StoreUnavailableException>(async () => await store.CommitAsync(new Commit([], [new("big", new byte[1 << 20])])));
        time.Advance(TimeSpan.FromSeconds(5));
        await Should.ThrowAsync<StoreUnavailableException>(async () => await store.KeepAliveAsync(lease));
        File.Delete(folder["disk/filler"]);
        var ended = watch.NextAsync();
        // The retry is armed by the writer's answer, on another thread.
        await Until.DoneAsync(ended, () => time.Advance(TimeSpan.FromSeconds(1)));
        (await ended)!.Changes.ShouldHaveSingleItem().Current.ShouldBeNull();
    }

    [Fact]
    public void AReadOnlyFolderIsNamedWithARemedy()
    {
        Directory.CreateDirectory(folder["readonly"]);
        File.SetUnixFileMode(folder["readonly"], UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        File.SetUnixFileMode(folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        var failed = AsNobody(() => SqliteStore.Open(new SqliteStoreOptions { Path = folder["readonly/store.db"] }));
        failed.ShouldBeOfType<StoreUnavailableException>().Message.ShouldContain("read-only");
    }

    [Fact]
    public async Task ASecondOpenerIsToldWhoHasIt()
    {
        await using var first = Open();
        Should.Throw<StoreUnavailableException>(Open).Message.ShouldContain($"in use by process {Environment.ProcessId}");
        File.Delete(StorePath + ".lock");
        Should.Throw<StoreUnavailableException>(Open).Message.ShouldContain("in use", customMessage: "the database itself is locked too");
        (await first.DoAsync(Put("a", "1"))).Revision.ShouldBe(1);
    }

    [Fact]
    public async Task ASecondProcessIsRefusedAndTheFirstGoesOn()
    {
        using var child = new CommittingChild(StorePath);
        var acknowledged = child.KillAfterAsync(200);
        await Until.HoldsAsync(() => File.Exists(StorePath + "-wal"));
        if (!acknowledged.IsCompleted)
            Should.Throw<StoreUnavailableException>(Open).Message.ShouldContain("in use by process");
        (await acknowledged).Count.ShouldBeGreaterThanOrEqualTo(200);
        await using var store = Open();
        store.Revision.ShouldBeGreaterThanOrEqualTo(200);
    }

    [Theory]
    [InlineData("this is not a database, and it is longer than the header of one would be, which is a hundred bytes long, so that it is read")]
    [InlineData("short")]
    public void AGarbageFileIsNotTouched(string text)
    {
        File.WriteAllText(StorePath, text);
        Should.Throw<StoreUnavailableException>(Open).Message.ShouldContain("not a database of Mainstay");
        File.ReadAllText(StorePath).ShouldBe(text);
    }

    [Fact]
    public async Task ADatabaseOfAnotherProgramOrANewerVersionIsRefused()
    {
        await Open().DisposeAsync();
        SetPragma("user_version = 99");
        Should.Throw<StoreUnavailableException>(Open).Message.ShouldContain("schema version 99");
        SetPragma("application_id = 7");
        Should.Throw<StoreUnavailableException>(Open).Message.ShouldContain("another program");
    }

    [Fact]
    public async Task ADamagedFileIsNotOpened()
    {
        await using (var store = Open())
        {
            for (var i = 0; i < 50; i++)
                await store.DoAsync(Put($"k/{i}", new string('v', 3_000)));
        }

        using (var file = File.OpenWrite(StorePath))
        {
            for (var page = 4; page < 30; page++)
            {
                file.Position = page * 4096;
                file.Write(new byte[64].Select(_ => (byte)0xEE).ToArray());
            }
        }

        Should.Throw<StoreUnavailableException>(Open).Message.ShouldContain("damaged");
    }

    SqliteStore Open() => SqliteStore.Open(new SqliteStoreOptions { Path = StorePath });

    void SetPragma(string assignment)
    {
        SQLitePCL.raw.sqlite3_open(StorePath, out var handle).ShouldBe(SQLitePCL.raw.SQLITE_OK);
        using (handle)
            SQLitePCL.raw.sqlite3_exec(handle, $"PRAGMA {assignment}").ShouldBe(SQLitePCL.raw.SQLITE_OK);
    }

    // Linux: the user for file access is a thread's own, so root can leave its privileges on one thread.
    static Exception? AsNobody(Action act)
    {
        Exception? failed = null;
        var thread = new Thread(() =>
        {
            _ = setfsuid(65534);
            failed = Record.Exception(act);
        });
        thread.Start();
        thread.Join();
        return failed;
    }

    [DllImport("libc")]
    static extern int setfsuid(uint user);
}

/// <summary>A memory file system of a few megabytes, mounted while a test runs.</summary>
sealed class SmallDisk : IDisposable
{
    readonly string path;

    SmallDisk(string path) => this.path = path;

    /// <summary>Null where this user may not mount.</summary>
    public static SmallDisk? Mount(string path, int megabytes)
    {
        Directory.CreateDirectory(path);
        return Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", path) == 0 ? new SmallDisk(path) : null;
    }

    // Lazy: what a failed test left open does not keep it mounted.
    public void Dispose() => Run("umount", "-l", path);

    static int Run(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
