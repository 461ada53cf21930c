using System.Threading.Tasks.Sources;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// The second request beside a slow first one. It waits for its time among the naps, then flies on its own; exactly one of both sides claims the exchange: the first
/// request's flow, or this one, which then closes the first request's connection, so that the flow wakes and takes this one's in its place.
/// </summary>
/// <remarks>
/// The bytes that are sent are those that the first request was written into: with the launch the buffer is this one's, and the exchange takes another. One that never flew goes
/// back to the pool with the first answer, and what still waits among the naps holds an old ticket; one that flew, once both the flight and the flow have let go of it.
/// </remarks>
internal sealed class HedgeFlight : Due, IThreadPoolWorkItem, IValueTaskSource<bool>
{
    private const int InterimLimit = 8;
    private static ReadOnlySpan<byte> DeadlineName => "\r\nX-Mainstay-Deadline: "u8;

    private enum Stage
    {
        /// <summary>It waits for its time, if that comes.</summary>
        Waits,

        /// <summary>It is under way.</summary>
        Flies,

        /// <summary>It has the good answer, and the exchange.</summary>
        Won,

        /// <summary>It ended without a good answer.</summary>
        Failed,

        /// <summary>The first request has the exchange.</summary>
        Over,
    }

    private readonly Lock gate = new();
    private readonly ResponseHead head = new();
    private ManualResetValueTaskSourceCore<bool> ended;
    private HedgePolicy policy = null!;
    private Gateway gateway = null!;
    private RouteTarget target = null!;
    private Upstream first = null!;
    private byte[] bytes = [];
    private int length;
    private int delayMs;
    private int lane;
    private ulong key;
    private ulong tried;
    private long sentAt;
    private long leftMs;
    private Dice dice;

    // The version, which is the ticket, and three bits of stage: so that an old ticket changes nothing.
    private long state;
    private long version;
    private int owners;
    private bool neverFlew;
    private ConnectAttempt? attempt;
    private ClientConnection connection = null!;
    private Upstream? upstream;
    private bool isGivenUp;
    private Upstream? winner;
    private int index;

    /// <summary>It has the answer that is taken.</summary>
    public bool HasWon => At == Stage.Won;

    private Stage At => (Stage)(Volatile.Read(ref state) & 7);

    /// <summary>One that belongs to the flow of the exchange until it calls <see cref="Release"/>.</summary>
    public static HedgeFlight Rent(HedgePolicy policy, Exchange x, Upstream first, int delayMs)
    {
        var flight = LocalPool<HedgeFlight>.Rent() ?? new HedgeFlight();
        var gateway = x.Connection.Gateway;
        (flight.policy, flight.gateway, flight.target, flight.first) = (policy, gateway, x.Target!, first);
        (flight.delayMs, flight.lane, flight.tried, flight.connection) = (delayMs, x.Client.Lane, x.Tried, x.Connection);
        flight.key = x.Target!.Cluster.Key?.Of(x) ?? 0;
        flight.dice = new Dice(x.Dice.Next());
        (flight.owners, flight.isGivenUp) = (2, false);
        Volatile.Write(ref flight.state, StateOf(flight.version, Stage.Waits));
        return flight;
    }

    /// <summary>The first request is sent: the time begins.</summary>
    /// <param name="x">The exchange, whose output holds the request.</param>
    /// <param name="written">Bytes of it.</param>
    public void Watch(Exchange x, int written)
    {
        (bytes, length, sentAt, leftMs) = (x.Output, written, gateway.Clock.Timestamp, x.LeftMs);
        gateway.Naps.Add(this, version, delayMs);
    }

    /// <summary>The time has come: if there is still no answer, the second request is sent, by a thread of the pool.</summary>
    public override void End(long ticket, bool ended)
    {
        var waits = StateOf(ticket, Stage.Waits);
        if (!ended && Interlocked.CompareExchange(ref state, StateOf(ticket, Stage.Flies), waits) == waits) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    public void Execute() => _ = FlyAsync();

    /// <summary>Ends it from another thread: what it waits for fails.</summary>
    public void GiveUp()
    {
        lock (gate)
        {
            isGivenUp = true;
            attempt?.GiveUp();
            upstream?.Break();
        }
    }

    /// <summary>The first request has an answer, or nobody wants one any more. False when this one was faster.</summary>
    public bool Claim(Exchange x)
    {
        while (true)
        {
            var seen = At;
            if (seen == Stage.Over) return true;
            if (seen == Stage.Won)
            {
                Part(x);
                return false;
            }
            if (!Move(seen, Stage.Over)) continue;
            neverFlew = seen == Stage.Waits;
            if (neverFlew) return true;
            GiveUp();
            Part(x);
            return true;
        }
    }

    /// <summary>The first request failed: true once this one has a good answer, false when it has none either.</summary>
    public async ValueTask<bool> IsBetterAsync(Exchange x, Reason reason)
    {
        var waits = x.Connection.Waits;
        if (At == Stage.Flies && reason != Reason.ClientAborted && x.LeftMs > 0 && waits.Rest())
        {
            waits.ForHedge(this, x.LeftMs);
            await new ValueTask<bool>(this, ended.Version);
            waits.Rest();
        }
        return !Claim(x);
    }

    /// <summary>Puts the answer that this one has in the first request's place. After <see cref="Claim"/> said false.</summary>
    public Reason Adopt(Exchange x)
    {
        x.Upstream!.Discard();
        x.Endpoint!.Leave();
        (x.Endpoint, x.EndpointIndex, x.Upstream) = (target.Cluster.Endpoints[index], index, winner);
        x.Tried = Pick.Mark(x.Tried, index);
        x.Attempt++;
        x.IsHedged = true;
        winner = null;
        var waits = x.Connection.Waits;
        if (!waits.Rest()) return Reason.ClientAborted;
        waits.ForUpstream(x.Upstream!, Math.Max(x.LeftMs, 1));
        x.Response.Reset();
        return x.Response.Parse(x.Upstream!.Received.Span, gateway.Limits) == ParseStatus.Complete ? Reason.None : Reason.UpstreamBadResponse;
    }

    /// <summary>The flow lets go of it, after <see cref="Claim"/>.</summary>
    public void Release()
    {
        if (neverFlew) Recycle();
        else LetGo();
    }

    private void LetGo()
    {
        if (Interlocked.Decrement(ref owners) > 0) return;
        Buffers.Return(bytes);
        ended.Reset();
        Recycle();
    }

    private void Recycle()
    {
        version++;
        Volatile.Write(ref state, StateOf(version, Stage.Over));
        (policy, gateway, target, first, bytes, winner, upstream, attempt) = (null!, null!, null!, null!, [], null, null, null);
        (isGivenUp, neverFlew) = (false, false);
        LocalPool<HedgeFlight>.Return(this);
    }

    private static long StateOf(long version, Stage stage) => (version << 3) | (long)stage;

    private bool Move(Stage from, Stage to) =>
        Interlocked.CompareExchange(ref state, StateOf(version, to), StateOf(version, from)) == StateOf(version, from);

    /// <summary>What was written into belongs to the flight by now.</summary>
    private void Part(Exchange x)
    {
        if (x.Output == bytes) x.Output = Buffers.Rent(bytes.Length);
    }

    private async Task FlyAsync()
    {
        try
        {
            var isGood = Choose() && policy.MayFly(target) && await AskAsync(target.Cluster.Endpoints[index]);
            if (!isGood) Move(Stage.Flies, Stage.Failed);
            ended.SetResult(isGood);
        }
        catch (Exception error)
        {
            // A broken invariant stops this request and nothing else; it is counted and shown.
            gateway.Note(error);
            Move(Stage.Flies, Stage.Failed);
            ended.SetResult(false);
        }
        finally
        {
            LetGo();
        }
    }

    /// <summary>Another endpoint, in good standing: one that is left alone makes nothing faster.</summary>
    private bool Choose()
    {
        var nowMs = gateway.Clock.CoarseMs;
        index = Pick.Next(target.Cluster, key, tried, again: false, nowMs, ref dice, target.Breakers);
        return index >= 0 && !target.Cluster.Endpoints[index].IsEjected(nowMs) && (tried & Pick.Mark(0, index)) == 0;
    }

    /// <summary>True when it got a good answer first; everything else ends here.</summary>
    private async Task<bool> AskAsync(Endpoint endpoint)
    {
        endpoint.Enter();
        var clock = gateway.Clock;
        var hasWon = false;
        var since = clock.Timestamp;
        if (await ReachAsync(endpoint) is { } taken)
        {
            since = clock.Timestamp;
            ShrinkDeadline();
            var isAnswered = await taken.Wire.SendAsync(bytes.AsMemory(0, length)) >= 0 && await HeadAsync(taken);
            if (isAnswered)
            {
                var failed = head.Status >= 500;
                endpoint.Load.Observe(clock.MicrosSince(since), failed, clock.Micros);
                target.Cluster.Watch?.Outliers.Outcome(endpoint.Load, failed, clock.CoarseMs);
                hasWon = IsGood(head.Status) && TryWin(taken);
            }
            else
            {
                endpoint.Load.ObserveAtLeast(clock.MicrosSince(since), clock.Micros);
            }
            if (!hasWon) Drop(taken);
        }
        if (!hasWon) endpoint.Leave();
        return hasWon;
    }

    /// <summary>An answer that is worth to be taken before another one is there.</summary>
    public static bool IsGood(int status) => status is < 500 and not 429;

    private bool TryWin(Upstream taken)
    {
        // No longer what is closed when it is given up: from the exchange on, it is the flow's.
        lock (gate) upstream = null;
        winner = taken;
        if (!Move(Stage.Flies, Stage.Won))
        {
            winner = null;
            return false;
        }
        policy.CountWon();
        first.Break();
        return true;
    }

    private void Drop(Upstream taken)
    {
        lock (gate) upstream = null;
        taken.Discard();
    }

    private async Task<Upstream?> ReachAsync(Endpoint endpoint)
    {
        var taken = (endpoint.Reach.TellsClient ? null : endpoint.TakeIdle(lane, careful: false)) ?? await ConnectAsync(endpoint);
        if (taken is null) return null;
        bool isOver;
        lock (gate)
        {
            upstream = taken;
            isOver = isGivenUp;
        }
        if (!isOver) return taken;
        Drop(taken);
        return null;
    }

    private async Task<Upstream?> ConnectAsync(Endpoint endpoint)
    {
        var connect = connection.AttemptFor(endpoint);
        lock (gate)
        {
            attempt = connect;
            if (isGivenUp) connect.GiveUp();
        }
        var wire = await endpoint.Reach.ConnectAsync(gateway.Transport, connect);
        lock (gate) attempt = null;
        if (wire is not null)
        {
            endpoint.Redeem();
            return new Upstream(endpoint, wire);
        }
        if (!isGivenUp) endpoint.Eject(gateway.Clock.CoarseMs);
        return null;
    }

    /// <summary>Receives up to the end of the response's head, which stays with the connection.</summary>
    private async Task<bool> HeadAsync(Upstream from)
    {
        head.Reset();
        for (var interims = 0; ;)
        {
            var status = head.Parse(from.Received.Span, gateway.Limits);
            if (status == ParseStatus.Bad) return false;
            if (status == ParseStatus.Complete)
            {
                if (!head.IsInterim) return true;
                if (++interims > InterimLimit) return false;
                from.Skip(head.Length);
                head.Reset();
                continue;
            }
            var received = await from.ReceiveAsync();
            if (received <= 0) return false;
            from.Took(received);
        }
    }

    /// <summary>The caller waits no longer than before: the time that has passed is taken off, in the same number of digits.</summary>
    private void ShrinkDeadline()
    {
        var at = bytes.AsSpan(0, length).IndexOf(DeadlineName);
        if (at < 0) return;
        var left = Math.Max(leftMs - gateway.Clock.MicrosSince(sentAt) / 1000, 1);
        var digits = bytes.AsSpan(at + DeadlineName.Length);
        for (var digit = digits.IndexOf((byte)'\r') - 1; digit >= 0; digit--, left /= 10) digits[digit] = (byte)('0' + left % 10);
    }

    bool IValueTaskSource<bool>.GetResult(short token) => ended.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => ended.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> next, object? of, short token, ValueTaskSourceOnCompletedFlags flags) =>
        ended.OnCompleted(next, of, token, ValueTaskSourceOnCompletedFlags.None);
}
