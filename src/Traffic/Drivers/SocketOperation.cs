using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;

namespace Mainstay.Traffic.Drivers;

/// <summary>
/// One reusable socket operation (receive, send, accept or connect) that can be awaited without allocating and reports failure as a value.
/// </summary>
/// <remarks>
/// The continuation runs on the thread that completes the operation: with inline completions that is the socket engine's own
/// thread, so a whole exchange passes without a thread hop; without them it is a pool thread. No execution context flows.
/// </remarks>
internal sealed class SocketOperation() : SocketAsyncEventArgs(true), IValueTaskSource<int>
{
    private static readonly Action<object?> Done = static _ => { };
    private Action<object?>? continuation;
    private object? continuationState;
    private short version;

    public ValueTask<int> Receive(Socket socket, Memory<byte> into)
    {
        try
        {
            SetBuffer(into);
            return socket.ReceiveAsync(this) ? new ValueTask<int>(this, version) : new ValueTask<int>(Outcome);
        }
        catch (ObjectDisposedException)
        {
            return new ValueTask<int>(Wire.Broken);
        }
    }

    public ValueTask<int> Send(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            SetBuffer(MemoryMarshal.AsMemory(bytes));
            return socket.SendAsync(this) ? new ValueTask<int>(this, version) : new ValueTask<int>(Outcome);
        }
        catch (ObjectDisposedException)
        {
            return new ValueTask<int>(Wire.Broken);
        }
    }

    /// <summary>0 when accepted (the connection is in AcceptSocket), or <see cref="Wire.Broken"/>.</summary>
    public ValueTask<int> Accept(Socket socket)
    {
        AcceptSocket = null;
        try
        {
            return socket.AcceptAsync(this) ? new ValueTask<int>(this, version) : new ValueTask<int>(Outcome);
        }
        catch (ObjectDisposedException)
        {
            return new ValueTask<int>(Wire.Broken);
        }
    }

    /// <summary>0 when connected, or <see cref="Wire.Broken"/>.</summary>
    public ValueTask<int> Connect(Socket socket)
    {
        try
        {
            return socket.ConnectAsync(this) ? new ValueTask<int>(this, version) : new ValueTask<int>(Outcome);
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            return new ValueTask<int>(Wire.Broken);
        }
    }

    private int Outcome => SocketError == SocketError.Success ? BytesTransferred : Wire.Broken;

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        var next = continuation ?? Interlocked.CompareExchange(ref continuation, Done, null);
        if (next is null) return;
        var state = continuationState;
        continuationState = null;
        continuation = Done;
        next(state);
    }

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) =>
        ReferenceEquals(continuation, Done) ? ValueTaskSourceStatus.Succeeded : ValueTaskSourceStatus.Pending;

    void IValueTaskSource<int>.OnCompleted(Action<object?> next, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        continuationState = state;
        var before = Interlocked.CompareExchange(ref continuation, next, null);
        // Completed between the check and here: not run in place, so that a caller's stack never grows with the number of such races.
        if (ReferenceEquals(before, Done)) ThreadPool.UnsafeQueueUserWorkItem(next, state, preferLocal: true);
    }

    int IValueTaskSource<int>.GetResult(short token)
    {
        if (token != version) throw new InvalidOperationException("A socket operation's result was taken twice.");
        version++;
        continuation = null;
        return Outcome;
    }
}
