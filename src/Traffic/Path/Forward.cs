using System.Runtime.CompilerServices;
using System.Text;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// The station that gets a response's head from an endpoint: pick, connect or reuse, send, receive; and again where that is safe.
/// </summary>
/// <remarks>
/// Tried again: (1) a failed connect, on another endpoint, during a release also one of the other version (<see cref="Crossing"/>); (2) a reused connection that turned out closed before a byte was sent; (3) for
/// what may be repeated (<see cref="RetryTerms.IsRepeatable"/>), a connection that died before its response's head was complete, a timeout or a status that the
/// route names, within attempts, budget and time, after a wait. Never anything else: it may have been processed.
/// </remarks>
internal static class Forward
{
    private const int InterimLimit = 8;

    /// <summary>None when the response's head is there (with <see cref="Exchange.Upstream"/> behind it), else why not.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public static async ValueTask<Reason> SendAsync(Exchange x)
    {
        var target = x.Target!;
        var (cluster, terms, clock) = (target.Cluster, target.Retry, x.Connection.Gateway.Clock);
        x.SendingSince = clock.Timestamp;
        if (x.LeftMs <= 0) return Reason.DeadlineExceeded;
        terms.Budget.Earn();
        var repeatable = terms.IsRepeatable(x);
        var key = cluster.Key?.Of(x) ?? 0;
        var (again, waitMs, spent) = (false, 0, 0);
        var breakers = target.Breakers;
        var reason = breakers.Length > 0 ? Reason.BreakerOpen : Reason.NoEndpoint;
        while (true)
        {
            if (target.Across is not null && Crossing.Leads(x, reason)) (target, cluster, breakers, again, spent) = (x.Target!, x.Target!.Cluster, x.Target!.Breakers, false, x.Attempt);
            var index = x.Tried == 0 ? Pick.First(x, cluster, key, clock.CoarseMs) : Pick.Next(cluster, key, x.Tried, again, clock.CoarseMs, ref x.Dice, Pick.BreakersOf(x));
            if (index < 0) return reason == Reason.None ? Reason.BreakerOpen : reason;
            // Trying one more endpoint that could not be connected to a moment ago is a repetition like any other.
            if (reason == Reason.ConnectFailed && cluster.Loads[index].IsAlone(clock.CoarseMs) && !terms.Budget.TryTake()) return reason;
            x.Attempt++;
            x.Tried = Pick.Mark(x.Tried, index);
            Enter(x, cluster.Endpoints[index], index);
            var upstream = x.Connection.TakeIdle(x.Endpoint!, careful: !repeatable) ?? await ConnectAsync(x, x.Endpoint!);
            if (upstream is null)
            {
                reason = Reason.ConnectFailed;
                if (breakers.Length > 0) InstanceBreakers.Ended(breakers[index], x, reason, 0);
                again = false;
                // Nothing was sent, so this may cost every other endpoint one try, whatever the route's attempts.
                if (x.LeftMs > 0 && (target.Across is not null || x.Attempt - spent < Math.Max(terms.Attempts, Math.Min(cluster.Endpoints.Length, 8)))) continue;
                return reason;
            }
            x.Upstream = upstream;
            var wasReused = upstream.IsReused;
            var since = breakers.Length > 0 ? clock.Timestamp : 0;
            reason = await ExchangeHeadsAsync(x, upstream, Math.Clamp(x.LeftMs, 1, terms.AttemptTimeoutMs));
            upstream = x.Upstream!;
            var askedMs = 0;
            if (reason == Reason.None)
            {
                x.IsAskedToWait = x.Response.Status is 429 or 503 && !HeadLines.Find(upstream.Received.Span[..x.Response.Length], x.Response, "Retry-After"u8).IsEmpty;
                if (breakers.Length > 0) InstanceBreakers.Ended(breakers[x.EndpointIndex], x, reason, clock.MicrosSince(since));
                if (!repeatable || x.Attempt >= terms.Attempts || !terms.RetriesOn(x.Response.Status)) return reason;
                askedMs = RetryAfter.Read(HeadLines.Find(upstream.Received.Span[..x.Response.Length], x.Response, "Retry-After"u8));
            }
            else
            {
                if (breakers.Length > 0 && !(wasReused && reason == Reason.UpstreamClosed)) InstanceBreakers.Ended(breakers[x.EndpointIndex], x, reason, 0);
                if (!MayRepeat(x, reason, repeatable)) return Late(x, reason);
                // A stale connection says nothing about its endpoint; a fresh one gets its chance without costing an attempt.
                if (wasReused && reason == Reason.UpstreamClosed && x.Attempt - spent <= cluster.Endpoints.Length)
                {
                    x.Tried = 0;
                    x.Attempt--;
                    again = true;
                    upstream.Discard();
                    x.Upstream = null;
                    continue;
                }
                if (x.Attempt >= terms.Attempts) return Late(x, reason);
            }
            if (!terms.MayGoOn(ref waitMs, askedMs, x.LeftMs, ref x.Dice)) return Late(x, reason);
            again = true;
            upstream.Discard();
            x.Upstream = null;
            if (!x.Connection.Waits.Rest()) return Reason.ClientAborted;
            await x.Connection.Gateway.Naps.ForAsync(waitMs);
        }
    }

    /// <summary>Whose time was over: the caller's, or the route's.</summary>
    private static Reason Late(Exchange x, Reason reason) =>
        reason == Reason.UpstreamTimeout && x.Request.DeadlineMs >= 0 && x.LeftMs <= 0 ? Reason.DeadlineExceeded : reason;

    private static void Enter(Exchange x, Endpoint endpoint, int index)
    {
        x.Endpoint?.Leave();
        endpoint.Enter();
        x.Endpoint = endpoint;
        x.EndpointIndex = index;
    }

    private static bool MayRepeat(Exchange x, Reason reason, bool repeatable) =>
        repeatable && !x.Answered && (reason == Reason.UpstreamClosed || (reason == Reason.UpstreamTimeout && x.Target!.Retry.OnTimeout));

    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    private static async ValueTask<Upstream?> ConnectAsync(Exchange x, Endpoint endpoint)
    {
        var connection = x.Connection;
        var attempt = connection.AttemptFor(endpoint);
        connection.Waits.ForConnect(attempt);
        var wire = await endpoint.Reach.ConnectAsync(connection.Gateway.Transport, attempt);
        var inTime = connection.Waits.EndConnect();
        if (wire is not null && inTime)
        {
            endpoint.Redeem();
            return new Upstream(endpoint, wire);
        }
        wire?.Close();
        endpoint.Eject(connection.Gateway.Clock.CoarseMs);
        x.Target!.Cluster.Watch?.Outliers.Outcome(endpoint.Load, failed: true, connection.Gateway.Clock.CoarseMs);
        return null;
    }

    /// <summary>One attempt, and what it says about the endpoint.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    private static async ValueTask<Reason> ExchangeHeadsAsync(Exchange x, Upstream upstream, long timeoutMs)
    {
        var cluster = x.Target!.Cluster;
        if (cluster.Loads.Length == 1) return await GetHeadAsync(x, upstream, timeoutMs);
        var clock = x.Connection.Gateway.Clock;
        var since = clock.Timestamp;
        var hedge = x.Target.Hedge is { } declared && HedgePolicy.Fits(x) ? declared : null;
        var flight = hedge?.Begin(x, upstream);
        var reason = await GetHeadAsync(x, upstream, timeoutMs);
        if (reason is Reason.None or Reason.UpstreamTimeout || flight is { HasWon: true }) hedge?.Delay.Saw(clock.MicrosSince(since));
        if (flight is not null && await IsOvertakenAsync(x, flight, reason))
        {
            upstream.Endpoint.Load.ObserveAtLeast(clock.MicrosSince(since), clock.Micros);
            reason = flight.Adopt(x);
            flight.Release();
            return reason;
        }
        flight?.Release();
        // What the client broke, and what was closed before it was used, says nothing.
        if (reason is Reason.None or Reason.UpstreamTimeout or Reason.UpstreamBadResponse || (reason == Reason.UpstreamClosed && !upstream.IsReused))
        {
            var failed = reason != Reason.None || x.Response.Status >= 500;
            upstream.Endpoint.Load.Observe(clock.MicrosSince(since), failed, clock.Micros);
            cluster.Watch?.Outliers.Outcome(upstream.Endpoint.Load, failed, clock.CoarseMs);
        }
        return reason;
    }

    /// <summary>Which of the two requests has the answer that is taken: the first that is good. Only where the first one is none, the second is waited for.</summary>
    private static ValueTask<bool> IsOvertakenAsync(Exchange x, HedgeFlight flight, Reason reason)
    {
        x.Hedge = null;
        return reason == Reason.None && HedgeFlight.IsGood(x.Response.Status) ? new ValueTask<bool>(!flight.Claim(x)) : flight.IsBetterAsync(x, reason);
    }

    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    private static async ValueTask<Reason> GetHeadAsync(Exchange x, Upstream upstream, long timeoutMs)
    {
        x.Connection.Waits.ForUpstream(upstream, timeoutMs);
        var length = WriteRequest(x);
        x.WasSent = true;
        var sent = await upstream.Wire.SendAsync(x.Output.AsMemory(0, length));
        if (sent >= 0 && !x.Body.IsComplete) BeginPump(x);
        if (sent >= 0 && x.Hedge is { } hedge) hedge.Watch(x, length);
        else x.ReturnOutput();
        // Where it could not be sent, the endpoint may have answered without wanting the body; that answer is still worth receiving, and without one the wire says so at once.
        x.Response.Reset();
        for (var interims = 0; ;)
        {
            var status = x.Response.Parse(upstream.Received.Span, x.Connection.Gateway.Limits);
            if (status == ParseStatus.Bad) return Reason.UpstreamBadResponse;
            if (status == ParseStatus.Complete)
            {
                if (!x.Response.IsInterim) return Reason.None;
                if (++interims > InterimLimit || !await PassInterimAsync(x, upstream)) return Reason.UpstreamBadResponse;
                continue;
            }
            var received = await upstream.ReadableAsync();
            if (received >= 0) received = await upstream.ReceiveAsync();
            if (received <= 0) return x.Connection.Waits.Why(Reason.UpstreamClosed);
            upstream.Took(received);
        }
    }

    /// <summary>From here on, the body's buffered part is sent; the rest follows beside the response.</summary>
    private static void BeginPump(Exchange x)
    {
        x.Input.Skip(x.Request.Length + x.Body.Buffered);
        x.HasPump = true;
        x.Connection.Waits.BeginBody(x.Request.IsStream);
#pragma warning disable CA2012 // Awaited exactly once, when the response's side is done.
        x.Pump = RequestBody.PumpAsync(x, x.Body);
#pragma warning restore CA2012
    }

    /// <summary>RFC 9110 §15.2: interim responses are passed on, but not to clients that do not know them.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    private static async ValueTask<bool> PassInterimAsync(Exchange x, Upstream upstream)
    {
        // Once the client got something of this endpoint, it gets all of it.
        if (x.Hedge is { } hedge && !hedge.Claim(x)) return false;
        if (x.Request.Minor == 1)
        {
            var length = WriteInterim(x, upstream);
            var sent = await x.Client.SendAsync(x.Output.AsMemory(0, length));
            if (sent < 0) return false;
            x.BytesOut += sent;
        }
        upstream.Skip(x.Response.Length);
        x.Response.Reset();
        return true;
    }

    /// <summary>Writes an interim response's head without what belongs to one hop. Returns the bytes written.</summary>
    private static int WriteInterim(Exchange x, Upstream upstream)
    {
        x.RoomFor(x.Response.Length, 0);
        var head = upstream.Received.Span[..x.Response.Length];
        var writer = new HeadWriter(x.Output);
        writer.Add(head[..x.Response.StartLineLength]);
        writer.AddHeaders(head, x.Response);
        writer.Add("\r\n"u8);
        return writer.Length;
    }

    /// <summary>Writes the request as the endpoint gets it, with the part of its body that is there. Returns the bytes written.</summary>
    /// <param name="x">The exchange.</param>
    /// <param name="lines">Header lines that are added.</param>
    internal static int WriteRequest(Exchange x, ReadOnlySpan<byte> lines = default)
    {
        var request = x.Request;
        var edits = x.Target?.Edits;
        x.RoomFor(request.Length + lines.Length + (edits?.RequestRoom(request) ?? 0) + (x.Lesser?.Room(request) ?? 0), x.Body.Buffered + x.Onward.Length);
        var head = x.HeadBytes;
        var writer = new HeadWriter(x.Output);
        if ((x.Lesser ?? edits?.Path) is { } path)
        {
            WriteRewritten(ref writer, x, head, path);
        }
        else if (request.Minor == 1 && request.Target.Start == request.Method.Length + 1)
        {
            writer.Add(head[..request.StartLineLength]);
        }
        else
        {
            writer.Add(request.Method.Of(head));
            writer.Add(" "u8);
            writer.Add(request.Target.Of(head));
            writer.Add(" HTTP/1.1\r\n"u8);
        }
        if (edits is { ChangesRequestLines: true })
        {
            HeadEdit.Copy(ref writer, head, request, edits.Request, edits.HostLine is null ? default : "host"u8);
            writer.Add(edits.HostLine);
            edits.Request?.AddLines(ref writer, x);
        }
        else
        {
            writer.AddHeaders(head, request);
        }
        writer.Add(lines);
        writer.Add(x.Onward.Lines);
        AddForwarded(ref writer, x, head);
        AddTrace(ref writer, x, head);
        writer.Add("X-Mainstay-Deadline: "u8);
        writer.Add(Math.Max(x.LeftMs, 1));
        writer.Add("\r\n"u8);
        if (x.Target!.Level.Passes) AddLevel(ref writer, RequestLevel.Of(x));
        if (request.WantsUpgrade)
        {
            writer.Add("Connection: Upgrade\r\nUpgrade: "u8);
            writer.Add(request.Upgrade.Of(head));
            writer.Add("\r\n"u8);
        }
        writer.Add("Via: 1.1 mainstay\r\n\r\n"u8);
        writer.Add(x.Input.Bytes.Slice(request.Length, x.Body.Buffered));
        return writer.Length;
    }

    /// <summary>RFC 9112 §3.2.1: the origin form, with another path and the same query.</summary>
    private static void WriteRewritten(ref HeadWriter writer, Exchange x, ReadOnlySpan<byte> head, CompiledText path)
    {
        var request = x.Request;
        writer.Add(request.Method.Of(head));
        writer.Add(" "u8);
        path.Write(ref writer, x);
        writer.Add(request.Target.Of(head)[request.Path.Length..]);
        writer.Add(" HTTP/1.1\r\n"u8);
    }

    private static void AddForwarded(ref HeadWriter writer, Exchange x, ReadOnlySpan<byte> head)
    {
        var request = x.Request;
        if (request.Host.IsEmpty && x.Target?.Edits?.HostLine is null)
        {
            writer.Add("Host: "u8);
            writer.Add(Encoding.ASCII.GetBytes(x.Endpoint!.Address.ToString()));
            writer.Add("\r\n"u8);
        }
        else if (!request.ForwardedHost && !request.Host.IsEmpty)
        {
            writer.Add("X-Forwarded-Host: "u8);
            writer.Add(request.Host.Of(head));
            writer.Add("\r\n"u8);
        }
        if (!request.ForwardedProto) writer.Add(x.Client.Facts is null ? "X-Forwarded-Proto: http\r\n"u8 : "X-Forwarded-Proto: https\r\n"u8);
        writer.Add(x.Connection.ForwardedFor);
    }

    /// <summary>A service that passes this on lets the services behind it shed in the same order.</summary>
    private static void AddLevel(ref HeadWriter writer, int level)
    {
        Span<byte> text = stackalloc byte[5];
        writer.Add("X-Mainstay-Level: "u8);
        writer.Add(text[..Levels.Write(level, text)]);
        writer.Add("\r\n"u8);
    }

    private static void AddTrace(ref HeadWriter writer, Exchange x, ReadOnlySpan<byte> head)
    {
        var request = x.Request;
        // A request id that we make is the trace's id, so that logs by either name meet.
        var id = x.TakeRequestId();
        writer.Add("traceparent: "u8);
        if (request.Traceparent.IsEmpty)
        {
            writer.Add("00-"u8);
            if (request.RequestId.IsEmpty)
            {
                writer.Add(id);
            }
            else
            {
                writer.AddHex(x.TraceSpan != 0 ? x.TraceHigh : x.Dice.Next() | 1);
                writer.AddHex(x.TraceSpan != 0 ? x.TraceLow : x.Dice.Next());
            }
            writer.Add("-"u8);
            writer.AddHex(x.TraceSpan != 0 ? x.TraceSpan : x.Dice.Next() | 1);
            writer.Add("-01"u8);
        }
        else
        {
            writer.Add(request.Traceparent.Of(head));
        }
        writer.Add("\r\nX-Request-Id: "u8);
        writer.Add(id);
        writer.Add("\r\n"u8);
    }
}
