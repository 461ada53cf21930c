using Mainstay.Core.Store;
using SQLitePCL;

namespace Mainstay.State.Sqlite;

/// <summary>Brings the visible state to what the file holds.</summary>
static class Recovery
{
    /// <summary>Reads everything into a new state; returns the history's bytes of keys and values.</summary>
    public static long Load(Database database, StoreState state)
    {
        foreach (var (id, ttl) in database.Leases())
            state.AddLease(id, ttl);
        foreach (var entry in database.Entries())
            state.RestoreEntry(entry.Key, entry);
        var (horizon, bytes) = (database.Horizon, 0L);
        var last = horizon - 1;
        foreach (var (revision, change) in database.Reader.Changes(0))
        {
            if (revision != last && revision != last + 1)
                throw new SqliteFault(raw.SQLITE_CORRUPT, $"history goes from revision {last} to {revision}");
            last = revision;
            state.RestoreEntry(change.Key, change.Current);
            bytes += change.Key.Length + (change.Current?.Value.Length ?? 0);
        }

        state.RestoreCounters(Math.Max(0, last), horizon);
        return bytes;
    }

    /// <summary>
    /// Shows what a failed write left in the file after all, once it was opened again; its callers were told that the outcome is unknown.
    /// </summary>
    public static void CatchUp(Database database, StoreState state)
    {
        if (database.Revision < state.Revision)
            throw new SqliteFault(raw.SQLITE_CORRUPT, $"it ends at revision {database.Revision}, but {state.Revision} was acknowledged");
        var leases = database.Leases().ToDictionary(l => l.Id, l => l.Ttl);
        var known = state.LeaseIds();
        foreach (var id in leases.Keys.Except(known).Order())
            state.AddLease(id, leases[id]);
        while (state.Revision < database.Revision)
            state.Apply(database.Reader.Read(state.Revision + 1), []);
        state.Apply([], [.. known.Where(id => !leases.ContainsKey(id))]);
        state.Compact(database.Horizon);
    }
}
