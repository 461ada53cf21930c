using System.Net;
using System.Net.Sockets;

namespace Mainstay.Traffic.Drivers;

/// <summary>A connected TCP socket as a <see cref="Wire"/>: two operations made once, used for the connection's whole life.</summary>
#pragma warning disable CA1001 // Closed by Close, as every wire is.
internal sealed class SocketWire : Wire
#pragma warning restore CA1001
{
    private static readonly LingerOption Reset = new(enable: true, seconds: 0);
    private readonly Socket socket;
    private readonly SocketOperation receive = new();
    private readonly SocketOperation send = new();

    public SocketWire(Socket socket, IPEndPoint? peer)
    {
        this.socket = socket;
        Peer = peer;
    }

    public override IPEndPoint? Peer { get; }

    public override ValueTask<int> ReceiveAsync(Memory<byte> into) => receive.Receive(socket, into);

    public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes) => send.Send(socket, bytes);

    public override bool IsReadable => Ask(static s => s.Poll(0, SelectMode.SelectRead), whenClosed: true);

    public override bool IsEnded => Ask(static s => s.Poll(0, SelectMode.SelectRead) && s.Available == 0, whenClosed: true);

    public override void EndSending() => Shutdown(SocketShutdown.Send);

    public override void StopReceiving() => Shutdown(SocketShutdown.Receive);

    public override void Close(bool reset = false)
    {
        if (reset) Ask(static s => { s.LingerState = Reset; return true; }, whenClosed: true);
        socket.Dispose();
        // What is under way still completes; the operations are freed after that.
        receive.Dispose();
        send.Dispose();
    }

    private bool Ask(Func<Socket, bool> question, bool whenClosed)
    {
        try
        {
            return question(socket);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return whenClosed;
        }
    }

    private void Shutdown(SocketShutdown direction)
    {
        try
        {
            socket.Shutdown(direction);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The connection is gone already, which is what the caller is after.
        }
    }
}
