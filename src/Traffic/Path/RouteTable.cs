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

    /// <summary>Counts requests that no route matched, and those that were refused before.</summary>
    public Series Unrouted { get; } = unrouted;

    /// <summary>Where a request goes: a mesh listener's only target, or what the routes say.</summary>
    public RouteTarget? Find(ReadOnlySpan<byte> path, ReadOnlySpan<byte> host, ReadOnlySpan<byte> method) =>
        only ?? tree?.Find(path, host, method);

    /// <summary>True when every request goes to one place, so that its path need not be looked at.</summary>
    public bool IsMesh => only is not null;
}
