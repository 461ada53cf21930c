namespace Mainstay.Observe.Ingest.Model;

/// <summary>
/// What a decoder notes while it reads: where attributes and texts lie. Made once per reader and used for one body after the other, so that
/// reading allocates nothing. Not safe for several callers at a time.
/// </summary>
public sealed class DecodeScratch
{
    /// <summary>Attributes of one resource, scope and item together, its events' and links' included.</summary>
    public const int MostAttributes = 16_384;

    /// <summary>Events, links, exemplars or buckets of one item.</summary>
    public const int MostParts = 16_384;

    /// <summary>Texts of one body that its items name by number.</summary>
    public const int MostSymbols = 1 << 18;

    /// <summary>Text of one item that had to be rewritten, because it had escapes or was a list, in bytes.</summary>
    public const int MostText = 4 << 20;

    internal Bag<AttributeSlot> Attributes { get; } = new(MostAttributes);

    internal Bag<EventSlot> Events { get; } = new(MostParts);

    internal Bag<LinkSlot> Links { get; } = new(MostParts);

    internal Bag<ExemplarSlot> Exemplars { get; } = new(MostParts);

    internal Bag<ulong> Counts { get; } = new(MostParts * 2);

    internal Bag<double> Bounds { get; } = new(MostParts * 2);

    /// <summary>Where the texts of a body lie that its items name by number.</summary>
    internal Bag<TextRef> Symbols { get; } = new(MostSymbols);

    internal Bag<byte> Text { get; } = new(MostText);

    /// <summary>Larger lists that a format needs: the unpacked body.</summary>
    internal byte[] Unpacked = [];

    internal void Clear() => CutItem(default);

    /// <summary>Where attributes and text stand, to go back to after an item.</summary>
    internal Mark Here => new(Attributes.Count, Text.Count);

    internal void CutItem(Mark mark)
    {
        Attributes.Cut(mark.Attributes);
        Text.Cut(mark.Text);
        Events.Cut(0);
        Links.Cut(0);
        Exemplars.Cut(0);
        Counts.Cut(0);
        Bounds.Cut(0);
    }

    internal readonly record struct Mark(int Attributes, int Text);
}
