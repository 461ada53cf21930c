using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// What a connection waits for and until when. The flow sets it, the heartbeat looks at it and, when time is over, wakes the flow by
/// closing what it waits on.
/// </summary>
internal sealed class Waits(Gateway gateway, Wire client)
{
    private enum For
    {
        Nothing,
        Request,
        Head,
        Connect,
        Upstream,
        Client,
        Queue,
        Hedge,
        Tunnel,
        Linger,
    }

    private Deadline deadline = Deadline.Unset();
    private Deadline bodyDeadline = Deadline.Unset();
    private volatile For what;
    private volatile bool bodyReceives;
    private volatile bool clientGone;
    private bool upstreamSpent;
    private bool isStreamBody;
    private volatile ConnectAttempt? attempt;
    private volatile Upstream? upstream;
    private volatile bool hasBody;
    private volatile Parking? parking;
    private volatile HedgeFlight? hedge;
    private long parkingVersion;
    private long upstreamSinceMs;
    private long upstreamTimeoutMs;
    private long endsAtMs = long.MaxValue;
    private volatile Composition? parts;

    /// <summary>The heartbeat ended what the flow waited for.</summary>
    public bool IsExpired => deadline.IsFired;

    public bool IsBodyStalled => bodyDeadline.IsFired;

    /// <summary>Waits for a request's first byte.</summary>
    public void ForRequest()
    {
        upstream = null;
        upstreamSpent = false;
        if (deadline.IsFired) deadline.Forgive();
        Begin(For.Request, gateway.Limits.KeepAlive);
    }

    /// <summary>Waits for the rest of a head.</summary>
    public void ForHead() => Begin(For.Head, gateway.Limits.HeadRead);

    /// <summary>Waits for more of a body that has to be here before it is passed on.</summary>
    public void ForIntake() => Begin(For.Head, gateway.Limits.BodyStall);

    public void ForConnect(ConnectAttempt connect)
    {
        attempt = connect;
        Begin(For.Connect, gateway.Limits.Connect);
    }

    /// <summary>False if the attempt was given up.</summary>
    public bool EndConnect()
    {
        attempt = null;
        if (deadline.Clear()) return true;
        deadline.Forgive();
        return false;
    }

    /// <summary>Waits for a response's head.</summary>
    public void ForUpstream(Upstream from, long timeoutMs)
    {
        upstream = from;
        upstreamTimeoutMs = timeoutMs;
        upstreamSinceMs = gateway.Clock.CoarseMs;
        Begin(For.Upstream, timeoutMs);
    }

    /// <summary>Waits for the second request alone: the first has failed.</summary>
    public void ForHedge(HedgeFlight flight, long limitMs)
    {
        hedge = flight;
        upstreamSinceMs = gateway.Clock.CoarseMs;
        Begin(For.Hedge, limitMs);
    }

    /// <summary>Waits for more of a response's body.</summary>
    public void ForUpstreamBody(bool isEventStream, long idleMs = 0) =>
        Begin(For.Upstream, idleMs > 0 ? TimeSpan.FromMilliseconds(idleMs) : isEventStream ? gateway.Limits.StreamIdle : gateway.Limits.UpstreamStall);

    /// <summary>Why the upstream's side ended: the heartbeat's reason if it was it, else the given one.</summary>
    public Reason Why(Reason otherwise) => !IsExpired && !upstreamSpent ? otherwise : clientGone ? Reason.ClientAborted : Reason.UpstreamTimeout;

    /// <summary>From this time on, whatever is waited for is ended: for a request that is part of another one.</summary>
    public void EndBy(long atMs) => Volatile.Write(ref endsAtMs, atMs);

    /// <summary>Looks after the parts of an answer; null when there are none any more.</summary>
    public void ForParts(Composition? composition) => parts = composition;

    /// <summary>Waits for the client to take what is sent.</summary>
    /// <param name="bytes">How many.</param>
    public void ForClient(int bytes)
    {
        // The endpoint's time was over just as it brought something: that is sent all the same, and for that the client has its own time.
        if (deadline.IsFired)
        {
            upstreamSpent = true;
            deadline.Forgive();
        }
        Begin(For.Client, Math.Min((long)gateway.Limits.BodyStall.TotalMilliseconds, BodyPace.LimitMs(gateway.Limits, bytes)));
    }

    /// <summary>Waits in a line, for so long at the most.</summary>
    public void ForQueue(Parking where, long version, long limitMs)
    {
        parkingVersion = version;
        parking = where;
        upstreamSinceMs = gateway.Clock.CoarseMs;
        Begin(For.Queue, limitMs);
    }

    /// <summary>Waits in no line any more.</summary>
    public void EndQueue()
    {
        what = For.Nothing;
        parking = null;
        if (!deadline.Clear()) deadline.Forgive();
    }

    public void ForTunnel() => Begin(For.Tunnel, gateway.Limits.StreamIdle);

    /// <summary>Bytes passed through the tunnel, in either direction.</summary>
    public void TunnelMoved() => deadline.Extend(Later(gateway.Limits.StreamIdle));

    public void ForLinger()
    {
        if (deadline.IsFired) deadline.Forgive();
        Begin(For.Linger, gateway.Limits.Linger);
    }

    /// <summary>The wait is over; false if the heartbeat was faster.</summary>
    public bool End()
    {
        what = For.Nothing;
        hasBody = false;
        return deadline.Clear();
    }

    /// <summary>What the client was to send is here. False if the heartbeat was faster: nothing more can be received, and what is here is served in its own time.</summary>
    public bool Arrived()
    {
        if (End()) return true;
        deadline.Forgive();
        return false;
    }

    /// <summary>Between two attempts nothing is waited for; what fired for the last one is forgotten. False if the client has left.</summary>
    public bool Rest()
    {
        if (!End()) deadline.Forgive();
        upstreamSpent = false;
        return !clientGone;
    }

    /// <summary>A body arrives from now on, beside what else is waited for.</summary>
    /// <param name="isStream">It may be silent for as long as a stream of events may.</param>
    public void BeginBody(bool isStream)
    {
        hasBody = true;
        isStreamBody = isStream;
    }

    /// <summary>The body's flow waits for the client, or for the endpoint to take what it brought. False if its time was over.</summary>
    public bool ForBody(bool receives, long limitMs)
    {
        bodyReceives = receives;
        // A body that moves is a request that is still being made: the response's time has not begun.
        deadline.Extend(gateway.Clock.CoarseMs + Math.Max(upstreamTimeoutMs, 1) + Heartbeat.IntervalMs);
        // A stream is silent for as long as it likes; what is sent in one go has to keep its pace.
        return bodyDeadline.Set(isStreamBody ? Later(gateway.Limits.StreamIdle) : gateway.Clock.CoarseMs + limitMs + Heartbeat.IntervalMs);
    }

    /// <summary>Nobody needs the rest of the body.</summary>
    public void HurryBody() => bodyDeadline.Set(Later(gateway.Limits.Linger));

    public void EndBody()
    {
        if (!bodyDeadline.Clear()) bodyDeadline.Forgive();
    }

    /// <summary>The heartbeat's part.</summary>
    /// <param name="nowMs">The time.</param>
    /// <param name="askPeer">Also ask whether the client of a waiting exchange has left.</param>
    /// <param name="endIdle">End the wait for another request (drain).</param>
    public void Tick(long nowMs, bool askPeer, bool endIdle)
    {
        // Noted before it is fired: what comes after belongs to a later wait.
        var (seen, from, connect) = (what, upstream, attempt);
        parts?.Tick(nowMs, askPeer ? HasLeft : null);
        if (seen == For.Queue)
        {
            TickQueue(nowMs, askPeer);
            return;
        }
        if (bodyDeadline.TryFire(nowMs))
        {
            if (bodyReceives) client.StopReceiving();
            else from?.Break();
        }
        if (nowMs >= Volatile.Read(ref endsAtMs))
        {
            // Whatever is waited for by now, and again with every beat: a wait that began just then is not missed.
            deadline.FireNow();
            if (deadline.IsFired) Wake(what, upstream, attempt);
        }
        else if (seen is For.Upstream or For.Hedge && askPeer && !hasBody && nowMs - upstreamSinceMs >= 1000 && client.IsEnded)
        {
            clientGone = true;
            if (deadline.FireNow()) Wake(seen, from, connect);
        }
        else if (deadline.TryFire(nowMs) || (endIdle && seen == For.Request && deadline.FireNow()))
        {
            Wake(seen, from, connect);
        }
        else if (deadline.IsFired)
        {
            // It fired for a wait that was over by then: the one that has begun since has no time of its own.
            Wake(what, upstream, attempt);
        }
    }

    /// <summary>The client's wire says by itself that it has left: an exchange that waits for its endpoint is over. From any thread.</summary>
    public void ClientLeft()
    {
        var (seen, from) = (what, upstream);
        parts?.ClientLeft();
        // In another wait, what waits finds out by itself, or the heartbeat asks.
        if (seen is not (For.Upstream or For.Hedge)) return;
        clientGone = true;
        if (deadline.FireNow()) Wake(seen, from, attempt);
    }

    private void TickQueue(long nowMs, bool askPeer)
    {
        var version = Volatile.Read(ref parkingVersion);
        if (parking is not { } where) return;
        // A wait that was replaced by another meanwhile has another version, and does not hear this.
        if (deadline.TryFire(nowMs) || deadline.IsFired || (nowMs >= Volatile.Read(ref endsAtMs) && deadline.FireNow())) where.GiveUp(version, WaitEnd.TimedOut);
        else if (askPeer && client.IsEnded && deadline.FireNow()) where.GiveUp(version, WaitEnd.Gone);
    }

    private bool HasLeft() => client.IsEnded;

    private void Wake(For seen, Upstream? from, ConnectAttempt? connect)
    {
        switch (seen)
        {
            case For.Request or For.Head:
                client.StopReceiving();
                break;
            case For.Connect:
                connect?.GiveUp();
                break;
            case For.Upstream:
                from?.Break();
                break;
            case For.Hedge:
                hedge?.GiveUp();
                break;
            case For.Client or For.Linger:
                client.Close(reset: true);
                break;
            case For.Tunnel:
                client.Close(reset: true);
                from?.Break();
                break;
        }
    }

    private void Begin(For next, TimeSpan limit) => Begin(next, (long)limit.TotalMilliseconds);

    private void Begin(For next, long limitMs)
    {
        what = next;
        deadline.Set(gateway.Clock.CoarseMs + limitMs + Heartbeat.IntervalMs);
    }

    private long Later(TimeSpan limit) => gateway.Clock.CoarseMs + (long)limit.TotalMilliseconds + Heartbeat.IntervalMs;
}
