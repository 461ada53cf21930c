using Mainstay.State.Sqlite;

namespace Mainstay.State.Streams;

/// <summary>Pages of events out of the file.</summary>
static class StreamPages
{
    /// <summary>Bytes of one page; a larger event comes alone.</summary>
    const int MostBytes = 4 << 20;

    /// <summary>Events that are looked at for one page; one that finds nothing in so many says where to go on.</summary>
    const int MostScanned = 5_000;

    const string Columns = "SELECT e.position, e.version, e.at, e.type, s.name, e.stream, s.first, e.head, e.body";
    const string ByPosition = Columns + " FROM events e JOIN streams s ON s.n = e.stream WHERE e.position";
    const string ByVersion = Columns + " FROM places p CROSS JOIN events e ON e.position = p.position CROSS JOIN streams s ON s.n = p.stream WHERE p.stream = ?1 AND p.version";

    public static ReadAnswer Read(JournalFile file, StreamRead ask, StreamSums sums, StreamTail tail)
    {
        if (ask.Stream is not { } name)
            return Page(ask, All(file, ask), tail, sums.Position, 1);
        if (tail.Find(file, name) is not { } row)
            return new(StreamStatus.Done, Events: [], Next: ask.Before ?? ask.After);
        if (row.Standing.IsGone)
            return new(StreamStatus.Gone, $"the stream '{name}' was deleted");
        var events = ask.Before is { } before ? Backward(file, row, tail, before) : Forward(file, row, tail, ask.After);
        return Page(ask, events, tail, row.Standing.Version, row.Standing.First);
    }

    static IEnumerable<Statement> All(JournalFile file, StreamRead ask) => ask.Before is { } before
        ? Rows(file[ByPosition + " < ?1 ORDER BY e.position DESC"].Bind(1, before))
        : Rows(file[ByPosition + " > ?1 ORDER BY e.position"].Bind(1, ask.After));

    static IEnumerable<Statement> Forward(JournalFile file, StreamTables.Row row, StreamTail tail, long after)
    {
        var (indexed, from) = (tail.IndexedOf(row), Math.Max(Math.Min(after, row.Standing.Version) + 1, row.Standing.First));
        if (from <= indexed)
        {
            foreach (var one in Rows(file[ByVersion + " >= ?2 ORDER BY p.version"].Bind(1, row.N).Bind(2, from)))
                yield return one;
        }

        for (var version = Math.Max(from, indexed + 1); version <= row.Standing.Version; version++)
        {
            foreach (var one in At(file, tail.PositionOf(file, row.N, version)))
                yield return one;
        }
    }

    static IEnumerable<Statement> Backward(JournalFile file, StreamTables.Row row, StreamTail tail, long before)
    {
        var (indexed, from) = (tail.IndexedOf(row), Math.Min(before, row.Standing.Version + 1) - 1);
        for (var version = from; version > indexed && version >= row.Standing.First; version--)
        {
            foreach (var one in At(file, tail.PositionOf(file, row.N, version)))
                yield return one;
        }

        foreach (var one in Rows(file[ByVersion + " <= ?2 AND p.version >= ?3 ORDER BY p.version DESC"].Bind(1, row.N).Bind(2, Math.Min(from, indexed)).Bind(3, row.Standing.First)))
            yield return one;
    }

    static IEnumerable<Statement> At(JournalFile file, long position) => Rows(file[ByPosition + " = ?1"].Bind(1, position));

    static IEnumerable<Statement> Rows(Statement select)
    {
        try
        {
            while (select.Step())
                yield return select;
        }
        finally
        {
            select.Reset();
        }
    }

    static ReadAnswer Page(StreamRead ask, IEnumerable<Statement> rows, StreamTail tail, long last, long first)
    {
        List<StoredEvent> events = [];
        var (next, scanned, bytes, isEnd) = (ask.Before ?? ask.After, 0, 0L, true);
        foreach (var row in rows)
        {
            if (events.Count >= ask.Limit || bytes >= MostBytes || scanned >= MostScanned)
            {
                isEnd = false;
                break;
            }

            scanned++;
            var (position, version) = (row.Long(0), row.Long(1));
            next = ask.Stream is null ? position : version;
            var (type, name) = (row.Text(3), row.Text(4));
            // What was given up lies in the file until it is swept.
            if (version < tail.FirstOf(row.Long(5), row.Long(6)) || !ask.Wants(name, type))
                continue;
            events.Add(new(name, version, position, DateTimeOffset.FromUnixTimeMilliseconds(row.Long(2)), type, row.Blob(7), row.Blob(8)));
            bytes += events[^1].Head.Length + events[^1].Body.Length;
        }

        return new(StreamStatus.Done, Events: events, Next: next, IsEnd: isEnd, Last: last, First: first);
    }
}
