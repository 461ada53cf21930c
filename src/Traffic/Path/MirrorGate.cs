using System.Text;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>Copies requests for another service. A copy goes when the request has arrived as a whole; the original never waits for it.</summary>
internal sealed class MirrorGate(MirrorSpec spec, MirrorPolicy policy, Cluster cluster, long timeoutMs, string route) : Gate("mirror")
{
    private readonly byte[] mark = Encoding.ASCII.GetBytes($"X-Mainstay-Mirror: {route}\r\n");
    private readonly long threshold = (long)(spec.Percent.Fraction * (1L << 53));

    public override Verdict Enter(Exchange x, int slot)
    {
        x.Mirror = null;
        if ((long)(x.Dice.Next() >> 11) >= threshold || x.Request.WantsUpgrade || x.Request.Host.IsEmpty) return Verdict.Pass;
        if (x.Request.ContentLength > spec.MaxBody.Bytes || x.Body.Buffered > spec.MaxBody.Bytes)
        {
            policy.TooLarge();
            return Verdict.Pass;
        }
        var flight = new MirrorFlight(x.Connection.Gateway, policy, cluster, x.Client.Lane, x.Request.IsHead);
        if (!policy.TryEnter(flight)) return Verdict.Pass;
        var length = Forward.WriteRequest(x, mark);
        flight.Append(x.Output.AsSpan(0, length));
        if (x.Body.IsComplete) flight.Launch(timeoutMs);
        else (x.Mirror, x.MirrorLeft) = (flight, spec.MaxBody.Bytes - x.Body.Buffered);
        return Verdict.Pass;
    }

    public override void Leave(Exchange x, int slot)
    {
        if (x.Mirror is not { } flight) return;
        x.Mirror = null;
        if (x.HasBodyArrived) flight.Launch(timeoutMs);
        else flight.Drop(isTooLarge: false);
    }

    public override Opinion Peek(Exchange x) => new(Verdict.Pass, $"{spec.Percent} of the requests are copied to {spec.To}");
}
