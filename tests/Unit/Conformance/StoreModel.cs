using System.Text;
using Mainstay.Core.Store;

namespace Mainstay.Tests.Conformance;

/// <summary>The contract as the simplest program that has it: a dictionary and a list of everything that ever happened.</summary>
sealed class StoreModel
{
    readonly SortedDictionary<string, Entry> entries = new(StringComparer.Ordinal);
    readonly HashSet<long> leases = [];
    readonly List<WatchBatch> history = [];

    public long Revision => history.Count;

    public IReadOnlyList<WatchBatch> History => history;

    public string Show() => entries.Values.Show();

    public void Grant(long lease) => leases.Add(lease);

    public void End(long lease)
    {
        if (leases.Remove(lease))
            Write([.. entries.Values.Where(e => e.Lease == lease).Select(e => new Operation(e.Key, null))]);
    }

    public bool Commit(Commit commit)
    {
        foreach (var compare in commit.Compares)
        {
            if ((entries.GetValueOrDefault(compare.Key)?.ModRevision ?? 0) != compare.ModRevision)
                return false;
        }

        if (commit.Operations.Any(o => o.Lease != 0 && o.Value is not null && !leases.Contains(o.Lease)))
            return false;
        Write(commit.Operations);
        return true;
    }

    void Write(IReadOnlyList<Operation> operations)
    {
        var revision = Revision + 1;
        var changes = new List<Change>();
        foreach (var operation in operations.OrderBy(o => o.Key, StringComparer.Ordinal))
        {
            var previous = entries.GetValueOrDefault(operation.Key);
            entries.Remove(operation.Key);
            if (operation.Value is { } value)
                entries[operation.Key] = new Entry(operation.Key, value, previous?.CreateRevision ?? revision, revision, operation.Lease);
            if (previous is not null || operation.Value is not null)
                changes.Add(new Change(operation.Key, entries.GetValueOrDefault(operation.Key), previous));
        }

        if (changes.Count > 0)
            history.Add(new WatchBatch(revision, changes));
    }
}
