using Mainstay.Core.Store;

namespace Mainstay.Core.Kinds;

/// <summary>What the system knows of a kind of resource. Codec, watch, API, CLI verbs, schema, TypeScript types and audit derive from it and the record.</summary>
public abstract class Kind
{
    internal Kind(Type type, string name, string plural, KindWrites writes)
    {
        Type = type;
        Name = name;
        Plural = plural;
        Writes = writes;
        Prefix = name + "/";
    }

    /// <summary>The record.</summary>
    public Type Type { get; }

    /// <summary>One of it, as in CLI and keys: <c>service</c>.</summary>
    public string Name { get; }

    /// <summary>Many of it, as in URLs: <c>services</c>.</summary>
    public string Plural { get; }

    public KindWrites Writes { get; }

    /// <summary>Every key of the kind begins with it.</summary>
    public string Prefix { get; }

    /// <summary>The columns of tables, after the name.</summary>
    public IReadOnlyList<Column> Columns { get; protected init; } = [];

    /// <summary>The store key of the resource called <paramref name="name"/>.</summary>
    public string KeyOf(string name) => Prefix + name;

    public abstract Resource Decode(Entry entry);

    /// <summary>What a group of it is called under which it is listed together (an instance's service); null where the kind has no groups.</summary>
    public abstract string? GroupOf(Resource resource);
}

/// <summary>A column of a kind's tables.</summary>
/// <param name="Title">Upper case by custom.</param>
/// <param name="Text">The cell.</param>
public sealed record Column(string Title, Func<Resource, string> Text);

/// <summary>Who may write a kind through the API.</summary>
public enum KindWrites
{
    /// <summary>Only Mainstay itself: the API lists, gets and watches it.</summary>
    System,

    /// <summary>Users too, by PUT and DELETE; each write makes an architecture version.</summary>
    Users,
}

/// <summary>A kind with its record's type.</summary>
public sealed class Kind<T> : Kind
    where T : Resource
{
    readonly Func<T, string>? group;

    public Kind(string name, string plural, KindWrites writes = KindWrites.System, Func<T, string>? group = null, params (string Title, Func<T, string> Text)[] columns)
        : base(typeof(T), name, plural, writes)
    {
        this.group = group;
        Columns = [.. columns.Select(c => new Column(c.Title, r => c.Text((T)r)))];
    }

    public override T Decode(Entry entry) => Codec.Decode<T>(entry.Value.Span) with { Revision = entry.ModRevision };

    public override string? GroupOf(Resource resource) => group?.Invoke((T)resource);
}

/// <summary>All registered kinds.</summary>
public sealed class KindRegistry
{
    readonly Dictionary<string, Kind> byName = new(StringComparer.Ordinal);
    readonly Dictionary<Type, Kind> byType = [];

    public IReadOnlyList<Kind> All { get; }

    public KindRegistry(params IEnumerable<Kind> kinds)
    {
        All = [.. kinds];
        foreach (var kind in All)
        {
            byName.Add(kind.Name, kind);
            if (kind.Plural != kind.Name)
            {
                byName.Add(kind.Plural, kind);
            }

            byType.Add(kind.Type, kind);
        }
    }

    /// <summary>By singular or plural name; null when there is none.</summary>
    public Kind? Find(string name) => byName.GetValueOrDefault(name);

    public Kind Of(Type type) => byType[type];

    public Kind<T> Of<T>() where T : Resource => (Kind<T>)byType[typeof(T)];

    /// <summary>The kind whose key this is; null for keys of no kind.</summary>
    public Kind? OfKey(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? null : byName.GetValueOrDefault(key[..slash]) is { } kind && kind.Prefix.Length == slash + 1 ? kind : null;
    }
}
