using System.Net;
using System.Runtime.CompilerServices;

namespace Mainstay.Traffic.Drivers.Epoll;

/// <summary>
/// A connected TCP socket that lives on one loop. An operation first tries its system call, if the socket is known to be ready; else it waits for the
/// loop's next word.
/// </summary>
/// <remarks>
/// Receives and sends from another thread move to the loop and go on there. Only the loop closes the descriptor; whoever else hands it to the kernel
/// holds the lock that closing takes, so that a number that was given to somebody else meanwhile is never touched.
/// </remarks>
internal sealed class EpollWire : Wire, IReady
{
    private enum Awaits : byte
    {
        Nothing,
        Bytes,
        Readability,
    }

    private const int NotYet = -2;
    private readonly Loop loop;
    private readonly Waiter receiving = new();
    private readonly Waiter sending = new();
    private readonly PeerAddress peer;
    private int descriptor;
    private int slot;
    private Memory<byte> into;
    private ReadOnlyMemory<byte> outgoing;
    private int sent;
    private Awaits awaits;
    private bool isSending;
    private bool isReadable;
    private bool isQueued;
    private volatile bool hasEnded;
    private int closing;

    /// <summary>Takes a connected or connecting socket over. On the loop's thread.</summary>
    public EpollWire(Loop loop, int descriptor, PeerAddress peer)
    {
        this.loop = loop;
        this.descriptor = descriptor;
        this.peer = peer;
        slot = loop.Add(this, descriptor);
        if (slot < 0) CloseNow(reset: false);
    }

    public override IPEndPoint? Peer => peer.ToEndPoint();

    public override int Lane => loop.Lane;

    public override bool WaitsWithoutBuffer => true;

    public override bool IsReadable => Look() != NotYet;

    public override bool IsEnded => hasEnded && Look() == 0;

    public override ValueTask<int> ReceiveAsync(Memory<byte> buffer)
    {
        if (!loop.IsCurrent) return ReceiveFromElsewhereAsync(buffer);
        if (descriptor < 0) return new ValueTask<int>(Broken);
        if (isReadable)
        {
            if (loop.MayGoOn())
            {
                var received = TryReceive(buffer.Span);
                if (received != NotYet) return new ValueTask<int>(received);
            }
            else
            {
                Queue();
            }
        }
        into = buffer;
        awaits = Awaits.Bytes;
        return receiving.Begin();
    }

    public override ValueTask<int> ReadableAsync()
    {
        if (!loop.IsCurrent) return ReadableFromElsewhereAsync();
        if (descriptor < 0) return new ValueTask<int>(Broken);
        if (isReadable) return new ValueTask<int>(0);
        awaits = Awaits.Readability;
        return receiving.Begin();
    }

    public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (!loop.IsCurrent) return SendFromElsewhereAsync(bytes);
        sent = 0;
        var outcome = TrySend(bytes.Span);
        if (outcome != NotYet) return new ValueTask<int>(outcome);
        outgoing = bytes;
        isSending = true;
        return sending.Begin();
    }

    /// <summary>Begins to connect: 0 when that succeeded, or broken. On the loop's thread.</summary>
    public static EpollWire? Connect(Loop loop, IPEndPoint to, out ValueTask<int> connected)
    {
        connected = new ValueTask<int>(0);
        var descriptor = Native.NewTcp(to.AddressFamily);
        if (descriptor < 0) return null;
        var isUnderWay = Native.Connect(descriptor, to) != 0;
        if (isUnderWay && Native.LastError is not (Native.InProgress or Native.Interrupted))
        {
            _ = Native.close(descriptor);
            return null;
        }
        var wire = new EpollWire(loop, descriptor, PeerAddress.Of(to));
        if (isUnderWay)
        {
            wire.isSending = true;
            connected = wire.sending.Begin();
        }
        return wire;
    }

    public override void EndSending() => Shutdown(Native.ShutWrite);

    public override void StopReceiving() => Shutdown(Native.ShutRead);

    public override void GoOn(IResumable what) => loop.Post(what.Action);

    public override void Soon(IResumable what)
    {
        if (loop.IsCurrent) loop.Soon(what);
        else loop.Post(what.Action);
    }

    public override void Close(bool reset = false)
    {
        if (Interlocked.Exchange(ref closing, 1) != 0) return;
        if (loop.IsCurrent) CloseNow(reset);
        else loop.Post(() => CloseNow(reset));
    }

    void IReady.Ready(uint events)
    {
        if ((events & (Native.PeerEnded | Native.HangUp | Native.Error)) != 0) hasEnded = true;
        if ((events & (Native.In | Native.PeerEnded | Native.HangUp | Native.Error)) != 0)
        {
            isReadable = true;
            if (awaits != Awaits.Nothing) GoOnReceiving();
        }
        if (isSending && (events & (Native.Out | Native.HangUp | Native.Error)) != 0) GoOnSending();
    }

    void IReady.GoOn()
    {
        isQueued = false;
        if (descriptor >= 0)
        {
            if (isReadable && awaits != Awaits.Nothing) GoOnReceiving();
            return;
        }
        if (awaits != Awaits.Nothing) CompleteReceive(Broken);
        if (isSending) CompleteSend(Broken);
    }

    void IReady.End() => CloseNow(reset: false);

    private void GoOnReceiving()
    {
        if (awaits == Awaits.Readability)
        {
            CompleteReceive(0);
            return;
        }
        var received = TryReceive(into.Span);
        if (received != NotYet) CompleteReceive(received);
    }

    private void GoOnSending()
    {
        // A connect that was under way sends nothing yet.
        var outcome = outgoing.IsEmpty ? (descriptor >= 0 && Native.OutcomeOf(descriptor) == 0 ? 0 : Broken) : TrySend(outgoing.Span);
        if (outcome != NotYet) CompleteSend(outcome);
    }

    private void CompleteReceive(int outcome)
    {
        awaits = Awaits.Nothing;
        into = default;
        receiving.Complete(outcome);
    }

    private void CompleteSend(int outcome)
    {
        isSending = false;
        outgoing = default;
        sending.Complete(outcome);
    }

    private unsafe int TryReceive(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                var received = (int)Native.recv(descriptor, start, buffer.Length, 0);
                if (received >= 0)
                {
                    // Fewer than there is room for: the rest is yet to come, and its coming will be reported. After the end nothing is.
                    if (received < buffer.Length && !hasEnded) isReadable = false;
                    return received;
                }
                var error = Native.LastError;
                if (error == Native.Interrupted) continue;
                if (error != Native.Again) return Broken;
                isReadable = false;
                return NotYet;
            }
        }
    }

    private unsafe int TrySend(ReadOnlySpan<byte> bytes)
    {
        if (descriptor < 0) return Broken;
        fixed (byte* start = bytes)
        {
            while (sent < bytes.Length)
            {
                var count = (int)Native.send(descriptor, start + sent, bytes.Length - sent, Native.NoSignal);
                if (count >= 0)
                {
                    sent += count;
                    continue;
                }
                var error = Native.LastError;
                if (error == Native.Interrupted) continue;
                return error == Native.Again ? NotYet : Broken;
            }
        }
        return bytes.Length;
    }

    private void CloseNow(bool reset)
    {
        lock (this)
        {
            if (descriptor < 0) return;
            if (reset) Native.SetReset(descriptor);
            _ = Native.close(descriptor);
            descriptor = -1;
        }
        closing = 1;
        if (slot >= 0) loop.Remove(slot);
        // Not in place: who closes does not expect that another flow goes on before it does.
        if (awaits != Awaits.Nothing || isSending) Queue();
    }

    private void Queue()
    {
        if (isQueued) return;
        isQueued = true;
        loop.Later(this);
    }

    private void Shutdown(int direction)
    {
        lock (this)
        {
            if (descriptor >= 0 && closing == 0) _ = Native.shutdown(descriptor, direction);
        }
    }

    /// <summary>What a receive would bring: 1, 0 at the end, broken, or not yet anything. From any thread.</summary>
    private unsafe int Look()
    {
        lock (this)
        {
            if (descriptor < 0) return Broken;
            byte one;
            while (true)
            {
                var seen = (int)Native.recv(descriptor, &one, 1, Native.Peek | Native.DontWait);
                if (seen >= 0) return seen;
                var error = Native.LastError;
                if (error != Native.Interrupted) return error == Native.Again ? NotYet : Broken;
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async ValueTask<int> ReceiveFromElsewhereAsync(Memory<byte> buffer)
    {
        await loop.Enter();
        return loop.IsCurrent ? await ReceiveAsync(buffer) : Broken;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async ValueTask<int> ReadableFromElsewhereAsync()
    {
        await loop.Enter();
        return loop.IsCurrent ? await ReadableAsync() : Broken;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async ValueTask<int> SendFromElsewhereAsync(ReadOnlyMemory<byte> bytes)
    {
        await loop.Enter();
        return loop.IsCurrent ? await SendAsync(bytes) : Broken;
    }
}
