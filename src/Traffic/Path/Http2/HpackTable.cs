namespace Mainstay.Traffic.Path.Http2;

/// <summary>RFC 7541 §2.3.2 and §4: a dynamic table. Its texts lie one behind the other in one buffer, which grows with what is really used.</summary>
internal sealed class HpackTable(int maxSize)
{
    /// <summary>§4.1: what an entry counts beside its texts.</summary>
    public const int EntryExtra = 32;

    private readonly record struct Entry(int At, int NameLength, int ValueLength, uint Hash)
    {
        public int Bytes => NameLength + ValueLength;
    }

    private Entry[] entries = [];
    private byte[] bytes = [];
    private int first;
    private int end;

    /// <summary>Entries, the newest of which has the number 0.</summary>
    public int Count { get; private set; }

    /// <summary>What they count together.</summary>
    public int Size { get; private set; }

    public int MaxSize { get; private set; } = maxSize;

    public static uint HashOf(ReadOnlySpan<byte> text, uint seed = 2166136261)
    {
        foreach (var letter in text) seed = (seed ^ letter) * 16777619;
        return seed;
    }

    public ReadOnlySpan<byte> NameOf(int number)
    {
        ref readonly var entry = ref At(number);
        return bytes.AsSpan(entry.At, entry.NameLength);
    }

    public ReadOnlySpan<byte> ValueOf(int number)
    {
        ref readonly var entry = ref At(number);
        return bytes.AsSpan(entry.At + entry.NameLength, entry.ValueLength);
    }

    /// <summary>§4.2: evicts what does not fit any more.</summary>
    public void Resize(int size)
    {
        MaxSize = size;
        Evict(0);
    }

    /// <summary>§4.4: evicts until there is room; an entry that is larger than the table empties it. The texts must not lie in this table.</summary>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, uint hash = 0)
    {
        var size = name.Length + value.Length + EntryExtra;
        Evict(size);
        if (size > MaxSize) return;
        Prepare(name.Length + value.Length);
        name.CopyTo(bytes.AsSpan(end));
        value.CopyTo(bytes.AsSpan(end + name.Length));
        entries[(first + Count) & (entries.Length - 1)] = new Entry(end, name.Length, value.Length, hash);
        end += name.Length + value.Length;
        Count++;
        Size += size;
    }

    /// <summary>The number of the entry with these texts, or -1.</summary>
    public int Find(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, uint hash)
    {
        for (var number = 0; number < Count; number++)
        {
            if (At(number).Hash == hash && name.SequenceEqual(NameOf(number)) && value.SequenceEqual(ValueOf(number))) return number;
        }
        return -1;
    }

    private ref Entry At(int number) => ref entries[(first + Count - 1 - number) & (entries.Length - 1)];

    private void Evict(int toCome)
    {
        while (Count > 0 && Size + toCome > MaxSize)
        {
            Size -= entries[first].Bytes + EntryExtra;
            first = (first + 1) & (entries.Length - 1);
            Count--;
        }
        if (Count == 0) end = 0;
    }

    private void Prepare(int more)
    {
        if (Count == entries.Length)
        {
            var larger = new Entry[Math.Max(entries.Length * 2, 16)];
            for (var index = 0; index < Count; index++) larger[index] = entries[(first + index) & (entries.Length - 1)];
            entries = larger;
            first = 0;
        }
        if (end + more <= bytes.Length) return;
        // What is there still lies together: it moves to the front, of a larger buffer where that is needed.
        var start = Count == 0 ? end : entries[first].At;
        var live = end - start;
        var target = bytes;
        if ((live + more) * 2 > bytes.Length) target = new byte[Math.Max((live + more) * 2, 512)];
        bytes.AsSpan(start, live).CopyTo(target);
        bytes = target;
        for (var index = 0; index < Count; index++)
        {
            ref var entry = ref entries[(first + index) & (entries.Length - 1)];
            entry = entry with { At = entry.At - start };
        }
        end = live;
    }
}
