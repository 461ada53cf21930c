namespace Mainstay.Traffic.Path;

/// <summary>
/// Tells a page that is being opened the trace that its request begins, in <c>Server-Timing: traceparent</c>, which scripts of the page can read: so what the browser
/// reports stands above what the services report. A request that brings its trace knows it already.
/// </summary>
internal sealed class TraceTellingGate() : Gate("trace")
{
    public override Verdict Enter(Exchange x, int slot)
    {
        if (!IsPage(x)) return Verdict.Pass;
        Span<byte> bytes = stackalloc byte[80];
        var line = new HeadWriter(bytes);
        line.Add("traceparent;desc=\"00-"u8);
        if (x.Request.RequestId.IsEmpty)
        {
            // The id that is made for the request is its trace's.
            line.Add(x.TakeRequestId());
        }
        else
        {
            (x.TraceHigh, x.TraceLow) = (x.Dice.Next() | 1, x.Dice.Next());
            line.AddHex(x.TraceHigh);
            line.AddHex(x.TraceLow);
        }
        x.TraceSpan = x.Dice.Next() | 1;
        line.Add("-"u8);
        line.AddHex(x.TraceSpan);
        line.Add("-01\""u8);
        x.Added.Add("Server-Timing"u8, bytes[..line.Length]);
        return Verdict.Pass;
    }

    public override Opinion Peek(Exchange x) => new(Verdict.Pass, IsPage(x) ? "the page is told its trace" : "no page that is being opened, or it brings its trace");

    // Fetch Metadata: browsers say that they open a page.
    private static bool IsPage(Exchange x) =>
        x.Request.Traceparent.IsEmpty && x.Request.Only(x.HeadBytes, "sec-fetch-mode"u8, out var mode) && mode.Of(x.HeadBytes).SequenceEqual("navigate"u8);
}
