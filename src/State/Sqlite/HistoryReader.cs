using Mainstay.Core.Store;

namespace Mainstay.State.Sqlite;

/// <summary>Reads commits back from the log.</summary>
sealed class HistoryReader(Connection connection)
{
    const string Columns = "id, key, value, created, lease, previous";

    readonly Statement from = connection.Prepare($"SELECT {Columns} FROM history WHERE id >= ?1 ORDER BY id");
    readonly Statement at = connection.Prepare($"SELECT {Columns} FROM history WHERE id = ?1");
    readonly Statement lastBefore = connection.Prepare("SELECT max(id) FROM history WHERE id < ?1");
    readonly Statement folded = connection.Prepare("SELECT key, value, created, modified, lease FROM entries WHERE key = ?1 AND modified = ?2");

    /// <summary>Every change from a revision on, without what it replaced.</summary>
    public IEnumerable<(long Revision, Change Change)> Changes(long fromRevision)
    {
        from.Bind(1, fromRevision << Schema.PlaceBits);
        try
        {
            while (from.Step())
            {
                var revision = from.Long(0) >> Schema.PlaceBits;
                yield return (revision, new Change(from.Text(1), EntryOf(from), null));
            }
        }
        finally
        {
            from.Reset();
        }
    }

    /// <summary>Whole commits from a revision on, until about so many bytes or changes are read; at least one commit where there is any.</summary>
    public List<WatchBatch> Read(long fromRevision, long maxBytes = 1 << 20, int maxChanges = 512)
    {
        var batches = new List<WatchBatch>();
        var rows = new List<(Change Change, long Previous)>();
        var (revision, bytes, changes) = (0L, 0L, 0);
        from.Bind(1, fromRevision << Schema.PlaceBits);
        try
        {
            while (from.Step())
            {
                var next = from.Long(0) >> Schema.PlaceBits;
                if (next != revision && rows.Count > 0)
                {
                    batches.Add(Batch(revision, rows));
                    if (bytes >= maxBytes || changes >= maxChanges)
                        return batches;
                }

                revision = next;
                var change = new Change(from.Text(1), EntryOf(from), null);
                rows.Add((change, from.Long(5)));
                bytes += change.Current?.Value.Length ?? 0;
                changes++;
            }

            if (rows.Count > 0)
                batches.Add(Batch(revision, rows));
            return batches;
        }
        finally
        {
            from.Reset();
        }
    }

    WatchBatch Batch(long revision, List<(Change Change, long Previous)> rows)
    {
        var changes = rows.ConvertAll(row => row.Change with { Previous = row.Previous == 0 ? null : Find(row.Previous, row.Change.Key) });
        rows.Clear();
        return new WatchBatch(revision, changes);
    }

    // The entry that a commit wrote at a key: changes lie in ordinal order of keys at consecutive places, so a search halves them.
    Entry? Find(long revision, string key)
    {
        var low = revision << Schema.PlaceBits;
        lastBefore.Bind(1, (revision + 1) << Schema.PlaceBits).Step();
        var high = lastBefore.Long(0);
        lastBefore.Reset();
        while (low <= high)
        {
            var middle = low + ((high - low) / 2);
            var (found, order) = Probe(middle, key);
            if (order == 0)
                return found;
            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return FindFolded(revision, key);
    }

    (Entry? Entry, int Order) Probe(long id, string key)
    {
        try
        {
            return at.Bind(1, id).Step()
                ? (EntryOf(at), string.CompareOrdinal(at.Text(1), key))
                : throw new SqliteFault(SQLitePCL.raw.SQLITE_CORRUPT, $"history has no row {id}");
        }
        finally
        {
            at.Reset();
        }
    }

    Entry? FindFolded(long revision, string key)
    {
        try
        {
            return folded.Bind(1, key).Bind(2, revision).Step()
                ? new Entry(key, folded.Blob(1), folded.Long(2), folded.Long(3), folded.Long(4))
                : null;
        }
        finally
        {
            folded.Reset();
        }
    }

    static Entry? EntryOf(Statement row) => row.IsNull(2)
        ? null
        : new Entry(row.Text(1), row.Blob(2), row.Long(3), row.Long(0) >> Schema.PlaceBits, row.Long(4));
}
