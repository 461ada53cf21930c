using Mainstay.Traffic.Drivers.Tls;

namespace Mainstay.Traffic.Path;

/// <summary>
/// What a <see cref="TableModel"/> compiles to: immutable, read by every exchange once at its start, and replaced by one volatile write.
/// </summary>
internal sealed class RouteTable(long revision, IReadOnlyDictionary<string, ListenerTable> listeners, IReadOnlyList<string> problems)
{
    public static RouteTable Empty { get; } = new(0, new Dictionary<string, ListenerTable>(), []);

    public long Revision { get; } = revision;

    public IReadOnlyDictionary<string, ListenerTable> Listeners { get; } = listeners;

    /// <summary>What of the model could not be used.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}

/// <summary>One listener's part of the table.</summary>
internal sealed class ListenerTable(ListenerModel model, RouteTarget? only, RouteTree? tree, Series unrouted)
{
    public ListenerModel Model { get; } = model;

    /// <summary>Secures its connections; null where they are plain. Set before the table is live.</summary>
    public TlsServer? Tls { get; set; }

    /// <summary>Takes the PROXY protocol's header off its connections; null where they have none.</summary>
    public ProxyPreface? Proxy { get; init; }

    /// <summary>Turns clients away before anything else; null where nobody is to be turned away. Not in the mesh: its callers are services of ours.</summary>
    public Guards.Doorkeeper? Door { get; init; }

    /// <summary>Counts requests that no route matched, and those that were refused before.</summary>
    public Series Unrouted { get; } = unrouted;

    /// <summary>A mesh listener's only target, whatever is asked of it; null where routes decide.</summary>
    public RouteTarget? Only { get; } = only;

    /// <summary>Where a request goes by the routes.</summary>
    public RouteTarget? Find(in Ask ask) => tree?.Find(ask);
}
