namespace Mainstay.Traffic.Path;

/// <summary>Goes through the header lines of a parsed head, but for those that are not passed on.</summary>
internal ref struct HeaderLines(ReadOnlySpan<byte> head, MessageHead parsed)
{
    private readonly ReadOnlySpan<byte> head = head;
    private readonly ReadOnlySpan<Piece> cuts = parsed.Cuts;
    private readonly int end = parsed.Length - 2;
    private int start = parsed.StartLineLength;
    private int cut;

    /// <summary>The current line with its line end.</summary>
    public ReadOnlySpan<byte> Line { get; private set; }

    public ReadOnlySpan<byte> Name { get; private set; }

    public bool MoveNext()
    {
        while (start < end)
        {
            var at = start;
            start += head[start..].IndexOf((byte)'\n') + 1;
            if (cut < cuts.Length && cuts[cut].Start == at)
            {
                cut++;
                continue;
            }
            Line = head[at..start];
            Name = Line[..Line.IndexOf((byte)':')];
            return true;
        }
        return false;
    }
}
