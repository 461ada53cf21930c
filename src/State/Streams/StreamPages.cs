using Mainstay.State.Sqlite;

namespace Mainstay.State.Streams;

/// <summary>Pages of events out of the file.</summary>
static class StreamPages
{
    /// <summary>Bytes of one page; a larger event comes alone.</summary>
    const int MostBytes = 4 << 20;

    /// <summary>Events that are looked at for one page; one that finds nothing in so many says where to go on.</summary>
    const int MostScanned = 5_000;

    const string Columns = "SELECT e.position, e.version, e.at, e.type, s.name, s.first, e.head, e.body FROM events e JOIN streams s ON s.n = e.stream";

    public static ReadAnswer Read(JournalFile file, StreamRead ask, StreamSums sums)
    {
        if (ask.Stream is not { } name)
            return Page(ask, All(file, ask), sums.Position, 1);
        if (StreamTables.Find(file, name) is not { } row)
            return new(StreamStatus.Done, Events: [], Next: ask.Before ?? ask.After);
        if (row.Standing.IsGone)
            return new(StreamStatus.Gone, $"the stream '{name}' was deleted");
        return Page(ask, One(file, ask, row), row.Standing.Version, row.Standing.First);
    }

    static Statement All(JournalFile file, StreamRead ask) => ask.Before is { } before
        ? file[Columns + " WHERE e.position < ?1 ORDER BY e.position DESC"].Bind(1, before)
        : file[Columns + " WHERE e.position > ?1 ORDER BY e.position"].Bind(1, ask.After);

    static Statement One(JournalFile file, StreamRead ask, StreamTables.Row row) => ask.Before is { } before
        ? file[Columns + " WHERE e.stream = ?1 AND e.version < ?2 AND e.version >= ?3 ORDER BY e.version DESC"].Bind(1, row.N).Bind(2, before).Bind(3, row.Standing.First)
        : file[Columns + " WHERE e.stream = ?1 AND e.version > ?2 AND e.version >= ?3 ORDER BY e.version"].Bind(1, row.N).Bind(2, ask.After).Bind(3, row.Standing.First);

    static ReadAnswer Page(StreamRead ask, Statement select, long last, long first)
    {
        List<StoredEvent> events = [];
        var (next, scanned, bytes, isEnd) = (ask.Before ?? ask.After, 0, 0L, true);
        try
        {
            while (select.Step())
            {
                if (events.Count >= ask.Limit || bytes >= MostBytes || scanned >= MostScanned)
                {
                    isEnd = false;
                    break;
                }

                scanned++;
                var (position, version) = (select.Long(0), select.Long(1));
                next = ask.Stream is null ? position : version;
                var (type, name) = (select.Text(3), select.Text(4));
                // What was given up lies in the file until it is swept.
                if (version < select.Long(5) || !ask.Wants(name, type))
                    continue;
                events.Add(new(name, version, position, DateTimeOffset.FromUnixTimeMilliseconds(select.Long(2)), type, select.Blob(6), select.Blob(7)));
                bytes += events[^1].Head.Length + events[^1].Body.Length;
            }
        }
        finally
        {
            select.Reset();
        }

        return new(StreamStatus.Done, Events: events, Next: next, IsEnd: isEnd, Last: last, First: first);
    }
}
