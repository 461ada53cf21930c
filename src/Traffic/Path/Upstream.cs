using Mainstay.Traffic.Drivers;

namespace Mainstay.Traffic.Path;

/// <summary>
/// A connection to an endpoint with what was received on it. While it is idle a receive is already under way, without a buffer where the wire
/// can wait without one: so its end is known as soon as the kernel knows it.
/// </summary>
internal sealed class Upstream(Endpoint endpoint, Wire wire)
{
    private byte[] buffer = [];
    private ValueTask<int> ahead;
    private bool hasAhead;
    private readonly int generation = endpoint.Reach?.Generation ?? 0;
    private int closed;

    public Endpoint Endpoint { get; } = endpoint;

    public Wire Wire { get; } = wire;

    /// <summary>True when it has served an exchange before: it may then have been closed by the endpoint unnoticed.</summary>
    public bool IsReused { get; private set; }

    public long IdleSinceMs { get; private set; }

    public int Start { get; private set; }

    public int End { get; private set; }

    public int Available => End - Start;

    /// <summary>An idle connection whose receive completed (ended, broken, or talking out of turn), or that was made with a certificate which is not the host's any more.</summary>
    public bool IsStale => (hasAhead && ahead.IsCompleted) || generation != Endpoint.Reach.Generation;

    public Memory<byte> Received => buffer.AsMemory(Start, End - Start);

    public void Skip(int bytes) => Start += bytes;

    /// <summary>
    /// Waits until something can be received, without a buffer where the wire can and nothing is left in it: so all that wait share the few buffers of those
    /// that do not, which stay in the processor's caches. Broken, or not.
    /// </summary>
    public ValueTask<int> ReadableAsync()
    {
        if (Start != End || !Wire.WaitsWithoutBuffer) return new ValueTask<int>(0);
        ReturnBuffer();
        if (!hasAhead) return Wire.ReadableAsync();
        hasAhead = false;
        return ahead;
    }

    /// <summary>Receives behind what is there. 0 at the end, or broken.</summary>
    public ValueTask<int> ReceiveAsync()
    {
        if (hasAhead)
        {
            hasAhead = false;
            if (!Wire.WaitsWithoutBuffer) return ahead;
        }
        if (buffer.Length == 0) buffer = Buffers.Rent();
        if (Start == End) Start = End = 0;
        else if (End == buffer.Length) MakeRoom();
        return Wire.ReceiveAsync(buffer.AsMemory(End));
    }

    /// <summary>Notes what a receive brought.</summary>
    public void Took(int bytes) => End += bytes;

    public void BeginIdle(long nowMs)
    {
        IdleSinceMs = nowMs;
        IsReused = true;
        Start = End = 0;
#pragma warning disable CA2012 // Handed out once, by the next receive.
        if (Wire.WaitsWithoutBuffer)
        {
            ReturnBuffer();
            ahead = Wire.ReadableAsync();
        }
        else
        {
            if (buffer.Length == 0) buffer = Buffers.Rent();
            ahead = Wire.ReceiveAsync(buffer);
        }
#pragma warning restore CA2012
        hasAhead = true;
    }

    /// <summary>Closes it when nothing is under way. The buffer goes back only where no receive can still write into it.</summary>
    public void Close() => Leave(reset: false);

    /// <summary>
    /// Breaks off what is under way. Told by a reset: the endpoint learns at once that nobody waits, and no port is left in TIME_WAIT, of which an endpoint that
    /// fails often enough would otherwise use up all that there are.
    /// </summary>
    public void Break() => Leave(reset: true);

    /// <summary>Breaks it off and gives its buffer back; for the flow that owns it, with no receive under way.</summary>
    /// <param name="isOver">Its last exchange is complete: it is closed and not broken off.</param>
    public void Discard(bool isOver = false)
    {
        Leave(reset: !isOver);
        if (!hasAhead) ReturnBuffer();
    }

    private void ReturnBuffer()
    {
        if (buffer.Length == 0) return;
        Buffers.Return(buffer);
        buffer = [];
    }

    private void Leave(bool reset)
    {
        if (Interlocked.Exchange(ref closed, 1) == 0) Wire.Close(reset);
    }

    private void MakeRoom()
    {
        if (Start > 0)
        {
            buffer.AsSpan(Start, End - Start).CopyTo(buffer);
        }
        else
        {
            var larger = Buffers.Rent(buffer.Length * 2);
            buffer.AsSpan(0, End).CopyTo(larger);
            Buffers.Return(buffer);
            buffer = larger;
        }
        End -= Start;
        Start = 0;
    }
}
