using System.Text;
using Mainstay.State.Decide;
using Mainstay.State.Streams;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>Event streams on the disk.</summary>
public sealed class EventStreamsTests : IDisposable
{
    static readonly CancellationToken None = CancellationToken.None;

    readonly TempFolder folder = new();
    readonly FakeTime time = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task What_is_appended_is_read_in_both_directions_also_after_opening_anew()
    {
        await using (var streams = Open())
        {
            (await streams.AppendAsync("order-1", ExpectedVersion.None, [Event("a"), Event("b")], None)).ShouldBe(new(StreamStatus.Done, null, 1, 2, 2));
            (await streams.AppendAsync("order-2", ExpectedVersion.Any, [Event("c")], None)).ShouldBe(new(StreamStatus.Done, null, 1, 1, 3));
            (await streams.AppendAsync("order-1", new(2), [Event("d")], None)).ShouldBe(new(StreamStatus.Done, null, 3, 3, 4));
            (await streams.AppendAsync("order-1", new(2), [Event("e")], None)).Status.ShouldBe(StreamStatus.WrongVersion);
        }

        await using var again = Open();
        (await ReadAsync(again, new() { Stream = "order-1" })).ShouldBe("1:a@1 2:b@2 3:d@4 next 3 end of 3");
        (await ReadAsync(again, new() { Stream = "order-1", After = 1, Limit = 1 })).ShouldBe("2:b@2 next 2 of 3");
        (await ReadAsync(again, new() { Stream = "order-1", Before = long.MaxValue, Limit = 2 })).ShouldBe("3:d@4 2:b@2 next 2 of 3");
        (await ReadAsync(again, new() { Stream = "order-1", Before = 2 })).ShouldBe("1:a@1 next 1 end of 3");
        (await ReadAsync(again, new())).ShouldBe("1:a@1 2:b@2 1:c@3 3:d@4 next 4 end of 4");
        (await ReadAsync(again, new() { Before = 4, Limit = 2 })).ShouldBe("1:c@3 2:b@2 next 2 of 4");
        (await ReadAsync(again, new() { Streams = ["order-2"] })).ShouldBe("1:c@3 next 4 end of 4");
        (await ReadAsync(again, new() { Types = ["b", "d*"] })).ShouldBe("2:b@2 3:d@4 next 4 end of 4");
        (await ReadAsync(again, new() { Stream = "nobody" })).ShouldBe("next 0 end of 0");
        (await again.AppendAsync("order-2", new(1), [Event("f")], None)).Position.ShouldBe(5);
        (await again.FiguresAsync(None))!.ShouldSatisfyAllConditions(f => f.Streams.ShouldBe(2), f => f.Events.ShouldBe(5), f => f.Last.ShouldBe(5), f => f.Appended.ShouldBe(1));
    }

    [Fact]
    public async Task The_same_request_again_changes_nothing_and_an_id_comes_once()
    {
        await using var streams = Open();
        await streams.AppendAsync("s", ExpectedVersion.None, [Event("a"), Event("b")], None);
        await streams.AppendAsync("s", ExpectedVersion.Any, [Event("c")], None);
        (await streams.AppendAsync("s", ExpectedVersion.None, [Event("a"), Event("b")], None)).ShouldBe(new(StreamStatus.Done, null, 1, 3, 2, IsRepeated: true));
        (await streams.AppendAsync("s", new(2), [Event("c")], None)).ShouldBe(new(StreamStatus.Done, null, 3, 3, 3, IsRepeated: true));
        (await streams.AppendAsync("s", ExpectedVersion.Any, [Event("d"), Event("a")], None)).Status.ShouldBe(StreamStatus.IdTaken);
        (await streams.AppendAsync("s", ExpectedVersion.Any, [Event("d"), Event("d")], None)).Status.ShouldBe(StreamStatus.Refused);
        (await streams.AppendAsync("t", ExpectedVersion.Any, [Event("a")], None)).Version.ShouldBe(1, "in another stream it is another event");
        (await ReadAsync(streams, new() { Stream = "s" })).ShouldBe("1:a@1 2:b@2 3:c@3 next 3 end of 3");
    }

    [Fact]
    public async Task Of_many_who_expect_the_same_version_one_succeeds()
    {
        await using var streams = Open();
        for (var version = 0; version < 20; version++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(who => streams.AppendAsync("s", new(version), [Event($"{version}-{who}")], None)));
            answers.Count(a => a.Status == StreamStatus.Done).ShouldBe(1);
            answers.Where(a => a.Status != StreamStatus.Done).ShouldAllBe(a => a.Status == StreamStatus.WrongVersion && a.Version == version + 1);
        }

        (await streams.FiguresAsync(None))!.Conflicts.ShouldBe(20 * 15);
    }

    [Fact]
    public async Task Old_events_go_by_number_by_age_and_by_hand_and_versions_stay()
    {
        await using var streams = Open();
        await streams.SetTermsAsync("few", 2, TimeSpan.Zero, None);
        await streams.SetTermsAsync("young", 0, TimeSpan.FromHours(1), None);
        for (var n = 0; n < 5; n++)
        {
            foreach (var name in new[] { "few", "young", "hand" })
                await streams.AppendAsync(name, new(n), [Event($"{n}")], None);
            time.Advance(TimeSpan.FromMinutes(20));
        }

        (await streams.TruncateAsync("hand", 4, None)).Stream!.First.ShouldBe(4);
        (await streams.TruncateAsync("hand", 2, None)).Stream!.First.ShouldBe(4, "what is gone does not come back");
        (await ReadAsync(streams, new() { Stream = "few" })).ShouldBe("4:3@10 5:4@13 next 5 end of 5");
        (await ReadAsync(streams, new() { Stream = "hand" })).ShouldBe("4:3@12 5:4@15 next 5 end of 5");
        await Until.HoldsAsync(async () => (await streams.FiguresAsync(None))!.Events == 6, () => time.Advance(TimeSpan.FromMilliseconds(10)));
        (await ReadAsync(streams, new() { Stream = "young" })).ShouldBe("4:3@11 5:4@14 next 5 end of 5");
        (await ReadAsync(streams, new())).ShouldBe("4:3@10 4:3@11 4:3@12 5:4@13 5:4@14 5:4@15 next 15 end of 15");
        (await streams.TruncateAsync("hand", 100, None)).Stream!.First.ShouldBe(6);
        (await streams.AppendAsync("hand", new(5), [Event("x")], None)).Version.ShouldBe(6);
    }

    [Fact]
    public async Task A_deleted_stream_is_gone_for_good()
    {
        await using (var streams = Open())
        {
            await streams.AppendAsync("s", ExpectedVersion.Any, [Event("a")], None);
            await streams.SaveAsync("s", new(1, "sum", "1"u8.ToArray()), None);
            (await streams.DeleteAsync("s", None)).Stream!.IsGone.ShouldBeTrue();
            (await ReadAsync(streams, new())).ShouldBe("next 1 end of 1", "also before it is swept");
            (await streams.DeleteAsync("never", None)).Status.ShouldBe(StreamStatus.Unknown);
        }

        await using var again = Open();
        (await again.ReadAsync(new() { Stream = "s" }, TimeSpan.Zero, None)).Status.ShouldBe(StreamStatus.Gone);
        (await again.AppendAsync("s", ExpectedVersion.Any, [Event("b")], None)).Status.ShouldBe(StreamStatus.Gone);
        (await again.SnapshotAsync("s", None)).Status.ShouldBe(StreamStatus.Unknown);
        await Until.HoldsAsync(async () => (await again.FiguresAsync(None))!.Events == 0, () => time.Advance(TimeSpan.FromMilliseconds(10)));
    }

    [Fact]
    public async Task Snapshots_only_grow_and_never_run_ahead()
    {
        await using var streams = Open();
        await streams.AppendAsync("s", ExpectedVersion.Any, [Event("a"), Event("b"), Event("c")], None);
        (await streams.SaveAsync("s", new(2, "sum", "2"u8.ToArray()), None)).Status.ShouldBe(StreamStatus.Done);
        (await streams.SaveAsync("s", new(1, "sum", "1"u8.ToArray()), None)).Status.ShouldBe(StreamStatus.Refused);
        (await streams.SaveAsync("s", new(4, "sum", "4"u8.ToArray()), None)).Status.ShouldBe(StreamStatus.Refused);
        (await streams.SaveAsync("s", new(3, "", default), None)).Status.ShouldBe(StreamStatus.Done, "nothing is something too");
        (await streams.SnapshotAsync("s", None)).Snapshot!.Version.ShouldBe(3);
        (await streams.FindAsync("s", None)).Stream!.Snapshot.ShouldBe(3);
    }

    [Fact]
    public async Task Who_waits_is_woken_by_what_is_wanted_alone()
    {
        await using var streams = Open();
        var one = streams.ReadAsync(new() { Stream = "s" }, TimeSpan.FromMinutes(1), None);
        var typed = streams.ReadAsync(new() { Types = ["b"] }, TimeSpan.FromMinutes(1), None);
        await Until.HoldsAsync(() => streams.Waiting == 2);
        await streams.AppendAsync("t", ExpectedVersion.Any, [Event("a")], None);
        await streams.AppendAsync("s", ExpectedVersion.Any, [Event("a")], None);
        (await one).Events!.Single().Position.ShouldBe(2);
        typed.IsCompleted.ShouldBeFalse();
        await streams.AppendAsync("t", ExpectedVersion.Any, [Event("b")], None);
        (await typed).Events!.Single().Position.ShouldBe(3);
        var nothing = streams.ReadAsync(new() { Stream = "s", After = 1 }, TimeSpan.FromSeconds(5), None);
        (await Until.DoneAsync(nothing, () => time.Advance(TimeSpan.FromSeconds(1)))).Events!.ShouldBeEmpty();
        await Until.HoldsAsync(() => streams.Waiting == 0);
    }

    [Fact]
    public async Task Readers_go_on_and_are_sent_back_and_notice_it()
    {
        await using (var streams = Open())
        {
            await streams.AppendAsync("s", ExpectedVersion.Any, [Event("a"), Event("b"), Event("c")], None);
            (await streams.MoveAsync("r", null, null, 0, None)).Readers![0].Position.ShouldBe(0);
            (await streams.MoveAsync("late", null, null, null, None)).Readers![0].Position.ShouldBe(3);
            (await streams.MoveAsync("r", 2, 0, null, None)).Readers![0].Position.ShouldBe(2);
            (await streams.MoveAsync("r", 1, 0, null, None)).Status.ShouldBe(StreamStatus.Refused);
            (await streams.MoveAsync("r", 4, 0, null, None)).Status.ShouldBe(StreamStatus.Refused);
            (await streams.RewindAsync("r", 1, None)).Readers![0].ShouldSatisfyAllConditions(r => r.Position.ShouldBe(1), r => r.Rewinds.ShouldBe(1));
            (await streams.MoveAsync("r", 3, 0, null, None)).Status.ShouldBe(StreamStatus.WrongVersion);
            (await streams.RewindAsync("nobody", 1, None)).Status.ShouldBe(StreamStatus.Unknown);
        }

        await using var again = Open();
        (await again.ReadersAsync(None)).Readers!.Select(r => $"{r.Name} {r.Position} {r.Rewinds}").ShouldBe(["late 3 0", "r 1 1"]);
        (await again.ForgetAsync("r", None)).Status.ShouldBe(StreamStatus.Done);
        (await again.ReadersAsync(None)).Readers!.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_file_that_is_full_refuses_whole_requests_and_leaves_no_gap()
    {
        await using var streams = EventStreams.Open(new() { Path = folder["streams.db"], Time = time, MaxFileBytes = 256 << 10 });
        var (stored, refused) = (0L, 0);
        for (var n = 0; n < 60; n++)
        {
            var answer = await streams.AppendAsync("s", ExpectedVersion.Any, [Event($"{n}-a", 4000), Event($"{n}-b", 4000)], None);
            if (answer.Status == StreamStatus.Done)
                answer.Version.ShouldBe(stored += 2);
            else
                refused++;
        }

        refused.ShouldBeGreaterThan(0);
        stored.ShouldBeGreaterThan(0);
        (await streams.ReadAsync(new() { Stream = "s", Limit = 1000 }, TimeSpan.Zero, None)).Events!.Select(e => e.Version).ShouldBe(Enumerable.Range(1, (int)stored).Select(v => (long)v));
        (await streams.AppendAsync("s", ExpectedVersion.Any, [Event("large", 300_000)], None)).Status.ShouldBe(StreamStatus.TooLarge);
    }

    EventStreams Open() => EventStreams.Open(new() { Path = folder["streams.db"], Time = time });

    static NewEvent Event(string id, int bytes = 2) => new(id, id, Encoding.UTF8.GetBytes($$"""{"specversion":"1.0","id":"{{id}}"}"""), new byte[bytes]);

    static async Task<string> ReadAsync(EventStreams streams, StreamRead ask)
    {
        var page = await streams.ReadAsync(ask, TimeSpan.Zero, None);
        page.Status.ShouldBe(StreamStatus.Done);
        return string.Join(' ', [.. page.Events!.Select(e => $"{e.Version}:{e.Type}@{e.Position}"), $"next {page.Next}", .. page.IsEnd ? ["end"] : Array.Empty<string>(), $"of {page.Last}"]);
    }
}
