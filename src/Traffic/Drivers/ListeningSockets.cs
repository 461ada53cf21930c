using System.Net;
using System.Net.Sockets;

namespace Mainstay.Traffic.Drivers;

/// <summary>
/// The listening sockets of one address: one, or a group among which the kernel spreads new connections (SO_REUSEPORT). A group never shrinks while
/// its address is served: a socket that is closed resets what waits in its backlog.
/// </summary>
internal static class ListeningSockets
{
    /// <summary>Connections that may wait to be accepted, per socket. The kernel may cap it lower (net.core.somaxconn).</summary>
    public const int Backlog = 4096;

    private const int SolSocket = 1;
    private const int ReusePort = 15;
    private const int SolIp = 0;
    private const int FreeBind = 15;

    /// <summary>Takes what a predecessor left for the address, and opens what is missing. The error where nothing can be bound.</summary>
    /// <param name="at">Where; port 0 for any that is free.</param>
    /// <param name="wanted">How many sockets are wanted; more may come, where a predecessor had more.</param>
    /// <param name="handover">Where they are kept; null to work alone.</param>
    /// <param name="isComing">Also where the system does not have the address yet (ip(7), IP_FREEBIND).</param>
    /// <param name="error">Why there is none.</param>
    public static List<Socket> Open(IPEndPoint at, int wanted, SocketHandover? handover, bool isComing, out string? error)
    {
        error = null;
        var all = new List<Socket>();
        while (handover?.Claim(SocketHandover.NameOf(at, all.Count)) is { } kept) all.Add(kept);
        if (all.Count == 0)
        {
            var first = Bind(at, isFirst: true, isComing, out error);
            if (first is null) return all;
            all.Add(first);
            handover?.Deposit(SocketHandover.NameOf(AddressOf(first), 0), first);
        }
        at = AddressOf(all[0]);
        while (all.Count < wanted)
        {
            // Where the system refuses to share the address, the sockets that are there serve for all.
            if (Bind(at, isFirst: false, isComing, out _) is not { } next) break;
            handover?.Deposit(SocketHandover.NameOf(at, all.Count), next);
            all.Add(next);
        }
        return all;
    }

    /// <summary>Closes sockets in this process; with <paramref name="forget"/> everywhere.</summary>
    public static void Close(IReadOnlyList<Socket> all, IPEndPoint at, SocketHandover? handover, bool forget)
    {
        for (var index = 0; index < all.Count; index++)
        {
            if (forget) handover?.Forget(SocketHandover.NameOf(at, index));
            // .NET shuts a socket down on close when it may have waiters, unless the descriptor is inheritable; a shutdown would
            // end the shared socket for the process that takes over as well.
            if (handover is not null) UnixDescriptors.MarkShared(all[index].SafeHandle);
            all[index].Dispose();
        }
    }

    public static IPEndPoint AddressOf(Socket socket) => (IPEndPoint)socket.LocalEndPoint!;

    private static void Share(Socket socket)
    {
        if (OperatingSystem.IsLinux()) socket.SetRawSocketOption(SolSocket, ReusePort, BitConverter.GetBytes(1));
    }

    /// <summary>
    /// The first socket of an address is bound alone, so that a port that somebody else serves is refused, be it by another gateway with a group
    /// of its own; only then the address is opened for the others.
    /// </summary>
    private static Socket? Bind(IPEndPoint at, bool isFirst, bool isComing, out string? error)
    {
        error = null;
        var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (isComing && OperatingSystem.IsLinux()) socket.SetRawSocketOption(SolIp, FreeBind, BitConverter.GetBytes(1));
            if (!isFirst) Share(socket);
            socket.Bind(at);
            if (isFirst) Share(socket);
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            error = $"{at} cannot be bound: {e.SocketErrorCode}";
            return null;
        }
    }
}
