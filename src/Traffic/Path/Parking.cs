using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// An exchange that waits in a line. It is ended once, by whoever is first: the line, the heartbeat when its time is over or its client has left. It goes on
/// where its connection's operations complete, never in place of who ended it.
/// </summary>
/// <remarks>Belongs to an exchange and is used again. The version tells the heartbeat's word about an earlier wait from one about this.</remarks>
internal sealed class Parking : WaitNode, IResumable, IValueTaskSource<WaitEnd>
{
    private const int StateBits = 3;
    private readonly Action execute;
    private ManualResetValueTaskSourceCore<WaitEnd> core;
    private long state = (long)WaitEnd.Admitted;
    private Wire wire = null!;
    private WaitRoom room = null!;

    public Parking() => execute = Execute;

    Action IResumable.Action => execute;

    public override bool IsWaiting => EndOf(Volatile.Read(ref state)) == WaitEnd.Waiting;

    /// <summary>Waits in a room, for so long at the most, until somebody ends it.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public async ValueTask<WaitEnd> WaitAsync(Exchange x, WaitRoom inRoom, int rank, int keep, long limitMs)
    {
        var version = Begin(x.Connection.Wire, inRoom);
        x.Connection.Waits.ForQueue(this, version, limitMs);
        var end = inRoom.Park(this, rank, keep, x.Connection.Gateway.Clock.Micros);
        // The heartbeat may end it at any time from now on; then its word is to be taken.
        if (end != WaitEnd.Waiting && !TryEnd(end))
        {
            if (end == WaitEnd.Admitted) inRoom.Return();
            end = WaitEnd.Waiting;
        }
        if (end == WaitEnd.Displaced) end = WaitEnd.Full;
        if (end == WaitEnd.Waiting) end = await Task;
        x.Connection.Waits.EndQueue();
        return end;
    }

    /// <summary>Begins a wait. Its version, for <see cref="GiveUp"/>.</summary>
    public long Begin(Wire on, WaitRoom inRoom)
    {
        wire = on;
        room = inRoom;
        var version = (state >> StateBits) + 1;
        Volatile.Write(ref state, (version << StateBits) | (long)WaitEnd.Waiting);
        return version;
    }

    /// <summary>The wait is over before it began.</summary>
    public void Forget() => Volatile.Write(ref state, (state & ~7L) | (long)WaitEnd.Admitted);

    /// <summary>How it ended.</summary>
    public ValueTask<WaitEnd> Task => new(this, core.Version);

    /// <summary>The heartbeat's part.</summary>
    public void GiveUp(long version, WaitEnd how)
    {
        var waits = (version << StateBits) | (long)WaitEnd.Waiting;
        if (Interlocked.CompareExchange(ref state, (version << StateBits) | (long)how, waits) == waits) room.Abandon(this);
    }

    public override bool TryEnd(WaitEnd how)
    {
        var seen = Volatile.Read(ref state);
        return EndOf(seen) == WaitEnd.Waiting
            && Interlocked.CompareExchange(ref state, (seen & ~7L) | (long)how, seen) == seen;
    }

    public override void Resume() => wire.GoOn(this);

    public void Execute() => core.SetResult(EndOf(Volatile.Read(ref state)));

    WaitEnd IValueTaskSource<WaitEnd>.GetResult(short token)
    {
        var result = core.GetResult(token);
        core.Reset();
        return result;
    }

    ValueTaskSourceStatus IValueTaskSource<WaitEnd>.GetStatus(short token) => core.GetStatus(token);

    void IValueTaskSource<WaitEnd>.OnCompleted(Action<object?> next, object? of, short token, ValueTaskSourceOnCompletedFlags flags) =>
        core.OnCompleted(next, of, token, ValueTaskSourceOnCompletedFlags.None);

    private static WaitEnd EndOf(long state) => (WaitEnd)(state & 7);
}
