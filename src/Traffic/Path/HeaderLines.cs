namespace Mainstay.Traffic.Path;

/// <summary>Goes through the header lines of a parsed head, but for those that are not passed on.</summary>
internal ref struct HeaderLines(ReadOnlySpan<byte> head, MessageHead parsed)
{
    private readonly ReadOnlySpan<byte> head = head;
    private readonly ReadOnlySpan<Piece> cuts = parsed.Cuts;
    private readonly ReadOnlySpan<HeaderLine> lines = parsed.Lines;
    private int next;
    private int cut;

    /// <summary>The current line with its line end.</summary>
    public ReadOnlySpan<byte> Line { get; private set; }

    public ReadOnlySpan<byte> Name { get; private set; }

    public bool MoveNext()
    {
        while (next < lines.Length)
        {
            ref readonly var line = ref lines[next++];
            if (cut < cuts.Length && cuts[cut].Start == line.Start)
            {
                cut++;
                continue;
            }
            Line = line.All.Of(head);
            Name = line.Name(head);
            return true;
        }
        return false;
    }
}
