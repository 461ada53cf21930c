using System.Text;

namespace Mainstay.Traffic.Path;

/// <summary>Puts what a browser reports aside for the server; the answer comes after it, from the route.</summary>
internal sealed class ReportGate(ReportBox box) : Gate("report")
{
    /// <summary>The largest report, in bytes.</summary>
    public const int MostBytes = 32 * 1024;

    public override Verdict Enter(Exchange x, int slot)
    {
        if (!x.Body.IsComplete) return Verdict.Wait;
        Keep(x);
        return Verdict.Pass;
    }

    public override async ValueTask<Verdict> WaitAsync(Exchange x, int slot)
    {
        x.Reason = await BodyIntake.ReceiveAsync(x, MostBytes);
        if (x.Reason != Reason.None) return Verdict.Refuse;
        Keep(x);
        return Verdict.Pass;
    }

    public override Opinion Peek(Exchange x) => new(Verdict.Pass, $"a report of up to {MostBytes} bytes is kept for the server");

    private void Keep(Exchange x)
    {
        var content = BodyIntake.Content(x, out var rented);
        if (content.Length > 0) box.Add(Encoding.UTF8.GetString(content.Span));
        if (rented is not null) Buffers.Return(rented);
    }
}

/// <summary>Reports of browsers that wait for the next batch. What there is no room for is dropped and counted: reports are worth less than memory.</summary>
internal sealed class ReportBox
{
    /// <summary>Of all that wait, in characters.</summary>
    public const int MostBytes = 256 * 1024;

    private readonly Lock gate = new();
    private List<string> waiting = [];
    private int length;
    private long dropped;

    public void Add(string report)
    {
        lock (gate)
        {
            if (length + report.Length > MostBytes)
            {
                dropped++;
                return;
            }
            waiting.Add(report);
            length += report.Length;
        }
    }

    public IReadOnlyList<string> Take()
    {
        lock (gate)
        {
            if (length == 0) return [];
            var all = waiting;
            (waiting, length) = ([], 0);
            return all;
        }
    }

    /// <summary>How many were dropped since this was asked last.</summary>
    public long TakeDropped()
    {
        lock (gate)
        {
            var number = dropped;
            dropped = 0;
            return number;
        }
    }
}
