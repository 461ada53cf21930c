using Mainstay.Core.Kinds;
using Mainstay.Observe.Ingest;

namespace Mainstay.Observe.Correlate;

/// <summary>Everything that a diagnosis looks at, as of one step. It keeps nothing and asks nobody.</summary>
public sealed class Picture
{
    readonly ILookup<string, EdgeKey> from;
    readonly ILookup<string, EdgeKey> to;

    public Picture(
        DateTimeOffset at, FigureHistory figures, IEnumerable<SeenNode> nodes, IEnumerable<SeenRoute> routes, IEnumerable<EdgeKey> edges,
        IEnumerable<SeenChange>? changes = null, IEnumerable<SeenStatement>? statements = null)
    {
        (At, Figures) = (at, figures);
        Nodes = nodes.ToDictionary(n => n.Id, StringComparer.Ordinal);
        Routes = [.. routes.OrderBy(r => r.Name, StringComparer.Ordinal)];
        var ordered = edges.OrderBy(e => e.From, StringComparer.Ordinal).ThenBy(e => e.To, StringComparer.Ordinal).ToList();
        (from, to) = (ordered.ToLookup(e => e.From, StringComparer.Ordinal), ordered.ToLookup(e => e.To, StringComparer.Ordinal));
        Changes = [.. (changes ?? []).OrderByDescending(c => c.At).ThenBy(c => c.What, StringComparer.Ordinal)];
        Statements = [.. (statements ?? []).OrderBy(s => s.Service, StringComparer.Ordinal).ThenBy(s => s.Text, StringComparer.Ordinal)];
    }

    public DateTimeOffset At { get; }

    public FigureHistory Figures { get; }

    public IReadOnlyDictionary<string, SeenNode> Nodes { get; }

    public IReadOnlyList<SeenRoute> Routes { get; }

    /// <summary>The newest first.</summary>
    public IReadOnlyList<SeenChange> Changes { get; }

    public IReadOnlyList<SeenStatement> Statements { get; }

    /// <summary>A node by its id, or a database, cache or queue by the name under which it is probed; null where there is none.</summary>
    public SeenNode? Named(string name) => Nodes.GetValueOrDefault(name) ?? Nodes.Values.Where(n => n.Probe == name && n.IsStore).MinBy(n => n.Id, StringComparer.Ordinal);

    /// <summary>The edges that leave a node.</summary>
    public IEnumerable<EdgeKey> From(string node) => from[node];

    /// <summary>The edges that come to a node.</summary>
    public IEnumerable<EdgeKey> To(string node) => to[node];

    public Deviation Of(string subject, Figure figure) => Figures.Of(subject, figure);

    public Deviation Of(EdgeKey edge, Figure figure) => Figures.Of(Subjects.Edge(edge.From, edge.To), figure);
}

/// <summary>What a node is.</summary>
public enum SeenKind
{
    Service,
    Database,
    Cache,
    Queue,

    /// <summary>Something that nobody declares and that sends nothing.</summary>
    External,
}

/// <summary>A node of the map.</summary>
/// <param name="Id">As on the map.</param>
/// <param name="Ready">Instances that are ready.</param>
/// <param name="Wanted">Instances that are wanted; 0 for what is not ours.</param>
/// <param name="Probe">The name under which it is probed; null where it is not.</param>
public sealed record SeenNode(string Id, SeenKind Kind, Criticality Criticality, IReadOnlyList<SeenInstance> Instances, int Ready = 0, int Wanted = 0, string? Probe = null)
{
    /// <summary>What it is when it is down, for causes.</summary>
    public bool IsStore => Kind is SeenKind.Database or SeenKind.Cache or SeenKind.Queue;
}

/// <summary>An instance of a service.</summary>
public sealed record SeenInstance(string Name, string Host, string Version, bool Ready);

/// <summary>A public API.</summary>
/// <param name="To">The services that answer it.</param>
public sealed record SeenRoute(string Name, Criticality Criticality, IReadOnlyList<string> To);

/// <summary>What kind of change it was.</summary>
public enum ChangeKind
{
    /// <summary>Other software or other settings: the version, the command, the environment, the terms of calls.</summary>
    Release,

    /// <summary>Another number of instances, or a restart.</summary>
    Scale,

    /// <summary>Something is done to the traffic on purpose.</summary>
    Intervention,
}

/// <summary>A change of a service.</summary>
/// <param name="Service">Whose; a route's changes are its service's.</param>
/// <param name="What">In words.</param>
public sealed record SeenChange(DateTimeOffset At, string Service, ChangeKind Kind, string What);

/// <summary>A statement that a service sends to its database.</summary>
/// <param name="Exemplar">A slow trace with it; null where none is known.</param>
public sealed record SeenStatement(string Service, string Text, string? Exemplar = null);
