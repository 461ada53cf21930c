namespace Mainstay.Host.Cli.Output;

/// <summary>
/// Columns aligned by spaces, without borders, so that both people and <c>awk</c> can read them. Written by hand because it shows its first line 170 ms
/// sooner than the first use of a console library, and every command begins with one.
/// </summary>
public sealed class TextTable(params IReadOnlyList<string> titles)
{
    const string Gap = "  ";

    readonly List<IReadOnlyList<string>> rows = [];

    /// <summary>Columns whose cells end at the same place: numbers.</summary>
    public IReadOnlyList<int> RightAligned { get; init; } = [];

    public void Add(params IReadOnlyList<string> cells) => rows.Add(cells);

    /// <summary>Writes the titles and all rows; on a terminal no line is longer than its width.</summary>
    public void Write(Screen screen)
    {
        foreach (var line in Lines(screen))
        {
            screen.Line(line);
        }
    }

    public IEnumerable<string> Lines(Screen screen)
    {
        int[] widths = [.. Enumerable.Range(0, titles.Count).Select(c => rows.Select(r => TextWidth.Of(r[c])).Append(titles[c].Length).Max())];
        return rows.Prepend([.. titles.Select(t => screen.Paint(Tone.Dim, t))])
            .Select(cells => Line(cells, widths))
            .Select(line => screen.InPlace ? TextWidth.Fit(line, screen.Width) : line);
    }

    string Line(IReadOnlyList<string> cells, int[] widths) =>
        string.Join(Gap, cells.Select((cell, c) => RightAligned.Contains(c) ? TextWidth.PadLeft(cell, widths[c]) : TextWidth.PadRight(cell, widths[c]))).TrimEnd();
}
