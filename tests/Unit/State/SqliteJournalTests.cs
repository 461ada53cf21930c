using Mainstay.Core.Store;
using Mainstay.State.Sqlite;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>Works of a journal are durable together, fail alone, and always end as a value.</summary>
public sealed class SqliteJournalTests : IDisposable
{
    readonly TempFolder folder = new();
    readonly List<string> trace = [];

    JournalOptions Options => new() { Path = folder["notes.db"], Application = 0x4E6F7465, Tables = ["CREATE TABLE notes (id INTEGER PRIMARY KEY, text BLOB NOT NULL UNIQUE)"] };

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task WhatIsAnsweredIsThereWhenTheFileIsOpenedAgain()
    {
        await using (var journal = SqliteJournal.Open(Options))
        {
            (await journal.WriteAsync(f => Add(f, "a"))).ShouldBe(new(JournalStatus.Done, 1, null));
            (await journal.WriteAsync(f => Add(f, "b"))).Value.ShouldBe(2);
        }

        var atOpening = 0L;
        await using var again = SqliteJournal.Open(Options with { Opened = f => atOpening = Count(f) });
        atOpening.ShouldBe(2);
        (await again.ReadAsync(Count)).Value.ShouldBe(2);
    }

    [Fact]
    public async Task WorksThatWaitTogetherAreOneTransactionAndTheOneThatThrowsFailsAlone()
    {
        await using var journal = SqliteJournal.Open(Options);
        using var go = new ManualResetEventSlim();
        var holding = journal.WriteAsync(f =>
        {
            go.Wait(Until.Patience);
            return Add(f, "first");
        });
        Task<JournalAnswer<long>>[] works =
        [
            journal.DoAsync(new Note(trace, "a")), journal.DoAsync(new Note(trace, "bad")), journal.DoAsync(new Note(trace, "a")), journal.DoAsync(new Note(trace, "c")),
        ];
        go.Set();
        (await holding).IsDone.ShouldBeTrue();
        (await Task.WhenAll(works)).Select(a => $"{a.Status} {a.Value}").ShouldBe(["Done 2", "Failed 0", "Failed 0", "Done 3"]);
        (await works[1]).Why.ShouldBe("bad is refused");
        (await works[2]).Why!.ShouldContain("UNIQUE");
        string.Join(", ", trace).ShouldBe(
            "write a, write bad, undo bad, undo a, write a, write a, undo a, undo a, write a, write c, done a, done c");
        (await journal.ReadAsync(Count)).Value.ShouldBe(3);
    }

    [Fact]
    public async Task MoreWaitingWorksThanAllowedAreRefusedAndTheOwnersOwnAreNot()
    {
        await using var journal = SqliteJournal.Open(Options with { MaxWaiting = 2 });
        using var go = new ManualResetEventSlim();
        using var begun = new ManualResetEventSlim();
        var holding = journal.WriteAsync(f =>
        {
            begun.Set();
            return go.Wait(Until.Patience);
        });
        begun.Wait(Until.Patience).ShouldBeTrue();
        var one = journal.WriteAsync(f => Add(f, "1"));
        var two = journal.WriteAsync(f => Add(f, "2"));
        (await journal.WriteAsync(f => Add(f, "3"))).ShouldSatisfyAllConditions(
            a => a.Status.ShouldBe(JournalStatus.Busy), a => a.Why!.ShouldContain("2 writes wait"));
        var own = new Note(trace, "own");
        journal.Post(own);
        go.Set();
        (await holding).Value.ShouldBeTrue();
        (await one).Value.ShouldBe(1);
        (await two).Value.ShouldBe(2);
        (await own.Answer).Value.ShouldBe(3);
    }

    [Fact]
    public async Task AFullFileIsAValueAndRoomHealsIt()
    {
        await using var journal = SqliteJournal.Open(Options with { MaxFileBytes = 200 << 10 });
        var written = 0L;
        JournalAnswer<long> answer;
        while ((answer = await journal.WriteAsync(f => Add(f, $"{written}".PadRight(10_000)))).IsDone)
            written = answer.Value;
        answer.Status.ShouldBe(JournalStatus.Full);
        answer.Why!.ShouldContain("full");
        (await journal.ReadAsync(Count)).Value.ShouldBe(written);
        (await journal.WriteAsync(f => Run(f["DELETE FROM notes WHERE id = 1"]))).IsDone.ShouldBeTrue();
        (await journal.WriteAsync(f => Add(f, "small"))).Value.ShouldBe(written + 1);
    }

    [Fact]
    public async Task OneWhoLeftBeforeItsTurnLeavesNothing()
    {
        await using var journal = SqliteJournal.Open(Options);
        using var left = new CancellationTokenSource();
        await left.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => journal.WriteAsync(f => Add(f, "a"), left.Token));
        (await journal.ReadAsync(Count)).Value.ShouldBe(0);
    }

    [Fact]
    public async Task AClosedJournalSaysSoAndFinishesWhatItHad()
    {
        var journal = SqliteJournal.Open(Options);
        var last = journal.WriteAsync(f => Add(f, "last"));
        await journal.DisposeAsync();
        (await last).IsDone.ShouldBeTrue();
        (await journal.WriteAsync(f => Add(f, "late"))).Status.ShouldBe(JournalStatus.Closed);
    }

    [Fact]
    public async Task AFileInUseOrOfAnotherProgramIsRefused()
    {
        await using (SqliteJournal.Open(Options))
            Should.Throw<StoreUnavailableException>(() => SqliteJournal.Open(Options)).Message.ShouldContain("in use by process");
        Should.Throw<StoreUnavailableException>(() => SqliteJournal.Open(Options with { Application = 1 })).Message.ShouldContain("another program");
        Should.Throw<StoreUnavailableException>(() => SqliteJournal.Open(Options with { Version = 2 })).Message.ShouldContain("version 1");
    }

    [Fact]
    public async Task TheLogHasRoomAheadAndIsReadBackFromWhereverItEnds()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the system makes files durable in another way");
        await using var journal = SqliteJournal.Open(Options);
        var lengths = new List<long>();
        for (var n = 1; n <= 300; n++)
        {
            (await journal.WriteAsync(f => Add(f, $"{n}".PadRight(10_000)))).IsDone.ShouldBeTrue();
            lengths.Add(new FileInfo(folder["notes.db-wal"]).Length);
            if (n % 60 != 0)
                continue;
            // What a loss of power leaves.
            File.Copy(folder["notes.db"], folder[$"lost-{n}.db"]);
            File.Copy(folder["notes.db-wal"], folder[$"lost-{n}.db-wal"]);
            await using var lost = SqliteJournal.Open(Options with { Path = folder[$"lost-{n}.db"] });
            (await lost.ReadAsync(Count)).Value.ShouldBe(n);
            (await lost.WriteAsync(f => Add(f, "more"))).IsDone.ShouldBeTrue();
        }

        lengths[^1].ShouldBeGreaterThan(3 << 20);
        lengths.Where(l => l > 2 << 20).Distinct().Count().ShouldBeLessThanOrEqualTo((int)(lengths[^1] >> 20), "most of these writes find their room made");
        lengths.ShouldBeInOrder();
    }

    [Fact]
    public async Task AFileOfAnOlderVersionIsUpgradedWholeOrNotAtAll()
    {
        await using (var journal = SqliteJournal.Open(Options))
            await journal.WriteAsync(f => Add(f, "a"));
        var third = Options with
        {
            Version = 3,
            Upgrades = new Dictionary<int, IReadOnlyList<string>> { [1] = ["ALTER TABLE notes ADD COLUMN color TEXT"], [2] = ["UPDATE notes SET color = 'red'"] },
        };
        Should.Throw<StoreUnavailableException>(() => SqliteJournal.Open(third with { Upgrades = new Dictionary<int, IReadOnlyList<string>> { [1] = third.Upgrades[1], [2] = ["UPDATE nothing SET color = 'red'"] } }));
        for (var opening = 0; opening < 2; opening++)
        {
            await using var journal = SqliteJournal.Open(third);
            (await journal.ReadAsync(f => f["SELECT count(*) FROM notes WHERE color = 'red'"].Number())).Value.ShouldBe(1);
        }

        Should.Throw<StoreUnavailableException>(() => SqliteJournal.Open(Options)).Message.ShouldContain("version 3");
    }

    static long Add(JournalFile file, string text)
    {
        file["INSERT INTO notes (text) VALUES (?1)"].Bind(1, text).Run();
        return file.LastId;
    }

    static long Count(JournalFile file) => file["SELECT count(*) FROM notes"].Number();

    static bool Run(Statement statement)
    {
        statement.Run();
        return true;
    }

    /// <summary>Writes a note and tells of each step.</summary>
    sealed class Note(List<string> trace, string text) : JournalWork<long>
    {
        long id;

        public override void Write(JournalFile file)
        {
            trace.Add($"write {text}");
            id = text == "bad" ? throw new InvalidOperationException("bad is refused") : Add(file, text);
        }

        public override void Undo() => trace.Add($"undo {text}");

        protected override long Finish()
        {
            trace.Add($"done {text}");
            return id;
        }
    }
}
