using System.Globalization;
using System.Text;
using Mainstay.State.Decide;
using Mainstay.State.Sqlite;
using Mainstay.State.Streams;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>When the indexes are written is nothing that anybody can see, whatever happens in between; and files of the first version become ones of the second.</summary>
public sealed class StreamTailTests : IDisposable
{
    static readonly CancellationToken None = CancellationToken.None;

    readonly TempFolder folder = new();
    readonly FakeTime time = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Streams_answer_the_same_whenever_the_indexes_are_written(int seed)
    {
        var often = await TraceAsync(seed, mostUnsettled: 1, reopens: false);
        (await TraceAsync(seed, mostUnsettled: 7, reopens: false)).ShouldBe(often);
        (await TraceAsync(seed, mostUnsettled: 100_000, reopens: false)).ShouldBe(often);
        (await TraceAsync(seed, mostUnsettled: 20, reopens: true)).ShouldBe(often);
    }

    [Fact]
    public async Task A_copy_has_what_the_indexes_do_not_have_yet()
    {
        await using (var streams = Open("streams.db", 100))
        {
            for (var n = 0; n < 250; n++)
                (await streams.AppendAsync($"s-{n % 3}", new(n / 3), [Event($"{n}")], None)).Status.ShouldBe(StreamStatus.Done);
            await streams.CopyAsync(folder["copy.db"], None);
        }

        await using var copy = Open("copy.db", 100);
        (await copy.FiguresAsync(None))!.ShouldSatisfyAllConditions(f => f.Streams.ShouldBe(3), f => f.Events.ShouldBe(250), f => f.Last.ShouldBe(250));
        (await copy.AppendAsync("s-0", new(83), [Event("249")], None)).ShouldBe(new(StreamStatus.Done, null, 84, 84, 250, IsRepeated: true));
        (await copy.AppendAsync("s-0", new(84), [Event("new")], None)).ShouldBe(new(StreamStatus.Done, null, 85, 85, 251));
        var all = (await copy.ReadAsync(new() { Stream = "s-1", Limit = 1000 }, TimeSpan.Zero, None)).Events!;
        all.Select(e => e.Version).ShouldBe(Enumerable.Range(1, 83).Select(v => (long)v));
        all.Select(e => e.Position).ShouldBe(Enumerable.Range(0, 83).Select(v => (v * 3L) + 2));
    }

    [Fact]
    public async Task A_request_that_cannot_be_stored_leaves_nothing_behind_in_memory()
    {
        await using var streams = EventStreams.Open(new() { Path = folder["streams.db"], Time = time, MaxFileBytes = 200 << 10, MostUnsettled = 3 });
        var stored = 0L;
        for (var n = 0; n < 60; n++)
        {
            var answers = await Task.WhenAll(
                streams.AppendAsync("s", ExpectedVersion.Any, [Event($"{n}", 9000)], None), streams.AppendAsync($"new-{n}", ExpectedVersion.Any, [Event("a", 1)], None));
            if (answers[0].Status == StreamStatus.Done)
                answers[0].Version.ShouldBe(++stored);
            (await streams.FindAsync("s", None)).Stream!.Version.ShouldBe(stored);
            (await streams.FindAsync($"new-{n}", None)).Status.ShouldBe(answers[1].Status == StreamStatus.Done ? StreamStatus.Done : StreamStatus.Unknown);
        }

        stored.ShouldBeInRange(1, 59);
        (await streams.DeleteAsync("s", None)).Status.ShouldBe(StreamStatus.Done);
        await Until.HoldsAsync(
            async () => (await streams.AppendAsync("late", ExpectedVersion.None, [Event("a", 9000)], None)).Status == StreamStatus.Done, () => time.Advance(TimeSpan.FromMilliseconds(100)));
    }

    [Fact]
    public async Task Who_appends_all_the_time_does_not_put_off_the_removal_of_old_events()
    {
        await using var streams = Open("streams.db", 100);
        await streams.SetTermsAsync("s", 5, TimeSpan.Zero, None);
        var n = 0;
        await Until.HoldsAsync(
            async () =>
            {
                await streams.AppendAsync("s", ExpectedVersion.Any, [Event($"{n++}")], None);
                return (await streams.FiguresAsync(None))!.Events < n;
            },
            () => time.Advance(TimeSpan.FromMilliseconds(10)));
    }

    [Fact]
    public async Task A_file_of_the_first_version_is_taken_over_as_it_is()
    {
        WriteFirstVersion(folder["streams.db"]);
        for (var opening = 0; opening < 2; opening++)
        {
            await using var streams = Open("streams.db", 100);
            (await streams.FiguresAsync(None))!.ShouldSatisfyAllConditions(f => f.Streams.ShouldBe(3), f => f.Events.ShouldBe(5 + opening), f => f.Last.ShouldBe(6 + opening));
            (await TellAsync(streams, new() { Stream = "kept" })).ShouldBe(string.Join(' ', ["1:a@1", "2:b@2", "3:c@5", .. opening == 1 ? ["4:new@7"] : Array.Empty<string>()]));
            (await TellAsync(streams, new() { Stream = "kept", Before = 3 })).ShouldBe("2:b@2 1:a@1");
            (await TellAsync(streams, new() { Stream = "cut" })).ShouldBe("2:b@4 3:d@6");
            (await streams.ReadAsync(new() { Stream = "gone" }, TimeSpan.Zero, None)).Status.ShouldBe(StreamStatus.Gone);
            (await streams.AppendAsync("kept", new(1), [Event("b")], None)).ShouldBe(new(StreamStatus.Done, null, 2, 3 + opening, 2, IsRepeated: true));
            (await streams.AppendAsync("kept", ExpectedVersion.Any, [Event("a"), Event("x")], None)).Status.ShouldBe(StreamStatus.IdTaken);
            (await streams.AppendAsync("cut", new(2), [Event("z")], None)).Status.ShouldBe(StreamStatus.WrongVersion);
            (await streams.SnapshotAsync("kept", None)).Snapshot!.Version.ShouldBe(2);
            (await streams.ReadersAsync(None)).Readers!.Single().Position.ShouldBe(2);
            if (opening == 0)
                (await streams.AppendAsync("kept", new(3), [Event("new")], None)).Position.ShouldBe(7);
        }
    }

    async Task<string> TraceAsync(int seed, int mostUnsettled, bool reopens)
    {
        var random = new Random(seed);
        var path = $"{seed}-{mostUnsettled}.db";
        var streams = Open(path, mostUnsettled);
        var trace = new StringBuilder();
        try
        {
            for (var step = 0; step < 300; step++)
            {
                var (name, n, what, reopen) = ($"s-{random.Next(4)}", random.Next(1, 4), random.Next(100), random.Next(10) == 0);
                if (reopens && reopen)
                {
                    await streams.DisposeAsync();
                    streams = Open(path, mostUnsettled);
                }

                trace.Append(CultureInfo.InvariantCulture, $"{step} {name} ");
                trace.AppendLine(what switch
                {
                    < 60 => $"{await streams.AppendAsync(name, what < 50 ? ExpectedVersion.Any : new(random.Next(40)), [.. Enumerable.Range(0, n).Select(i => Event($"{(random.Next(5) == 0 ? random.Next(60) : 100 + (step * 3) + i)}"))], None)}",
                    < 70 => await TellAsync(streams, new() { Stream = name, After = random.Next(30), Limit = n * 4 }),
                    < 80 => await TellAsync(streams, new() { Stream = name, Before = random.Next(60), Limit = n * 4 }),
                    < 84 => await TellAsync(streams, new() { After = random.Next(100), Limit = 1000 }),
                    < 87 => await TellAsync(streams, new() { Before = long.MaxValue, Limit = 1000 }),
                    < 90 => $"{await streams.SetTermsAsync(name, n * 5, TimeSpan.Zero, None)}",
                    < 92 => $"{await streams.TruncateAsync(name, random.Next(20), None)}",
                    < 95 => $"{await streams.FindAsync(name, None)}",
                    < 98 => string.Join(' ', (await streams.ListAsync("s-", "", 10, None)).Streams!),
                    98 when step > 250 => $"{await streams.DeleteAsync(name, None)}",
                    _ => $"{(await streams.SaveAsync(name, new(random.Next(20), "", default), None)).Status}",
                });
            }

            return trace.ToString();
        }
        finally
        {
            await streams.DisposeAsync();
        }
    }

    EventStreams Open(string name, int mostUnsettled) => EventStreams.Open(new() { Path = folder[name], Time = time, MostUnsettled = mostUnsettled });

    static NewEvent Event(string id, int bytes = 2) => new(id, id, "{}"u8.ToArray(), new byte[bytes]);

    static async Task<string> TellAsync(EventStreams streams, StreamRead ask) =>
        string.Join(' ', (await streams.ReadAsync(ask, TimeSpan.Zero, None)).Events?.Select(e => $"{e.Version}:{e.Type}@{e.Position}") ?? ["gone"]);

    // As a server of the first version leaves it: a stream that is kept, one of which the first version is given up and swept, and one that is deleted.
    static void WriteFirstVersion(string path)
    {
        using var connection = new Connection(path);
        foreach (var statement in new[]
        {
            "PRAGMA auto_vacuum = INCREMENTAL", "PRAGMA journal_mode = WAL",
            "CREATE TABLE streams (n INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, first INTEGER NOT NULL, removed INTEGER NOT NULL, gone INTEGER NOT NULL, keep INTEGER NOT NULL, keepms INTEGER NOT NULL)",
            "CREATE INDEX streams_dirty ON streams (n) WHERE removed < first",
            "CREATE INDEX streams_aging ON streams (n) WHERE keepms > 0",
            "CREATE TABLE events (position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, hash INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, head BLOB NOT NULL, body BLOB NOT NULL)",
            "CREATE UNIQUE INDEX events_of ON events (stream, version)",
            "CREATE INDEX events_ids ON events (stream, hash)",
            "CREATE TABLE snapshots (stream INTEGER PRIMARY KEY, version INTEGER NOT NULL, type TEXT NOT NULL, body BLOB NOT NULL)",
            "CREATE TABLE readers (name TEXT PRIMARY KEY, position INTEGER NOT NULL, rewinds INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID",
            "CREATE TABLE last (position INTEGER NOT NULL, at INTEGER NOT NULL, streams INTEGER NOT NULL, events INTEGER NOT NULL)",
            "INSERT INTO last VALUES (6, 1000, 3, 5)",
            "INSERT INTO streams VALUES (1, 'kept', 3, 1, 1, 0, 0, 0), (2, 'cut', 3, 2, 2, 0, 2, 0), (3, 'gone', 1, 2, 2, 1, 0, 0)",
            // The hashes of a, b, c and d.
            Insert(1, 1, 1, "a"), Insert(2, 1, 2, "b"), Insert(4, 2, 2, "b"), Insert(5, 1, 3, "c"), Insert(6, 2, 3, "d"),
            "INSERT INTO snapshots VALUES (1, 2, 'sum', x'31')",
            "INSERT INTO readers VALUES ('r', 2, 0, 1000)",
            $"PRAGMA application_id = {StreamTables.Application}", "PRAGMA user_version = 1",
        })
        {
            connection.Run(statement);
        }
    }

    static string Insert(int position, int stream, int version, string id) =>
        $"INSERT INTO events VALUES ({position}, {stream}, {version}, 1000, {(long)unchecked((14695981039346656037UL ^ id[0]) * 1099511628211UL)}, '{id}', '{id}', x'7b7d', x'31')";
}
