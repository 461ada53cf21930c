using System.Runtime.CompilerServices;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Path.Http2;

namespace Mainstay.Traffic.Drivers.Http2;

/// <summary>
/// What goes out on one HTTP/2 connection. Frames are put under the connection's lock and sent in one go when all that was ready has had its turn,
/// so that the answers of many streams share a record and a system call.
/// </summary>
/// <remarks>
/// A stream that has more than <see cref="HighWater"/> or its windows allow is blocked and goes on when they open, in the order in which they were blocked.
/// Members are called under the lock, but for <see cref="Execute"/> and <see cref="Pump"/>, which let flows go on.
/// </remarks>
internal sealed class Outlet : IResumable
{
    /// <summary>Bytes that may wait to be sent before heads and data are held back. What answers frames of the client is not, and is bounded by <see cref="FloodGuard"/>.</summary>
    private const int HighWater = 32 * 1024;

    private readonly Lock gate;
    private readonly Wire wire;
    private readonly Clock clock;
    private readonly List<StreamWire> blocked = [];
    private readonly Action goOn;
    private OutBuffer pending = new();
    private OutBuffer sending = new();
    private ValueTaskAwaiter<int> sent;
    private bool isScheduled;
    private bool isSending;
    private bool isBroken;
    private long sendingSinceMs;
    private TaskCompletionSource? drained;

    public Outlet(Lock gate, Wire wire, Clock clock)
    {
        this.gate = gate;
        this.wire = wire;
        this.clock = clock;
        goOn = GoOn;
        Action = Execute;
    }

    public Action Action { get; }

    public HpackEncoder Encoder { get; } = new();

    public PeerSettings Peer { get; } = new();

    /// <summary>Where frames are put.</summary>
    public OutBuffer Pending => pending;

    /// <summary>The connection's window for data.</summary>
    public long Window { get; set; } = PeerSettings.DefaultWindow;

    /// <summary>Bytes that may be put now.</summary>
    public int Room => isBroken ? int.MaxValue : HighWater - pending.Length;

    /// <summary>Has what was put sent soon.</summary>
    public void Schedule()
    {
        if (isScheduled || isSending || pending.Length == 0) return;
        isScheduled = true;
        wire.Soon(this);
    }

    /// <summary>The stream goes on when there is room.</summary>
    public void Block(StreamWire stream) => blocked.Add(stream);

    public void Unblock(StreamWire stream) => blocked.Remove(stream);

    /// <summary>Whether what is on its way has not left for so long.</summary>
    public bool IsStalled(long nowMs, long limitMs) => isSending && nowMs - sendingSinceMs > limitMs;

    /// <summary>Completes when all that was put is sent, or can not be.</summary>
    public Task WhenDrained()
    {
        if (!isSending && (pending.Length == 0 || isBroken)) return Task.CompletedTask;
        drained ??= new TaskCompletionSource();
        return drained.Task;
    }

    /// <summary>Sends what was put.</summary>
    public void Execute()
    {
        while (Begin(out var bytes))
        {
#pragma warning disable CA2012 // Awaited exactly once, here or by what goes on.
            var awaiter = wire.SendAsync(bytes).GetAwaiter();
#pragma warning restore CA2012
            if (!awaiter.IsCompleted)
            {
                sent = awaiter;
                awaiter.UnsafeOnCompleted(goOn);
                return;
            }
            End(awaiter.GetResult());
            Pump();
        }
        // Not under the lock: what waited goes on here.
        TellDrained();
    }

    /// <summary>Lets blocked streams go on for which there is room now.</summary>
    public void Pump()
    {
        for (var at = 0; ;)
        {
            StreamWire? next;
            lock (gate) next = Next(ref at);
            if (next is null) return;
            next.CompleteSend();
        }
    }

    private void GoOn()
    {
        End(sent.GetResult());
        Pump();
        Execute();
    }

    private StreamWire? Next(ref int at)
    {
        for (; at < blocked.Count; at++)
        {
            var stream = blocked[at];
            if (!stream.PutMore()) continue;
            blocked.RemoveAt(at);
            Schedule();
            return stream;
        }
        Schedule();
        return null;
    }

    private void TellDrained()
    {
        TaskCompletionSource? waiting;
        lock (gate) waiting = isSending || (pending.Length > 0 && !isBroken) ? null : drained;
        waiting?.TrySetResult();
    }

    private bool Begin(out ReadOnlyMemory<byte> bytes)
    {
        bytes = default;
        lock (gate)
        {
            isScheduled = false;
            if (isSending) return false;
            if (pending.Length == 0 || isBroken)
            {
                return false;
            }
            (pending, sending) = (sending, pending);
            isSending = true;
            sendingSinceMs = clock.CoarseMs;
            bytes = sending.Memory;
            return true;
        }
    }

    private void End(int outcome)
    {
        lock (gate)
        {
            isSending = false;
            sending.Clear();
            if (outcome >= 0) return;
            isBroken = true;
            pending.Clear();
        }
    }
}
