using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Observe.Correlate;

namespace Mainstay.Host.Rehearse;

/// <summary>What a rehearsal begins with: a copy of what is declared and of how it stands, and what is measured.</summary>
public sealed record RehearsalState
{
    public required IReadOnlyList<Resource> Resources { get; init; }

    public required RehearsalFigures Figures { get; init; }

    /// <summary>What Observe knows of what is usual, by which it finds what is not.</summary>
    public ObservedPast Past { get; init; } = new();

    /// <summary>The time of day at which it begins.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Port of the Admin API, which a gateway must leave alone.</summary>
    public int AdminPort { get; init; } = 7070;

    /// <summary>Mainstay's own folder, absolute; null for none.</summary>
    public string? Data { get; init; }

    // What is large, secret or of this moment alone, and no decision rests on.
    static readonly HashSet<Type> Left =
        [typeof(Event), typeof(AuditEntry), typeof(HostIdentity), typeof(JoinToken), typeof(IdWorker), typeof(ConfigDraft), typeof(ConfigVersion), typeof(NamedLock), typeof(CachePurge)];

    /// <summary>Copies what the store holds; nothing is written.</summary>
    public static async Task<(IReadOnlyList<Resource> Resources, Snapshot Seen)> CopyAsync(IStore store, CancellationToken stop)
    {
        var (resources, seen) = (new List<Resource>(), new Snapshot(CoreKinds.All));
        foreach (var kind in CoreKinds.All.All.Where(k => !Left.Contains(k.Type)))
        {
            foreach (var entry in (await store.RangeAsync(kind.Prefix, stop: stop)).Entries)
            {
                resources.Add(kind.Decode(entry));
                seen.Take(new(entry.Key, entry, null), 0);
            }
        }

        return (resources, seen);
    }
}
