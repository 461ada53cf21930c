using System.Text;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>Changes to the header lines of a head, compiled: names that are taken away and lines that come in.</summary>
internal sealed class HeadEdit
{
    private readonly byte[][] removed;
    private readonly CompiledText? lines;

    private HeadEdit(IEnumerable<string> removed, CompiledText? lines) =>
        (this.removed, this.lines) = ([.. removed.Select(name => name.ToLowerInvariant()).Distinct().Select(Encoding.ASCII.GetBytes)], lines);

    /// <summary>Null where nothing is changed.</summary>
    /// <param name="spec">What is declared.</param>
    /// <param name="without">Names that are taken away beside.</param>
    /// <param name="route">The route's name, for values.</param>
    public static HeadEdit? Of(HeaderEdit? spec, IEnumerable<string> without, string route)
    {
        var added = (spec?.Set ?? new Dictionary<string, string>()).Concat(spec?.Add ?? new Dictionary<string, string>()).ToList();
        string[] removed = [.. without, .. spec?.Remove ?? [], .. spec?.Set?.Keys ?? []];
        return added.Count + removed.Length == 0 ? null : new HeadEdit(removed, added.Count == 0 ? null : CompiledText.OfLines(added, route));
    }

    public bool HasLines => lines is not null;

    /// <summary>Room for the lines that come in.</summary>
    public int Room(RequestHead request) => lines?.Room(request) ?? 0;

    /// <summary>The lines that come in.</summary>
    public void AddLines(ref HeadWriter writer, Exchange x) => lines?.Write(ref writer, x);

    /// <summary>Copies the header lines that stay: a block copy for all that follow each other.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="head">The head's bytes.</param>
    /// <param name="parsed">The head.</param>
    /// <param name="edit">Whose names are left out; null for none.</param>
    /// <param name="without">The lowercase name of one more that is left out.</param>
    public static void Copy(ref HeadWriter writer, ReadOnlySpan<byte> head, MessageHead parsed, HeadEdit? edit, ReadOnlySpan<byte> without = default)
    {
        var cuts = parsed.Cuts;
        var (from, cut) = (parsed.StartLineLength, 0);
        foreach (ref readonly var line in parsed.Lines)
        {
            var isCut = cut < cuts.Length && cuts[cut].Start == line.Start;
            if (isCut) cut++;
            else if (!(edit is not null && edit.Removes(head, line)) && !(without.Length > 0 && line.IsNamed(head, without))) continue;
            writer.Add(head[from..line.Start]);
            from = line.Start + line.Length;
        }
        writer.Add(head[from..(parsed.Length - 2)]);
    }

    private bool Removes(ReadOnlySpan<byte> head, in HeaderLine line)
    {
        foreach (var one in removed)
        {
            if (line.IsNamed(head, one)) return true;
        }
        return false;
    }
}
