using Mainstay.Traffic.Drivers.Epoll;

namespace Mainstay.Traffic.Drivers;

/// <summary>Which transport a gateway uses.</summary>
public enum TransportKind
{
    /// <summary>The event loops where the system has them, else managed sockets.</summary>
    Default,

    /// <summary>Managed sockets: anywhere.</summary>
    Sockets,

    /// <summary>An event loop per core: Linux.</summary>
    Epoll,
}

/// <summary>Makes transports.</summary>
public static class Transports
{
    /// <summary>A transport, which the caller ends (if it can be ended) after its gateway.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="handover">Where listening sockets are kept; null to work alone.</param>
    /// <param name="loops">Event loops; 0 for one per usable processor. Managed sockets have none.</param>
    public static ITransport Open(TransportKind kind, SocketHandover? handover = null, int loops = 0) =>
        kind == TransportKind.Epoll || (kind == TransportKind.Default && EpollTransport.IsSupported)
            ? new EpollTransport(handover, loops)
            : new SocketTransport(handover);

    /// <summary>Reads <c>sockets</c> or <c>epoll</c>; null for what is neither.</summary>
    public static TransportKind? Read(string? word) => word switch
    {
        null or "" => TransportKind.Default,
        "sockets" => TransportKind.Sockets,
        "epoll" => TransportKind.Epoll,
        _ => null,
    };
}
