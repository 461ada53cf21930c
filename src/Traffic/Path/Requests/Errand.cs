using Mainstay.Core.Requests;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Requests;

/// <summary>
/// A request that goes past the gates of its target from one on, on a connection without a socket, whether its client stays or not: those before have let it pass. What
/// came of it is kept as a whole.
/// </summary>
/// <remarks>Not on the hot path: it allocates, but blocks no loop.</remarks>
internal sealed class Errand
{
    /// <summary>Most bytes of an answer's body that the first caller is given.</summary>
    public const int MostAnswer = 16 << 20;

    private readonly Identity? identity;
    private readonly int firstGate;

    /// <param name="firstGate">The first gate that it passes.</param>
    /// <param name="identity">What guards found out about its client.</param>
    /// <param name="isOurs">Its lines were written by a gateway: what they say of the client counts.</param>
    public Errand(int firstGate, Identity? identity, bool isOurs) => (this.firstGate, this.identity, IsOurs) = (firstGate, identity, isOurs);

    public bool IsOurs { get; }

    /// <summary>Why the service did not answer; none where it did, or a gate in its place.</summary>
    public Reason Reason { get; private set; }

    /// <summary>Bytes of it were on their way to the service.</summary>
    public bool WasSent { get; private set; }

    /// <summary>How it ended.</summary>
    public RequestOutcome Outcome { get; private set; }

    /// <summary>What came back, the service's answer or the gateway's own; null where nothing whole did.</summary>
    public KeptAnswer? Answer { get; private set; }

    /// <summary>It sets out.</summary>
    public void Begin(Exchange x)
    {
        x.Entered = x.FirstGate = firstGate;
        x.Identity = identity;
    }

    /// <summary>Its exchange is over.</summary>
    public void End(Exchange x) => (Reason, WasSent) = (x.Reason, x.WasSent);

    /// <summary>Leads it to its end.</summary>
    /// <param name="gateway">Who has it done.</param>
    /// <param name="listener">Where its client came in.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="wire">Its request, and room for the answer.</param>
    /// <param name="seed">Its own chance.</param>
    /// <param name="repeats">The service may be asked twice.</param>
    public async Task RunAsync(Gateway gateway, Listener listener, RouteTarget target, PartWire wire, ulong seed, bool repeats)
    {
        var connection = new ClientConnection(gateway, listener, wire, seed) { Errand = this };
        // The heartbeat looks after its waits, and a drain waits for it.
        gateway.Remember(connection);
        try
        {
            var told = await connection.RunOnceAsync(target);
            if (Reason == Reason.None) Reason = told;
        }
        finally
        {
            gateway.ForgetOwn(connection);
        }
        var head = new ResponseHead();
        head.Reset();
        var isParsed = head.Parse(wire.Response.Span, gateway.Limits) == ParseStatus.Complete;
        if (isParsed && wire.IsTooLarge) Answer = new(head.Status, LinesOf(wire.Response.Span, head), default, IsWhole: false);
        else if (isParsed && IsWhole(head, wire.Response.Length, Reason)) Answer = new(head.Status, LinesOf(wire.Response.Span, head), wire.Response[head.Length..], IsWhole: true);
        // Beyond what is taken the wire breaks, which is no failure of the service's.
        var reason = wire.IsTooLarge && isParsed ? Reason.None : Answer is null && Reason == Reason.None ? Reason.UpstreamAborted : Reason;
        Outcome = RequestRules.Judge(reason, WasSent, Answer?.Status ?? 0, repeats);
    }

    // Without a length only the end of the exchange tells; the gateway's own answers have one.
    private static bool IsWhole(ResponseHead head, int length, Reason reason) => head.ContentLength < 0 ? reason == Reason.None : length - head.Length == head.ContentLength;

    /// <summary>The lines that belong to the answer and not to one way that it took.</summary>
    private static byte[] LinesOf(ReadOnlySpan<byte> bytes, ResponseHead head)
    {
        var kept = new List<byte>(head.Length);
        var lines = new HeaderLines(bytes, head);
        while (lines.MoveNext())
        {
            if (HeaderNames.Of(lines.Name) is HeaderName.RequestId or HeaderName.ContentLength or HeaderName.TransferEncoding) continue;
            kept.AddRange(lines.Line);
        }
        return [.. kept];
    }
}
