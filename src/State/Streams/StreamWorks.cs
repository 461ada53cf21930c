using Mainstay.State.Decide;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Streams;

/// <summary>Appends events to one stream: all or none.</summary>
sealed class AppendWork(EventStreams streams, string name, ExpectedVersion expected, IReadOnlyList<NewEvent> events) : JournalWork<AppendAnswer>
{
    AppendAnswer? answer;
    StreamSums before;
    bool appended, isFull;

    public override void Write(JournalFile file)
    {
        before = streams.Sums;
        (appended, isFull) = (false, false);
        var row = StreamTables.Find(file, name);
        var standing = row?.Standing ?? StreamStanding.New;
        var known = new long[events.Count];
        for (var i = 0; row is not null && i < events.Count; i++)
            known[i] = StreamTables.VersionOf(file, row.Value.N, events[i].Id, standing.First);
        var verdict = StreamDecide.Append(standing, expected, known);
        answer = verdict.Fate switch
        {
            AppendFate.Append => Append(file, row, standing),
            AppendFate.Repeated => new(StreamStatus.Done, null, verdict.Version, standing.Version, StreamTables.PositionOf(file, row!.Value.N, verdict.Version + events.Count - 1), IsRepeated: true),
            AppendFate.WrongVersion => new(StreamStatus.WrongVersion, $"the stream '{name}' has version {verdict.Version}, not {expected.Version}", Version: verdict.Version),
            AppendFate.IdTaken => new(StreamStatus.IdTaken, $"the id of event {verdict.Index} is that of version {verdict.Version} of the stream '{name}'", Version: standing.Version),
            _ => new(StreamStatus.Gone, $"the stream '{name}' was deleted"),
        };
    }

    public override void Undo() => streams.Sums = before;

    protected override AppendAnswer Finish()
    {
        if (appended)
            streams.Appended(name, events.Count, isFull);
        else if (answer!.Status == StreamStatus.WrongVersion)
            streams.Conflicted();
        return answer!;
    }

    AppendAnswer Append(JournalFile file, StreamTables.Row? row, StreamStanding standing)
    {
        var (position, atMs) = (before.Position, Math.Max(streams.NowMs, before.AtMs));
        var after = standing with { Version = standing.Version + events.Count };
        after = after with { First = StreamDecide.FirstOf(after, row?.Keep ?? 0) };
        var n = row?.N ?? StreamTables.Insert(file, name, after);
        for (var i = 0; i < events.Count; i++)
            StreamTables.Insert(file, n, standing.Version + 1 + i, ++position, atMs, events[i]);
        if (row is not null)
            StreamTables.Stand(file, n, after);
        streams.Sums = new(position, atMs, before.Streams + (row is null ? 1 : 0), before.Events + events.Count);
        StreamTables.Keep(file, streams.Sums);
        (appended, isFull) = (true, after.First > standing.First);
        return new(StreamStatus.Done, null, standing.Version + 1, after.Version, position);
    }
}

/// <summary>Removes what is kept no more, a slice at a time.</summary>
sealed class SweepWork(EventStreams streams) : JournalWork<bool>
{
    StreamSums before;
    long aged;
    bool hasMore;

    // A loss of power brings back what is removed here, and it is removed again.
    public override JournalNeed Need => JournalNeed.Write;

    public override void Write(JournalFile file)
    {
        before = streams.Sums;
        aged = StreamTables.Age(file, streams.AgedTo, streams.NowMs);
        (var removed, hasMore) = StreamTables.Sweep(file);
        if (removed > 0)
        {
            streams.Sums = before with { Events = before.Events - removed };
            StreamTables.Keep(file, streams.Sums);
        }

        file.Shrink();
    }

    public override void Undo() => streams.Sums = before;

    protected override bool Finish()
    {
        streams.AgedTo = aged;
        streams.SweepSoon(hasMore || aged > 0);
        return true;
    }
}

/// <summary>Changes what is kept of a stream.</summary>
sealed class ChangeWork(EventStreams streams, string name, Action<JournalFile, StreamTables.Row> change, bool make) : JournalWork<StreamAnswer>
{
    StreamAnswer? answer;
    StreamSums before;

    public override void Write(JournalFile file)
    {
        before = streams.Sums;
        var row = StreamTables.Find(file, name);
        if (row is null && make)
        {
            StreamTables.Insert(file, name, StreamStanding.New);
            streams.Sums = before with { Streams = before.Streams + 1 };
            StreamTables.Keep(file, streams.Sums);
            row = StreamTables.Find(file, name);
        }

        if (row is not { } found)
        {
            answer = new(StreamStatus.Unknown, $"there is no stream '{name}'");
            return;
        }

        if (found.Standing.IsGone)
        {
            answer = new(StreamStatus.Gone, $"the stream '{name}' was deleted");
            return;
        }

        change(file, found);
        answer = new(StreamStatus.Done, Stream: EventStreams.Show(file, StreamTables.Find(file, name)!.Value));
    }

    public override void Undo() => streams.Sums = before;

    protected override StreamAnswer Finish()
    {
        streams.SweepSoon(true);
        return answer!;
    }
}
