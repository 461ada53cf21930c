using Mainstay.Core.Kinds;
using Mainstay.Core.Store;

namespace Mainstay.Core.Reconcile;

/// <summary>
/// The decoded resources of the kinds that a loop watches, as of one revision. Written by the loop's own thread of control alone; a reconciler
/// reads it while it builds a view, and keeps nothing of it.
/// </summary>
public sealed class Snapshot(KindRegistry kinds)
{
    readonly Dictionary<Type, Shelf> shelves = [];

    /// <summary>The revision of the last change that it holds.</summary>
    public long Revision { get; private set; }

    /// <summary>The resource called <paramref name="name"/>, or null.</summary>
    public T? Get<T>(string name) where T : Resource =>
        shelves.TryGetValue(typeof(T), out var shelf) && shelf.ByName.TryGetValue(name, out var found) ? (T)found : null;

    /// <summary>All resources of a kind, in no particular order.</summary>
    public IEnumerable<T> All<T>() where T : Resource =>
        shelves.TryGetValue(typeof(T), out var shelf) ? shelf.ByName.Values.Cast<T>() : [];

    /// <summary>The names of a kind's resources, in no particular order.</summary>
    public IReadOnlyCollection<string> Names(Type type) => shelves.TryGetValue(type, out var shelf) ? shelf.ByName.Keys : [];

    public int Count<T>() where T : Resource => shelves.TryGetValue(typeof(T), out var shelf) ? shelf.ByName.Count : 0;

    /// <summary>The resources of a kind's group, in ordinal order of names.</summary>
    public IReadOnlyList<T> Group<T>(string group) where T : Resource =>
        shelves.TryGetValue(typeof(T), out var shelf) && shelf.ByGroup.TryGetValue(group, out var found)
            ? [.. found.Values.Cast<T>()]
            : [];

    /// <summary>Whether a kind's group has any resource.</summary>
    public bool Has<T>(string group) where T : Resource => shelves.TryGetValue(typeof(T), out var shelf) && shelf.ByGroup.ContainsKey(group);

    /// <summary>Takes one change in; gives the resource before and after it, null where absent.</summary>
    public (Resource? Before, Resource? After) Take(Change change, long revision)
    {
        At(revision);
        if (kinds.OfKey(change.Key) is not { } kind)
        {
            return (null, null);
        }

        var name = change.Key[kind.Prefix.Length..];
        var shelf = shelves.TryGetValue(kind.Type, out var s) ? s : shelves[kind.Type] = new();
        var before = shelf.ByName.GetValueOrDefault(name);
        var after = change.Current is { } entry ? kind.Decode(entry) : null;
        if (before is not null)
        {
            shelf.Remove(kind, name, before);
        }

        if (after is not null)
        {
            shelf.Add(kind, name, after);
        }

        return (before, after);
    }

    /// <summary>Says that everything up to <paramref name="revision"/> is held, whether or not it changed something here.</summary>
    public void At(long revision) => Revision = Math.Max(Revision, revision);

    sealed class Shelf
    {
        public Dictionary<string, Resource> ByName { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, SortedList<string, Resource>> ByGroup { get; } = new(StringComparer.Ordinal);

        public void Add(Kind kind, string name, Resource resource)
        {
            ByName[name] = resource;
            if (kind.GroupOf(resource) is { } group)
            {
                (ByGroup.TryGetValue(group, out var members) ? members : ByGroup[group] = new(StringComparer.Ordinal))[name] = resource;
            }
        }

        public void Remove(Kind kind, string name, Resource resource)
        {
            ByName.Remove(name);
            if (kind.GroupOf(resource) is { } group && ByGroup.TryGetValue(group, out var members) && members.Remove(name) && members.Count == 0)
            {
                ByGroup.Remove(group);
            }
        }
    }
}
