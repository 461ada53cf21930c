namespace Mainstay.Traffic.Path;

/// <summary>Adds the declared header lines to the response, whoever gives it. They are made when the request comes: later its head may be gone.</summary>
internal sealed class ResponseLinesGate(HeadEdit edit) : Gate("response-headers")
{
    public override Verdict Enter(Exchange x, int slot)
    {
        var buffer = Buffers.Rent(Math.Max(Buffers.Usual, edit.Room(x.Request)));
        var writer = new HeadWriter(buffer);
        edit.AddLines(ref writer, x);
        x.Added.AddLines(buffer.AsSpan(0, writer.Length));
        Buffers.Return(buffer);
        return Verdict.Pass;
    }

    public override Opinion Peek(Exchange x) => new(Verdict.Pass, "the response's headers are changed");
}
