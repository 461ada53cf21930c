using System.Globalization;
using System.Runtime.CompilerServices;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// Where the requests of one target wait for the recovery of its service: bounded in number, memory and time, and let go at a measured pace. The same room serves every table that has the
/// target, on that table's terms; one that a table has no longer lets all go.
/// </summary>
internal sealed class ParkRoom : WaitRoom, IBeating, IReporting, IEnding
{
    private const long PingEveryMs = 500;
    private const long PingMostMs = 1000;
    // By then an instance that has ended, and a host that does not answer, is out of the table.
    private const long TableLagMs = 5000;
    // Long enough for a start, and for the first health check after it.
    private static readonly ParkSpec OnDemand = new() { Wait = TimeSpan.FromSeconds(60) };

    private readonly string about;
    private readonly Gateway? gateway;
    private volatile ParkSpec terms;
    private volatile bool isOver;
    private readonly ParkPace pace = new();
    private Ping? ping;
    private long pingedAtMs;
    private uint turn;
    private int places;
    private long held;
    private long sent;
    private long gaveUp;
    private long refused;
    private bool isTold;
    private long sentBefore;
    private long gaveUpBefore;

    public ParkRoom(string about, ParkSpec terms, Gateway? gateway)
        : base(new QueueSpec { Length = terms.Requests, Wait = terms.Wait, Order = QueueOrder.Priority }) =>
        (this.about, this.terms, this.gateway) = (about, terms, gateway);

    /// <summary>The target as the newest table has it: whose endpoints are pinged, and where those go that have waited.</summary>
    public RouteTarget? Target { get; set; }

    /// <summary>How the target's breaker stands, and how many milliseconds it is from letting all pass.</summary>
    public Func<long, (BreakerState State, long LeftMs)> Standing { get; set; } = static _ => (BreakerState.Closed, 0);

    /// <summary>The target's room; null where its requests do not wait.</summary>
    public static ParkRoom? Of(TargetPlace place)
    {
        if ((place.Terms.Breaker?.Park ?? (place.Cluster.OnDemand || place.Cluster.Awaited is not null ? OnDemand : null)) is not { } terms) return null;
        var room = place.Policies.Of($"{place.About}/park", "", () => new ParkRoom(place.About, terms, place.Policies.Gateway));
        if (room.terms != terms) room.Change(terms);
        return room;
    }

    /// <summary>May be sent later as well as now.</summary>
    public static bool Fits(Exchange x) => !x.HasPump && !x.Answered && !x.Request.WantsUpgrade && x.Target!.Retry.IsRepeatable(x);

    /// <summary>Nobody runs, and the first request starts it, or it is about to be started: what was never sent may be sent later, whatever it asks for.</summary>
    private static bool Starts(Exchange x, Reason reason) =>
        reason == Reason.NoEndpoint && x.Target!.Cluster is { Endpoints.Length: 0 } and ({ OnDemand: true } or { Awaited: true }) && x.Body.IsComplete && !x.HasPump && !x.Answered;

    /// <summary>Of what is replaced at once nobody else is left beside the one that has just ended, and the table does not know yet.</summary>
    private static bool IsBehind(Exchange x, Reason reason) =>
        reason == Reason.ConnectFailed && x.Target!.Cluster.Awaited is not null && x.ParkedMs < TableLagMs && x.Body.IsComplete && !x.HasPump && !x.Answered && (!x.WasSent || Fits(x));

    /// <summary>Waits because nobody could be reached, and sends it again; as often as there is time for. None when the response's head is there.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public async ValueTask<Reason> RetryAsync(Exchange x, Reason reason)
    {
        while (!isOver && (Starts(x, reason) || IsBehind(x, reason) || (!ReferenceEquals(terms, OnDemand) && reason is Reason.NoEndpoint or Reason.ConnectFailed or Reason.BreakerOpen && Fits(x))))
        {
            x.Target!.Breaker?.Ended(Outcome.Error, 0, x.NowMs);
            pace.Failed();
            var end = await WaitAsync(x);
            if (end == WaitEnd.Gone) return Reason.ClientAborted;
            if (end != WaitEnd.Admitted) return reason;
            x.Endpoint?.Leave();
            x.Endpoint = null;
            x.EndpointIndex = -1;
            (x.Tried, x.Attempt) = (0, 0);
            reason = await Forward.SendAsync(x);
        }
        return reason;
    }

    /// <summary>Waits for the recovery.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public async ValueTask<WaitEnd> WaitAsync(Exchange x)
    {
        var clock = x.Connection.Gateway.Clock;
        var leftMs = Math.Min(WaitMs - x.ParkedMs, x.CallerLeftMs);
        var bytes = x.Input.Memory.Length + x.Output.Length;
        var isFull = Interlocked.Add(ref held, bytes) > terms.Memory.Bytes;
        var begun = clock.Timestamp;
        var end = leftMs <= 0 ? WaitEnd.TimedOut
            : isFull ? WaitEnd.Full
            : await (x.Parking ??= new Parking()).WaitAsync(x, this, Levels.Business(RequestLevel.Of(x)), keep: 0, leftMs);
        Interlocked.Add(ref held, -bytes);
        x.ParkedMs += clock.MicrosSince(begun) / 1000;
        switch (end)
        {
            case WaitEnd.Admitted:
                Interlocked.Increment(ref sent);
                Redirect(x);
                break;
            case WaitEnd.Full or WaitEnd.Displaced:
                Interlocked.Increment(ref refused);
                break;
            default:
                Interlocked.Increment(ref gaveUp);
                break;
        }
        return end;
    }

    /// <summary>Places are there only while the heartbeat gives them out: who comes then goes with them.</summary>
    public override bool TryTake(int keep, long nowMicros)
    {
        while (true)
        {
            var seen = Volatile.Read(ref places);
            if (seen <= 0) return false;
            if (Interlocked.CompareExchange(ref places, seen - 1, seen) == seen) return true;
        }
    }

    public override void Return() => Interlocked.Increment(ref places);

    /// <summary>Nobody waits here any more: all go now.</summary>
    public void End()
    {
        isOver = true;
        Volatile.Write(ref places, int.MaxValue / 2);
        Pump(gateway?.Clock.Micros ?? 0);
    }

    public void Beat(long nowMs)
    {
        var (state, leftMs) = Standing(nowMs);
        if (ping is { } running)
        {
            if (running.Good is { } good)
            {
                ping = null;
                pace.Pinged(good);
            }
            else if (nowMs - pingedAtMs >= PingMostMs)
            {
                running.GiveUp();
            }
        }
        var waiting = Waiting;
        if (waiting > 0 && ping is null && nowMs - pingedAtMs >= PingEveryMs && pace.WantsPing(state)) BeginPing(nowMs);
        // What has taken the place of another instance was found healthy before it came into the table: no ping has to find that out.
        var replaced = waiting > 0 && Target?.Cluster is { Awaited: not null, Endpoints.Length: > 0 } ? waiting : 0;
        if (Math.Max(replaced, pace.Next(state, waiting, leftMs / Heartbeat.IntervalMs)) is > 0 and var go)
        {
            Volatile.Write(ref places, go);
            Pump(gateway?.Clock.Micros ?? nowMs * 1000);
            Volatile.Write(ref places, 0);
        }
        Tell(waiting);
    }

    public PolicyReport? Report(long nowMs) => new(
        about, "park", "park", Waiting > 0 ? "waiting" : "ready",
        Waiting > 0 ? string.Create(CultureInfo.InvariantCulture, $"{Waiting} of at most {terms.Requests} requests wait for the service") : "",
        new Dictionary<string, double>
        {
            ["waiting"] = Waiting,
            ["heldBytes"] = Volatile.Read(ref held),
            ["sent"] = Volatile.Read(ref sent),
            ["gaveUp"] = Volatile.Read(ref gaveUp),
            ["refused"] = Volatile.Read(ref refused),
        });

    /// <summary>Who recovers is often another instance than those that the request's own table knows.</summary>
    private void Redirect(Exchange x)
    {
        var own = x.Target!;
        if (Target is { } now && now.Cluster != own.Cluster && now.Cluster.Service == own.Cluster.Service && own.PartKey.Length == 0) x.Target = own.With(now.Cluster, now.Series, now.Retry);
    }

    private void Change(ParkSpec to)
    {
        terms = to;
        Change(to.Requests, to.Wait);
    }

    private void BeginPing(long nowMs)
    {
        pingedAtMs = nowMs;
        if (gateway is null || Target?.Cluster is not { Endpoints: { Length: > 0 } endpoints })
        {
            pace.Pinged(false);
            return;
        }
        ping = new Ping(gateway, endpoints[turn++ % endpoints.Length], null, "");
        _ = ping.RunAsync();
    }

    private void Tell(int waiting)
    {
        if (waiting > 0 == isTold) return;
        isTold = waiting > 0;
        if (isTold)
        {
            (sentBefore, gaveUpBefore) = (Volatile.Read(ref sent), Volatile.Read(ref gaveUp));
            gateway?.Notices.Add(about, "RequestsParked", "requests wait for the service's recovery");
            return;
        }
        var (went, left) = (Volatile.Read(ref sent) - sentBefore, Volatile.Read(ref gaveUp) - gaveUpBefore);
        gateway?.Notices.Add(about, "RequestsReplayed", string.Create(CultureInfo.InvariantCulture, $"nobody waits any more: {went} requests were sent after their wait, {left} gave up"), isWarning: false);
    }
}
