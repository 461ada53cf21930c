using System.Net;
using System.Runtime.CompilerServices;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers.Epoll;

/// <summary>
/// An event loop per core, each with its own share of every listening socket: a connection is accepted, served and closed on one thread, and so are
/// the connections to endpoints that its exchanges use. Linux only.
/// </summary>
public sealed class EpollTransport : ITransport, IDisposable
{
    private readonly SocketHandover? handover;
    private readonly Loop[] loops;

    /// <summary>Starts the loops.</summary>
    /// <param name="handover">Where listening sockets are kept across processes; null to work alone.</param>
    /// <param name="loopCount">How many loops; 0 for one per processor that the process may use.</param>
    public EpollTransport(SocketHandover? handover = null, int loopCount = 0)
    {
        this.handover = handover;
        loops = new Loop[loopCount > 0 ? loopCount : Environment.ProcessorCount];
        for (var lane = 0; lane < loops.Length; lane++) loops[lane] = new Loop(lane);
    }

    /// <summary>True where this transport runs.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>The loops.</summary>
    public int Lanes => loops.Length;

    /// <summary>Opens a listening socket per loop.</summary>
    public Opened Listen(IPEndPoint at, bool isComing = false)
    {
        var sockets = ListeningSockets.Open(at, loops.Length, handover, isComing, out var error);
        return error is null ? new Opened(new EpollDoor(loops, sockets, handover), null) : new Opened(null, error);
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public async ValueTask<Wire?> ConnectAsync(IPEndPoint to, ConnectAttempt attempt)
    {
        var loop = loops[attempt.Lane % loops.Length];
        await loop.Enter();
        if (!loop.IsCurrent || EpollWire.Connect(loop, to, out var connected) is not { } wire) return null;
        attempt.OnGiveUp(() => wire.Close());
        var outcome = await connected;
        attempt.OnGiveUp(null);
        if (outcome >= 0) return wire;
        wire.Close();
        return null;
    }

    /// <summary>Ends the loops and with them every connection.</summary>
    public void Dispose()
    {
        foreach (var loop in loops) loop.Stop();
    }
}
