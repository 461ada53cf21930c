using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>Keeps requests from a service that fails, or that somebody wants them kept from.</summary>
/// <param name="set">The breakers; null where only an intervention holds it, or each instance has its own.</param>
/// <param name="instances">Those of the instances.</param>
/// <param name="park">Where requests wait that it would turn away; null where they do not.</param>
/// <param name="held">Interventions that hold it, the nearest and newest first.</param>
internal sealed class BreakerGate(BreakerSet? set, InstanceBreakers? instances, ParkRoom? park, Intervention[] held) : Gate("breaker")
{
    public override Verdict Enter(Exchange x, int slot)
    {
        x.Slots[slot] = 0;
        if (held.Length > 0 && Held(x) is { } force)
        {
            x.PassesBreakers = force == BreakerForce.Closed;
            return x.PassesBreakers ? Verdict.Pass : Refuse(x);
        }
        if (set is null) return instances is { IsShedding: true } && AreAllOpen(x.Target!) ? Put(x) : Verdict.Pass;
        var part = set.PartOf(x);
        if (!set.Of(part).Breaker.Admits(x.NowMs, ref x.Dice)) return Put(x);
        x.Slots[slot] = part + 1;
        return Verdict.Pass;
    }

    /// <summary>Who waited does not take part in the draw of those that are let in: the pace of those who waited has been found for all of them.</summary>
    [System.Runtime.CompilerServices.AsyncMethodBuilder(typeof(ReusedTask<>))]
    public override async ValueTask<Verdict> WaitAsync(Exchange x, int slot)
    {
        x.Slots[slot] = 0;
        var end = await park!.WaitAsync(x);
        if (end == WaitEnd.Admitted)
        {
            if (set is not null) x.Slots[slot] = 1;
            return Verdict.Pass;
        }
        x.Reason = end == WaitEnd.Gone ? Reason.ClientAborted : Reason.BreakerOpen;
        return Verdict.Refuse;
    }

    public override void Leave(Exchange x, int slot)
    {
        if (x.Slots[slot] == 0) return;
        var clock = x.Connection.Gateway.Clock;
        var headMicros = x.HeadAt < 0 ? 0 : clock.MicrosOf(x.HeadAt) - clock.MicrosOf(x.SendingSince);
        set!.Of((int)x.Slots[slot] - 1).Ended(OutcomeOf(x), headMicros, x.NowMs);
    }

    public override bool IsShedding => held.Length > 0 || set is { IsShedding: true } || instances is { IsShedding: true };

    public override Opinion Peek(Exchange x)
    {
        if (Held(x) is { } force)
        {
            x.PassesBreakers = force == BreakerForce.Closed;
            return force == BreakerForce.Closed ? new(Verdict.Pass, "held closed by an intervention") : Opinion.Refused(Reason.BreakerOpen, "held open by an intervention");
        }
        if (set is null) return instances is null ? new(Verdict.Pass, "nothing holds it") : PeekInstances(x);
        var breaker = set.Of(set.PartOf(x)).Breaker;
        var counts = breaker.Counted(x.NowMs);
        return breaker.State switch
        {
            BreakerState.Closed => new(Verdict.Pass, $"closed: {counts.Errors} errors and {counts.Slow} slow of {counts.Calls} requests"),
            BreakerState.Open when park is not null && ParkRoom.Fits(x) => new(Verdict.Wait, $"open: {breaker.Why}; it waits for the recovery"),
            BreakerState.Open => Opinion.Refused(Reason.BreakerOpen, $"open: {breaker.Why}"),
            _ => new(Verdict.Pass, $"{breaker.ShareAt(x.NowMs):P0} of the requests pass: {breaker.Why}"),
        };
    }

    /// <summary>What a request says about the service: what the client broke, and what nobody waits for any more, says nothing.</summary>
    private static Outcome OutcomeOf(Exchange x)
    {
        var reason = x.Failed != Reason.None ? x.Failed : x.Reason;
        // Answered by a gate behind this one.
        return reason == Reason.None && x.EndpointIndex < 0 ? Outcome.Nothing : OutcomeOf(reason, x);
    }

    /// <summary>The same of one attempt.</summary>
    internal static Outcome OutcomeOf(Reason reason, Exchange x)
    {
        return reason switch
        {
            Reason.None when x.Response.Status == 429 => Outcome.Limited,
            Reason.None when x.Response.Status == 503 && x.IsAskedToWait => Outcome.Limited,
            Reason.None => x.Response.Status >= 500 ? Outcome.Error : Outcome.Good,
            Reason.NoEndpoint or Reason.ConnectFailed or Reason.UpstreamClosed or Reason.UpstreamBadResponse or Reason.UpstreamTimeout
                or Reason.UpstreamAborted => Outcome.Error,
            _ => Outcome.Nothing,
        };
    }

    private static bool AreAllOpen(RouteTarget target)
    {
        foreach (var one in target.Breakers)
        {
            if (one.Breaker.State != BreakerState.Open) return false;
        }
        return target.Breakers.Length > 0;
    }

    private static Opinion PeekInstances(Exchange x)
    {
        var parts = x.Target!.Breakers;
        if (AreAllOpen(x.Target!)) return Opinion.Refused(Reason.BreakerOpen, $"open at all {parts.Length} instances: {parts[0].Breaker.Why}");
        var open = parts.Where(one => one.Breaker.State == BreakerState.Open).Select(one => one.Name).ToList();
        return new(Verdict.Pass, open.Count == 0 ? "closed at all instances" : $"open at {string.Join(", ", open)}");
    }

    /// <summary>Where a request goes that may not pass.</summary>
    private Verdict Put(Exchange x) => park is not null && ParkRoom.Fits(x) ? Verdict.Wait : Refuse(x);

    private static Verdict Refuse(Exchange x)
    {
        x.Reason = Reason.BreakerOpen;
        return Verdict.Refuse;
    }

    private BreakerForce? Held(Exchange x)
    {
        foreach (var one in held)
        {
            if (one.Holds(x.Connection.Gateway.Clock)) return one.Breaker;
        }
        return null;
    }
}
