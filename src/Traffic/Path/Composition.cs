using System.Text;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// One composition under way. Every call is an exchange of its own on a connection without a socket, so that it is picked, repeated, counted and traced like any
/// client's; the heartbeat ends it when its time is over or the client has left.
/// </summary>
internal sealed class Composition(Exchange x, ComposeGate gate, ComposeRun run)
{
    // Above this, reading and writing JSON is left to other threads than the loop's.
    private const int MostOnLoop = 64 * 1024;

    private static readonly byte[] JsonType = "Content-Type: application/json\r\n"u8.ToArray();
    private readonly long endsAtMs = x.NowMs + LimitOf(x, gate) + Heartbeat.IntervalMs;
    private readonly long sinceMs = x.NowMs;
    private readonly byte[] lines = HeaderLines(x);
    private readonly List<Part> parts = [];

    // The heartbeat may still be looking when the exchange is over and gone.
    private readonly Gateway gateway = x.Connection.Gateway;
    private ClientConnection[] running = [];
    private volatile bool isGone;
    private int bytes;

    private sealed record Part(int Call, PartWire Wire, ClientConnection Connection, Task<Reason> Reason);

    /// <summary>How it ends; null when the client has left.</summary>
    public async Task<ComposeMove?> RunAsync()
    {
        while (true)
        {
            var move = bytes > MostOnLoop ? await Task.Run(run.Next) : run.Next();
            if (isGone) return null;
            switch (move.Verdict)
            {
                case ComposeVerdict.Call:
                    Begin(move);
                    break;
                case ComposeVerdict.Wait:
                    // Of those that were over at once, several may be the same task.
                    var done = await Task.WhenAny(parts.Select(part => part.Reason));
                    var ended = parts.First(part => part.Reason == done);
                    parts.Remove(ended);
                    var reply = ReplyOf(ended, await done);
                    bytes += reply.Body.Length;
                    if (bytes > MostOnLoop) await Task.Run(() => run.Take(ended.Call, reply));
                    else run.Take(ended.Call, reply);
                    break;
                default:
                    GiveUp();
                    return move;
            }
        }
    }

    /// <summary>Returns when nothing of it is under way any more.</summary>
    public async Task EndAsync()
    {
        GiveUp();
        await Task.WhenAll(parts.Select(part => part.Reason));
    }

    /// <summary>The heartbeat's part.</summary>
    /// <param name="nowMs">The time.</param>
    /// <param name="hasLeft">Asks whether the client has left; null to leave it.</param>
    public void Tick(long nowMs, Func<bool>? hasLeft)
    {
        if (hasLeft is not null && nowMs - sinceMs >= 1000 && hasLeft()) ClientLeft();
        foreach (var connection in Volatile.Read(ref running)) connection.Waits.Tick(nowMs, askPeer: false, endIdle: false);
    }

    /// <summary>Nobody waits for the answer any more. From any thread.</summary>
    public void ClientLeft()
    {
        isGone = true;
        GiveUp();
    }

    private void GiveUp()
    {
        foreach (var connection in Volatile.Read(ref running)) connection.Waits.EndBy(0);
        foreach (var connection in Volatile.Read(ref running)) connection.Waits.Tick(gateway.Clock.CoarseMs, askPeer: false, endIdle: false);
    }

    private void Begin(ComposeMove move)
    {
        var client = x.Connection;
        var wire = new PartWire(client.Wire, RequestOf(move), ComposeRun.MostBytes + client.Gateway.Limits.HeadBytes);
        var connection = new ClientConnection(client.Gateway, client.Listener, wire, x.Dice.Next());
        var target = gate.Targets[move.Call];
        connection.Waits.EndBy(Math.Min(endsAtMs, x.NowMs + target.TimeoutMs + Heartbeat.IntervalMs));
        Volatile.Write(ref running, [.. running, connection]);
        parts.Add(new Part(move.Call, wire, connection, connection.RunOnceAsync(target)));
        // What was given up meanwhile has not seen this one.
        if (isGone) GiveUp();
    }

    private ComposeReply ReplyOf(Part part, Reason reason)
    {
        Volatile.Write(ref running, [.. running.Where(connection => connection != part.Connection)]);
        if (part.Wire.IsTooLarge) return new(0, false, default, $"its answer is larger than {ComposeRun.MostBytes / 1024}Ki");
        if (reason != Reason.None) return new(0, false, default, $"there was no answer ({Problem.NameOf(reason)})");
        var response = new ResponseHead();
        response.Reset();
        if (response.Parse(part.Wire.Response.Span, x.Connection.Gateway.Limits) != ParseStatus.Complete) return new(0, false, default, "there was no answer");
        var at = 0;
        // A service that does not say what it sends is taken at its bytes.
        var isJson = !response.Next(part.Wire.Response.Span, ref at, "Content-Type"u8, out var type) || IsJson(type.Of(part.Wire.Response.Span));
        return new(response.Status, isJson, part.Wire.Response[response.Length..]);
    }

    private static bool IsJson(ReadOnlySpan<byte> type)
    {
        var end = type.IndexOf((byte)';');
        var name = (end < 0 ? type : type[..end]).Trim(" \t"u8);
        return Ascii.EqualsIgnoreCase(name, "application/json"u8) || (name.Length > 5 && Ascii.EqualsIgnoreCase(name[^5..], "+json"u8));
    }

    /// <summary>Milliseconds for the whole: the route's, and no more than the caller still waits.</summary>
    private static long LimitOf(Exchange x, ComposeGate gate) => x.Request.DeadlineMs < 0
        ? gate.TimeoutMs
        : Math.Max(0, Math.Min(gate.TimeoutMs, x.Request.DeadlineMs - x.Connection.Gateway.Clock.MicrosSince(x.StartedAt) / 1000));

    /// <summary>HTTP/1.0, so that the response comes without chunks and without interim ones; the endpoint is asked in HTTP/1.1.</summary>
    private byte[] RequestOf(ComposeMove move)
    {
        var body = move.Body ?? [];
        var start = Encoding.ASCII.GetBytes($"{gate.Plan.Calls[move.Call].Call.Method} {move.Target} HTTP/1.0\r\n");
        var left = Encoding.ASCII.GetBytes($"X-Mainstay-Deadline: {Math.Max(0, endsAtMs - Heartbeat.IntervalMs - x.NowMs)}\r\n");
        var length = move.Body is null ? [] : Encoding.ASCII.GetBytes($"Content-Length: {body.Length}\r\n");
        return [.. start, .. lines, .. left, .. KeyLine(move), .. move.Body is null ? [] : JsonType, .. length, (byte)'\r', (byte)'\n', .. body];
    }

    /// <summary>Each call's own key, the same again when the client repeats its request: with the client's alone, a service would take two calls for one.</summary>
    private byte[] KeyLine(ComposeMove move)
    {
        var key = HeadLines.Find(x.HeadBytes, x.Request, "Idempotency-Key"u8);
        if (key.IsEmpty) return [];
        var isQuoted = key.Length > 1 && key[^1] == '"';
        return
        [
            .. "Idempotency-Key: "u8, .. isQuoted ? key[..^1] : key, (byte)'.', .. Encoding.ASCII.GetBytes(gate.Plan.Calls[move.Call].Name), .. isQuoted ? "\""u8 : default, .. "\r\n"u8,
        ];
    }

    /// <summary>What every call says about the client's request: its headers, but for those about its own body and the answer's form, and one trace for all.</summary>
    private static byte[] HeaderLines(Exchange x)
    {
        var request = x.Request;
        var head = x.HeadBytes;
        var kept = new List<byte>();
        var lines = new HeaderLines(head, request);
        while (lines.MoveNext())
        {
            if (IsPassedOn(lines.Name)) kept.AddRange(lines.Line);
        }
        var id = x.TakeRequestId();
        Span<byte> made = stackalloc byte[64];
        var trace = new HeadWriter(made);
        trace.Add("00-"u8);
        // A request id that we made is the trace's id, as for any other request.
        if (request.RequestId.IsEmpty) trace.Add(id);
        else trace.AddHex(x.TraceSpan != 0 ? x.TraceHigh : x.Dice.Next() | 1);
        if (!request.RequestId.IsEmpty) trace.AddHex(x.TraceSpan != 0 ? x.TraceLow : x.Dice.Next());
        trace.Add("-"u8);
        trace.AddHex(x.TraceSpan != 0 ? x.TraceSpan : x.Dice.Next() | 1);
        trace.Add("-01"u8);
        return
        [
            .. kept, .. x.Onward.Lines,
            .. "Accept: application/json\r\nX-Request-Id: "u8, .. id,
            .. "\r\ntraceparent: "u8, .. request.Traceparent.IsEmpty ? made[..trace.Length] : request.Traceparent.Of(head), .. "\r\n"u8,
        ];
    }

    private static bool IsPassedOn(ReadOnlySpan<byte> name) =>
        HeaderNames.Of(name) is not (HeaderName.Traceparent or HeaderName.RequestId or HeaderName.TransferEncoding or HeaderName.Expect)
        && !StartsWith(name, "content-"u8) && !StartsWith(name, "if-"u8) && !StartsWith(name, "accept-encoding"u8)
        && !Ascii.EqualsIgnoreCase(name, "idempotency-key"u8) && !Ascii.EqualsIgnoreCase(name, "accept"u8) && !Ascii.EqualsIgnoreCase(name, "range"u8);

    private static bool StartsWith(ReadOnlySpan<byte> name, ReadOnlySpan<byte> prefix) => name.Length >= prefix.Length && Ascii.EqualsIgnoreCase(name[..prefix.Length], prefix);
}
