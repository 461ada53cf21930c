using System.Runtime.CompilerServices;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>A limit at which requests can wait: what leaky queues and limits of requests under way share.</summary>
internal abstract class WaitingGate(string name, LimitWatch watch, TargetPlace place, WaitRoom room, HeavyClients? heavy, LevelAdmission? levels)
    : LimitGate(name, watch, place, heavy)
{
    private readonly LimitWatch watch = watch;
    private readonly WaitRoom room = room;

    /// <summary>A slot that holds nothing to give back.</summary>
    protected const long Nothing = 0;

    /// <summary>A request that keeps what is left to the privileged; with it, all of these stand in the same line.</summary>
    protected abstract int Most { get; }

    /// <summary>What a request that entered is to remember for its leaving.</summary>
    protected abstract long Mark(Exchange x);

    public override Verdict Enter(Exchange x, int slot)
    {
        x.Slots[slot] = Nothing;
        var mode = Mode(x);
        if (mode == LimitSwitch.Off) return Verdict.Pass;
        var keep = Keep(x, Most);
        // Who comes now does not overtake who waits, unless a part of the limit is its own.
        if ((keep == 0 || room.Waiting == 0 || !room.HasLine) && room.TryTake(keep, x.Connection.Gateway.Clock.MicrosOf(x.StartedAt))) return Admitted(x, slot, 0);
        if (mode == LimitSwitch.DryRun) return Refuse(x, mode, Reason.None);
        if (!room.HasLine) return Refused(x, Reason.ConcurrencyLimited);
        x.Slots[slot] = keep;
        return Verdict.Wait;
    }

    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public override async ValueTask<Verdict> WaitAsync(Exchange x, int slot)
    {
        var keep = (int)x.Slots[slot];
        x.Slots[slot] = Nothing;
        var clock = x.Connection.Gateway.Clock;
        var begun = clock.Micros;
        var rank = keep == 0 && Spec.Privileged is not null ? WaitLine.HighestRank : Levels.Business(RequestLevel.Of(x));
        var end = await (x.Parking ??= new Parking()).WaitAsync(x, room, rank, keep, room.WaitMs);
        switch (end)
        {
            case WaitEnd.Admitted:
                return Admitted(x, slot, clock.Micros - begun);
            case WaitEnd.Gone:
                x.Reason = Reason.ClientAborted;
                return Verdict.Refuse;
            case WaitEnd.Displaced or WaitEnd.Full:
                return Refused(x, end == WaitEnd.Full ? Reason.QueueFull : Reason.Shed);
            default:
                return Refused(x, Reason.QueueTimeout);
        }
    }

    private Verdict Admitted(Exchange x, int slot, long waitedMicros)
    {
        if (room.HasLine) room.Waited(waitedMicros);
        watch.CountAdmitted();
        levels?.Level.Pass();
        x.Slots[slot] = Mark(x);
        return Verdict.Pass;
    }

    private Verdict Refused(Exchange x, Reason reason)
    {
        levels?.NoteRefusal();
        x.Added.Add("Retry-After"u8, 1);
        return Refuse(x, LimitSwitch.On, reason);
    }

    protected LimitSpec Spec { get; } = watch.Spec;
}
