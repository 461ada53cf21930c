using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Drivers.Http2;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// A client's connection: reads one head after the other and leads each exchange through the stations. While it is idle it is this object, its
/// wire and its suspended flow, and nothing else.
/// </summary>
internal sealed class ClientConnection
{
    private const int LingerBytes = 256 * 1024;
    private readonly bool hasPeer;
    private IpRanges? judgedBy;
    private bool isTrusted;
    private Exchange? exchange;
    private Http2Connection? streams;
    private Upstream? own;

    public ClientConnection(Gateway gateway, Listener listener, Wire wire, ulong seed)
    {
        Gateway = gateway;
        Listener = listener;
        Wire = wire;
        Dice = new Dice(seed);
        Waits = new Waits(gateway, wire);
        var peer = wire.Peer?.Address;
        if (peer?.IsIPv4MappedToIPv6 == true) peer = peer.MapToIPv4();
        ForwardedFor = peer is null ? [] : Encoding.ASCII.GetBytes($"X-Forwarded-For: {peer}\r\n");
        hasPeer = peer is not null;
        PeerAddress = peer is null ? default : IpText.Of(peer);
    }

    public Gateway Gateway { get; }

    public Listener Listener { get; }

    public Wire Wire { get; }

    /// <summary>Chance for all of its requests; a field, because it changes in place.</summary>
    public Dice Dice;

    /// <summary>The peer may set X-Forwarded-* itself. Who is trusted can change while it is connected.</summary>
    public bool IsTrusted
    {
        get
        {
            var now = Gateway.Trusted;
            if (ReferenceEquals(now, judgedBy)) return isTrusted;
            // A caller in the mesh is a service of ours: what it says about its client is passed on.
            isTrusted = Listener.IsMesh || Errand is { IsOurs: true } || (hasPeer && now.Contains(PeerAddress));
            judgedBy = now;
            return isTrusted;
        }
    }

    /// <summary>The peer's address (see <see cref="IpText"/>); 0 where there is none.</summary>
    public UInt128 PeerAddress { get; }

    /// <summary>The header line that tells the client's address.</summary>
    public byte[] ForwardedFor { get; }

    public Waits Waits { get; }

    /// <summary>It asks on the cache's account for what is kept already; null for every client's.</summary>
    public Refresh? Refreshing { get; init; }

    /// <summary>It carries a request whose end is kept as a whole; null for every client's.</summary>
    public Requests.Errand? Errand { get; init; }

    /// <summary>It serves streams of another connection.</summary>
    public bool IsStream => Wire is StreamWire;

    /// <summary>What it carries, where it speaks HTTP/2.</summary>
    public Http2Connection? Streams
    {
        get => Volatile.Read(ref streams);
        set => Volatile.Write(ref streams, value);
    }

    /// <summary>Its place among the gateway's connections; belongs to <see cref="ConnectionSet"/>.</summary>
    public int Place { get; set; } = -1;

    /// <summary>Serves until the connection ends.</summary>
    /// <param name="refusal">A reason to answer the connection with at once, without serving it.</param>
    public async Task RunAsync(Reason refusal = Reason.None)
    {
        try
        {
            if (!IsStream && Wire.Facts is { Application: "h2" })
            {
                if (refusal == Reason.None && await Gateway.Http2.ServeAsync(this, Wire)) await LingerAsync();
                return;
            }
            var isFirst = true;
            while (refusal == Reason.None)
            {
                // 1. Idle: nothing is held.
                if (Wire.WaitsWithoutBuffer)
                {
                    Waits.ForRequest();
                    if (await Wire.ReadableAsync() < 0) break;
                }

                // 2. Requests, for as long as one follows the other without a pause.
                exchange = Exchange.Rent(this);
                do
                {
                    refusal = await ReadHeadAsync(exchange);
                    if (isFirst && refusal == Reason.UnsupportedVersion && Http2Front.IsPreface(exchange.Input.Bytes))
                    {
                        await HandOverAsync(exchange);
                        return;
                    }
                    isFirst = false;
                }
                while (refusal == Reason.None && await ServeAsync(exchange) && (exchange.Input.Available > 0 || !Wire.WaitsWithoutBuffer));
                if (refusal != Reason.None || exchange.Close) break;
                exchange.Return();
                exchange = null;
            }
            await EndAsync(refusal);
        }
        catch (Exception error)
        {
            // A broken invariant stops this connection and nothing else; it is counted and shown. What it rented may still be in use.
            Gateway.Note(error);
        }
        finally
        {
            Wire.Close();
            own?.Close();
            Gateway.Forget(this);
        }
    }

    /// <summary>HTTP/2 with prior knowledge: the connection goes on in its own front.</summary>
    private async Task HandOverAsync(Exchange x)
    {
        Waits.End();
        var wire = new AheadWire(Wire, x.Input.Bytes.ToArray(), Wire.Peer);
        exchange = null;
        x.Input.Clear();
        x.Return();
        if (await Gateway.Http2.ServeAsync(this, wire)) await LingerAsync();
    }

    /// <summary>Leads the one request that is at hand to a place that no table decides: it is part of another one. Returns why it was not answered there, if it was not.</summary>
    public async Task<Reason> RunOnceAsync(RouteTarget only)
    {
        try
        {
            exchange = Exchange.Rent(this);
            var reason = await ReadHeadAsync(exchange);
            if (reason == Reason.None)
            {
                await ServeAsync(exchange, only);
                reason = exchange.Reason;
            }
            exchange.Return();
            exchange = null;
            return reason;
        }
        catch (Exception error)
        {
            Gateway.Note(error);
            return Reason.UpstreamBadResponse;
        }
        finally
        {
            Wire.Close();
            own?.Close();
        }
    }

    /// <summary>Says the last word, if there is one, and gives back what was rented.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    private async ValueTask<bool> EndAsync(Reason refusal)
    {
        if (Problem.StatusOf(refusal) != 0) await RefuseAsync(exchange ??= Exchange.Rent(this), refusal);
        if (exchange is null) return true;
        if (exchange.HasUnread) await LingerAsync();
        exchange.Return();
        exchange = null;
        return true;
    }

    /// <summary>None when a whole head is there; ClientAborted when the connection is to be closed without a word.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    private async ValueTask<Reason> ReadHeadAsync(Exchange x)
    {
        var input = x.Input;
        var request = x.Request;
        request.Reset();
        request.Trusted = IsTrusted;
        x.HasUnread = false;
        var hasBegun = false;
        if (input.Available == 0 && !Wire.WaitsWithoutBuffer) Waits.ForRequest();
        while (true)
        {
            if (input.Available > 0)
            {
                var status = request.Parse(input.Bytes, Gateway.Limits);
                if (status == ParseStatus.Complete) return Reason.None;
                if (status == ParseStatus.Bad) return request.Failure;
                // Only a head that does not come as a whole costs a deadline.
                if (!hasBegun) Waits.ForHead();
                hasBegun = true;
            }
            var received = await Wire.ReceiveAsync(input.Room());
            if (received <= 0) return input.Available > 0 && Waits.IsExpired ? Reason.RequestTimeout : Reason.ClientAborted;
            input.Took(received);
        }
    }

    /// <summary>Leads one request through the stations. True when the connection stays open.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    private async ValueTask<bool> ServeAsync(Exchange x, RouteTarget? only = null)
    {
        var table = Listener.Table;
        x.Begin(Gateway.Clock.Timestamp);
        // The heartbeat may have given up on the head just as it became whole; it is served, but nothing more can be received.
        if (!Waits.Arrived()) x.Close = true;
        x.Body = RequestBody.Begin(x.Request, x.Input.Memory.Span[x.Request.Length..]);
        x.BytesIn = x.Request.Length + x.Body.Buffered;
        var reason = x.Body.IsBad ? Reason.BadRequest : Reason.None;
        var door = only is null ? table.Door : null;
        if (reason == Reason.None && door is not null) reason = door.Judge(x);
        if (Refreshing is { } own) x.Entered = x.FirstGate = own.FirstGate;
        Errand?.Begin(x);
        if (reason == Reason.None) x.Target = only ?? Match.Find(table, x.Request, x.HeadBytes, out reason);
        if (reason == Reason.None)
        {
            var verdict = Admit.Enter(x);
            if (verdict == Verdict.Wait) verdict = await Admit.WaitAsync(x);
            if (verdict == Verdict.Refuse)
            {
                reason = x.Reason;
                x.RefusedBy = x.Target!.Gates[x.Entered];
            }
            else if (verdict == Verdict.Pass)
            {
                reason = await Forward.SendAsync(x);
                if (reason != Reason.None && x.Target!.Park is { } park) reason = await park.RetryAsync(x, reason);
                if (x.ParkedMs > 0) x.Added.Add("X-Mainstay-Parked"u8, x.ParkedMs);
                if (reason == Reason.None) x.Target!.Cluster.Sticky?.Issue(x);
                if (reason == Reason.None && x.Target!.Gates.Length > 0) x.HeadAt = Gateway.Clock.Timestamp;
            }
            if (x.Visit is { IsOpen: true } visit) reason = visit.Answered(x, reason);
            if (reason != Reason.None && x.Target!.Fallback is { } fallback) reason = await fallback.TakeAsync(x, reason);
        }

        var complete = reason == Reason.None;
        if (complete && x.Answer is { } answer)
        {
            complete = await answer.SendAsync(x);
            if (!complete) reason = x.Reason;
        }
        else if (complete)
        {
            x.Status = x.Response.Status;
            if (x.Status != 101) complete = await Relay.ResponseAsync(x);
            else if (x.Request.WantsUpgrade) complete = await Tunnel.RunAsync(x);
            else complete = false;
            if (!complete) reason = x.Reason == Reason.None ? Reason.UpstreamBadResponse : x.Reason;
        }
        if (x.HasPump) reason = await SettleBodyAsync(x, complete, reason);
        if (!complete) await FailAsync(x, reason);
        Finish(x, table, complete);
        door?.Note(x);
        return !x.Close;
    }

    /// <summary>The request's body must have ended, one way or another, before the connection goes on. Returns the reason to tell.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    private async ValueTask<Reason> SettleBodyAsync(Exchange x, bool complete, Reason reason)
    {
        if (x.HasBodyArrived)
        {
            // Only the last piece is on its way to the endpoint, which has answered already.
            Waits.HurryBody();
        }
        else if (!x.Pump.IsCompleted)
        {
            // The response is over, or there will be none, while the request still arrives: nobody wants the rest.
            x.Upstream!.Break();
            if (complete) Wire.EndSending();
            Waits.HurryBody();
            if (!complete) Wire.StopReceiving();
        }
        var ended = await x.Pump;
        if (ended == Reason.None) return reason;
        x.Close = x.HasUnread = true;
        // An upstream that broke because the client's body did: that is the cause to tell.
        return complete || ended == Reason.UpstreamClosed || reason == Reason.UpstreamTimeout ? reason : ended;
    }

    /// <summary>Answers in the endpoint's place; where an answer has begun, the cut connection is the message.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    private async ValueTask<bool> FailAsync(Exchange x, Reason reason)
    {
        x.Reason = reason;
        x.Upstream?.Discard();
        x.Upstream = null;
        var status = Problem.StatusOf(reason);
        if (x.Answered || status == 0)
        {
            x.Close = true;
            x.HasUnread = false;
            Wire.Close(reset: true);
            return false;
        }
        x.Status = status;
        if (!x.Body.IsComplete) x.Close = x.HasUnread = true;
        if (reason == Reason.BadRequest || Gateway.IsDraining) x.Close = true;
        return await AnswerAsync(x, reason);
    }

    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    private async ValueTask<bool> AnswerAsync(Exchange x, Reason reason)
    {
        var (lines, body) = Problem.Of(reason);
        var sent = await Relay.SendOwnAsync(x, Problem.StatusOf(reason), lines, x.Details ?? body);
        x.Reason = reason;
        if (!sent) x.Close = true;
        return sent;
    }

    private void Finish(Exchange x, ListenerTable table, bool complete)
    {
        var inTime = Waits.End();
        if (x.Status == 101) x.Close = true;
        if (!x.Body.IsComplete && !x.HasPump) x.Close = x.HasUnread = true;
        x.Endpoint?.Leave();
        if (x.Upstream is { } upstream)
        {
            var isFree = complete && inTime && x.IsReusable && upstream.Available == 0 && !x.HasUnread;
            if (isFree) Keep(upstream);
            else upstream.Discard(isOver: complete);
            x.Upstream = null;
        }
        Admit.Leave(x);
        if (!x.IsRecorded) Record.Add(x, table);
        Errand?.End(x);
        if (!x.HasPump && !x.Close) x.Input.Skip(x.Request.Length + x.Body.Buffered);
        x.ReturnOutput();
    }

    /// <summary>An idle connection to an endpoint: this client's own, where the endpoint is told whose a connection is.</summary>
    public Upstream? TakeIdle(Endpoint endpoint, bool careful)
    {
        if (!endpoint.Reach.TellsClient) return endpoint.TakeIdle(Wire.Lane, careful);
        if (own is not { } kept || kept.Endpoint != endpoint) return null;
        own = null;
        if (!kept.IsStale && !(careful && kept.Wire.IsReadable)) return kept;
        kept.Close();
        return null;
    }

    /// <summary>An attempt to connect to an endpoint, which is told whose it is where it wants to know.</summary>
    public ConnectAttempt AttemptFor(Endpoint endpoint) =>
        endpoint.Reach.TellsClient ? new ConnectAttempt(Wire.Lane) { Client = Wire.Peer, ClientAt = Listener.Door.At } : new ConnectAttempt(Wire.Lane);

    private void Keep(Upstream upstream)
    {
        if (!upstream.Endpoint.Reach.TellsClient)
        {
            upstream.Endpoint.Keep(upstream, Gateway.Clock.CoarseMs);
            return;
        }
        own?.Close();
        own = upstream;
        upstream.BeginIdle(Gateway.Clock.CoarseMs);
    }

    /// <summary>Answers what is no request, and records it.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    private async ValueTask<bool> RefuseAsync(Exchange x, Reason reason)
    {
        x.Begin(Gateway.Clock.Timestamp);
        x.Close = x.HasUnread = true;
        x.Reason = reason;
        x.Status = Problem.StatusOf(reason);
        x.BytesIn = x.Input.Available;
        Waits.End();
        var sent = await AnswerAsync(x, reason);
        Waits.End();
        Listener.Table.Door?.Note(x);
        Record.Add(x, Listener.Table);
        x.ReturnOutput();
        return sent;
    }

    /// <summary>
    /// RFC 9112 §9.6: closing while bytes arrive would reset the connection and could take our answer with it. So the end is told first,
    /// and what still comes is thrown away for a moment.
    /// </summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    private async ValueTask<bool> LingerAsync()
    {
        Wire.EndSending();
        Waits.ForLinger();
        var buffer = Buffers.Rent();
        var total = 0;
        while (total < LingerBytes)
        {
            var received = await Wire.ReceiveAsync(buffer);
            if (received <= 0) break;
            total += received;
        }
        Buffers.Return(buffer);
        return Waits.End();
    }
}
