using System.Net;

namespace Mainstay.Traffic.Drivers;

/// <summary>
/// One byte stream in both directions, with failure as a value. At most one receive and one send may be under way at a time;
/// the two directions are independent.
/// </summary>
/// <remarks>
/// <see cref="EndSending"/>, <see cref="StopReceiving"/> and <see cref="Close"/> may be called from any thread and more than once:
/// they are how a deadline wakes a station that waits. Everything else belongs to the one flow that owns the wire.
/// </remarks>
public abstract class Wire
{
    /// <summary>What a receive or send returns when the connection is broken or was closed.</summary>
    public const int Broken = -1;

    /// <summary>The other side's address; null where there is none (in memory).</summary>
    public abstract IPEndPoint? Peer { get; }

    /// <summary>What was agreed on when the connection was secured; null when it is not.</summary>
    public virtual WireFacts? Facts => null;

    /// <summary>Bytes received (&gt; 0), 0 at the end of the stream, or <see cref="Broken"/>. The task is awaited exactly once, at any later time.</summary>
    public abstract ValueTask<int> ReceiveAsync(Memory<byte> into);

    /// <summary>Where its operations complete; see <see cref="ITransport.Lanes"/>.</summary>
    public virtual int Lane => 0;

    /// <summary>True when <see cref="ReadableAsync"/> really waits, so that what only waits needs no buffer.</summary>
    public virtual bool WaitsWithoutBuffer => false;

    /// <summary>
    /// Waits until a receive would bring something at once (bytes, the end or <see cref="Broken"/>). Counts as a receive, but one that nobody
    /// awaits yet is given up by the next receive. Only where <see cref="WaitsWithoutBuffer"/>; else it is over at once.
    /// </summary>
    public virtual ValueTask<int> ReadableAsync() => new(0);

    /// <summary>Sends all bytes: their number, or <see cref="Broken"/>.</summary>
    public abstract ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>True when bytes or the end of the stream can be received without waiting. Costs a system call.</summary>
    public abstract bool IsReadable { get; }

    /// <summary>True when the other side has ended its direction and nothing is left to receive. Costs a system call or two.</summary>
    public abstract bool IsEnded { get; }

    /// <summary>
    /// Runs something where this wire's operations complete, so that a flow that waited for something else goes on where it belongs. From any
    /// thread; never in place.
    /// </summary>
    public virtual void GoOn(IResumable what) => ThreadPool.UnsafeQueueUserWorkItem(what, preferLocal: false);

    /// <summary>
    /// Like <see cref="GoOn"/>, but after all that is ready there now has had its turn: for what is cheaper done once for many, such as a send.
    /// </summary>
    public virtual void Soon(IResumable what) => GoOn(what);

    /// <summary>Tells the other side that no more bytes follow (FIN); receiving goes on.</summary>
    public abstract void EndSending();

    /// <summary>A pending receive returns what has arrived already, or 0; sending goes on.</summary>
    public abstract void StopReceiving();

    /// <summary>Closes both directions; what is pending returns <see cref="Broken"/>.</summary>
    /// <param name="reset">True to tell the other side that the stream is cut short (RST) and not complete.</param>
    public abstract void Close(bool reset = false);
}

/// <summary>A flow that can be let go on.</summary>
public interface IResumable : IThreadPoolWorkItem
{
    /// <summary>The same as <see cref="IThreadPoolWorkItem.Execute"/>, made once.</summary>
    Action Action { get; }
}

/// <summary>How the path reaches the network: <see cref="SocketTransport"/> anywhere, an event loop per core where the system has one.</summary>
public interface ITransport
{
    /// <summary>
    /// Threads that accepted and connected wires belong to for life, numbered from 0. What meets in an exchange best comes from one lane: then
    /// nothing changes threads. 1 where the transport has no such notion.
    /// </summary>
    int Lanes => 1;

    /// <summary>Opens a listening door, or says why not.</summary>
    /// <param name="at">Where.</param>
    /// <param name="isComing">Also where the system does not have the address yet.</param>
    Opened Listen(IPEndPoint at, bool isComing = false);

    /// <summary>Connects, or returns null when that fails. A <paramref name="attempt"/> that is closed meanwhile fails at once.</summary>
    ValueTask<Wire?> ConnectAsync(IPEndPoint to, ConnectAttempt attempt);
}

/// <summary>The result of <see cref="ITransport.Listen"/>: a door, or the reason why there is none.</summary>
public readonly record struct Opened(IDoor? Door, string? Error);

/// <summary>A listening socket.</summary>
public interface IDoor
{
    /// <summary>Where it listens, with the real port if 0 was asked for.</summary>
    IPEndPoint At { get; }

    /// <summary>The next connection of a lane; null when the door is closed. One call per lane at a time.</summary>
    /// <param name="lane">0 to <see cref="Lanes"/> - 1.</param>
    ValueTask<Wire?> AcceptAsync(int lane = 0);

    /// <summary>How many lanes connections arrive on, each to be accepted from.</summary>
    int Lanes => 1;

    /// <summary>Stops accepting. What waits in the backlog stays with another holder of the same socket, if there is one.</summary>
    /// <param name="forget">True when the address is given up for good, so that no holder keeps it open.</param>
    void Close(bool forget);
}

/// <summary>Lets a deadline give up a connect that is under way.</summary>
/// <param name="lane">Where the connection is wanted; see <see cref="ITransport.Lanes"/>.</param>
public sealed class ConnectAttempt(int lane = 0)
{
    private Action? giveUp;
    private bool givenUp;

    /// <summary>Where the connection is wanted.</summary>
    public int Lane { get; } = lane;

    /// <summary>Whose requests it is for, where the other side is told; null for the gateway's own.</summary>
    public System.Net.IPEndPoint? Client { get; init; }

    /// <summary>Where that client has connected to.</summary>
    public System.Net.IPEndPoint? ClientAt { get; init; }

    /// <summary>Registers what ends the attempt; runs it at once if it is given up already.</summary>
    public void OnGiveUp(Action? action)
    {
        lock (this)
        {
            giveUp = action;
            if (!givenUp) return;
        }
        action?.Invoke();
    }

    /// <summary>Ends the attempt; it then returns null.</summary>
    public void GiveUp()
    {
        Action? action;
        lock (this)
        {
            givenUp = true;
            action = giveUp;
        }
        action?.Invoke();
    }
}
