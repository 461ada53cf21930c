using Mainstay.State.Decide;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Streams;

/// <summary>A work that changes what the streams come to; what it changed in memory is taken back with its transaction.</summary>
abstract class StreamWork<T>(EventStreams streams) : JournalWork<T>
{
    StreamTail? settled;

    protected EventStreams Streams => streams;

    /// <summary>What they came to before it.</summary>
    protected StreamSums Before { get; private set; }

    public sealed override void Write(JournalFile file)
    {
        (Before, settled) = (streams.Sums, null);
        Change(file);
    }

    public override void Undo()
    {
        streams.Sums = Before;
        if (settled is not null)
            streams.Tail = settled;
    }

    protected abstract void Change(JournalFile file);

    /// <summary>Writes the indexes: from here on all is in the tables.</summary>
    protected void Settle(JournalFile file)
    {
        if (streams.Tail.Count == 0)
            return;
        StreamTables.Settle(file, streams.Tail, Before);
        (settled, streams.Tail) = (streams.Tail, new(Before.Position));
    }
}

/// <summary>Appends events to one stream: all or none.</summary>
sealed class AppendWork(EventStreams streams, string name, ExpectedVersion expected, IReadOnlyList<NewEvent> events) : StreamWork<AppendAnswer>(streams)
{
    readonly string[] ids = [.. events.Select(e => e.Id)];
    readonly long[] known = new long[events.Count];
    AppendAnswer? answer;
    StreamTables.Row? appendedTo;
    bool isFull;

    public override void Undo()
    {
        if (appendedTo is { } row)
            Streams.Tail.TakeBack(row, ids);
        appendedTo = null;
        base.Undo();
    }

    protected override void Change(JournalFile file)
    {
        isFull = false;
        var row = Streams.Tail.Find(file, name);
        var standing = row?.Standing ?? StreamStanding.New;
        for (var i = 0; i < ids.Length; i++)
            known[i] = row is { } seen ? Streams.Tail.VersionOf(file, seen, ids[i]) : 0;
        var verdict = StreamDecide.Append(standing, expected, known);
        answer = verdict.Fate switch
        {
            AppendFate.Append => Append(file, row, standing),
            AppendFate.Repeated => new(StreamStatus.Done, null, verdict.Version, standing.Version, Streams.Tail.PositionOf(file, row!.Value.N, verdict.Version + events.Count - 1), IsRepeated: true),
            AppendFate.WrongVersion => new(StreamStatus.WrongVersion, $"the stream '{name}' has version {verdict.Version}, not {expected.Version}", Version: verdict.Version),
            AppendFate.IdTaken => new(StreamStatus.IdTaken, $"the id of event {verdict.Index} is that of version {verdict.Version} of the stream '{name}'", Version: standing.Version),
            _ => new(StreamStatus.Gone, $"the stream '{name}' was deleted"),
        };
    }

    protected override AppendAnswer Finish()
    {
        if (appendedTo is not null)
            Streams.Appended(name, events.Count, isFull);
        else if (answer!.Status == StreamStatus.WrongVersion)
            Streams.Conflicted();
        return answer!;
    }

    AppendAnswer Append(JournalFile file, StreamTables.Row? found, StreamStanding standing)
    {
        // An id that was given up and comes again is kept apart from the first one by the indexes alone.
        if (Streams.Tail.Count >= Streams.MostUnsettled || (found is { } seen && ids.Any(id => Streams.Tail.Has(seen.N, id))))
            Settle(file);
        var (position, atMs) = (Before.Position, Math.Max(Streams.NowMs, Before.AtMs));
        var row = found ?? StreamTables.Insert(file, name);
        var after = standing with { Version = standing.Version + events.Count };
        after = after with { First = StreamDecide.FirstOf(after, row.Keep) };
        for (var i = 0; i < events.Count; i++)
            StreamTables.Insert(file, row.N, standing.Version + 1 + i, ++position, atMs, events[i]);
        Streams.Tail.Add(row, after, position, ids);
        Streams.Sums = new(position, atMs, Before.Streams + (found is null ? 1 : 0), Before.Events + events.Count);
        (appendedTo, isFull) = (row, after.First > standing.First);
        return new(StreamStatus.Done, null, standing.Version + 1, after.Version, position);
    }
}

/// <summary>Removes what is kept no more, a slice at a time.</summary>
sealed class SweepWork(EventStreams streams) : StreamWork<bool>(streams)
{
    long aged;
    bool hasMore;

    // A loss of power brings back what is removed here, and it is removed again.
    public override JournalNeed Need => JournalNeed.Write;

    public override void Fail(JournalStatus status, string why)
    {
        base.Fail(status, why);
        Streams.Swept(hasMore: false);
    }

    protected override void Change(JournalFile file)
    {
        Settle(file);
        aged = StreamTables.Age(file, Streams.AgedTo, Streams.NowMs);
        (var removed, hasMore) = StreamTables.Sweep(file);
        if (removed > 0)
        {
            Streams.Sums = Before with { Events = Before.Events - removed };
            StreamTables.Keep(file, Streams.Sums);
        }

        file.Shrink();
    }

    protected override bool Finish()
    {
        Streams.AgedTo = aged;
        Streams.Swept(hasMore || aged > 0);
        return true;
    }
}

/// <summary>Changes what is kept of a stream.</summary>
sealed class ChangeWork(EventStreams streams, string name, Action<JournalFile, StreamTables.Row> change, bool make) : StreamWork<StreamAnswer>(streams)
{
    StreamAnswer? answer;

    protected override void Change(JournalFile file)
    {
        Settle(file);
        var row = StreamTables.Find(file, name);
        if (row is null && make)
        {
            row = StreamTables.Insert(file, name);
            Streams.Sums = Before with { Streams = Before.Streams + 1 };
            StreamTables.Keep(file, Streams.Sums);
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
        answer = new(StreamStatus.Done, Stream: Streams.Show(file, StreamTables.Find(file, name)!.Value));
    }

    protected override StreamAnswer Finish()
    {
        Streams.SweepSoon();
        return answer!;
    }
}
