namespace Mainstay.Observe.Ingest.Model;

/// <summary>Where a text lies: in the body, or, with a negative start, at the complement of it in the scratch text.</summary>
internal readonly record struct TextRef(int Start, int Length);

/// <summary>A stretch of one of the scratch lists.</summary>
internal readonly record struct SlotRange(int Start, int Count);

/// <summary>One attribute as it was found: where its texts lie, and its number.</summary>
internal struct AttributeSlot
{
    public TextRef Key;
    public TextRef Text;
    public long Bits;
    public AttributeKind Kind;
}

internal struct EventSlot
{
    public long Time;
    public TextRef Name;
    public SlotRange Attributes;
}

internal struct LinkSlot
{
    public TraceId Trace;
    public ulong Span;
    public SlotRange Attributes;
}

internal struct ExemplarSlot
{
    public long Time;
    public double Value;
    public TraceId Trace;
    public ulong Span;
    public SlotRange Attributes;
}

/// <summary>A list that keeps its memory, up to a limit of items.</summary>
internal sealed class Bag<T>(int most)
    where T : struct
{
    T[] items = new T[16];

    public int Count { get; private set; }

    public ReadOnlySpan<T> Items => items.AsSpan(0, Count);

    public ref T this[int at] => ref items[at];

    /// <summary>False where the list is full.</summary>
    public bool Add(in T item)
    {
        if (Count == items.Length)
        {
            if (Count >= most)
            {
                return false;
            }

            Array.Resize(ref items, Math.Min(most, items.Length * 2));
        }

        items[Count++] = item;
        return true;
    }

    /// <summary>Room for <paramref name="length"/> more items, to be filled by the caller and then taken with <see cref="Took"/>; empty where there is not so much.</summary>
    public Span<T> Room(int length)
    {
        if (length < 0 || length > most - Count)
        {
            return default;
        }

        if (Count + length > items.Length)
        {
            Array.Resize(ref items, (int)Math.Min(most, Math.Max((long)items.Length * 2, Count + (long)length)));
        }

        return items.AsSpan(Count, length);
    }

    public void Took(int length) => Count += length;

    public void Cut(int count) => Count = count;
}
