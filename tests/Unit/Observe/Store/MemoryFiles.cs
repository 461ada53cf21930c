using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Tests.Observe.Store;

/// <summary>Files in memory, with a disk that can be full, be cut and be damaged.</summary>
sealed class MemoryFiles : IStoreFiles
{
    readonly SortedDictionary<string, byte[]> files = new(StringComparer.Ordinal);

    /// <summary>Bytes that still have room.</summary>
    public long Room { get; set; } = long.MaxValue;

    /// <summary>Called with the name of each file that is about to be written as a whole.</summary>
    public Action<string>? Writing { get; set; }

    public long Bytes => files.Values.Sum(f => (long)f.Length);

    public IEnumerable<string> Names => files.Keys;

    /// <summary>The same files, as another machine's copy: what happens to the one does not happen to the other.</summary>
    public MemoryFiles Copy()
    {
        var copy = new MemoryFiles();
        foreach (var (name, bytes) in files) copy.files[name] = [.. bytes];
        return copy;
    }

    public byte[] this[string name]
    {
        get => files[name];
        set => files[name] = value;
    }

    public IReadOnlyList<StoreFile> List() => [.. files.Select(f => new StoreFile(f.Key, f.Value.Length))];

    public int Read(string name, long offset, Span<byte> into)
    {
        if (!files.TryGetValue(name, out var bytes)) return -1;
        var count = (int)Math.Clamp(bytes.Length - offset, 0, into.Length);
        bytes.AsSpan((int)Math.Min(offset, bytes.Length), count).CopyTo(into);
        return count;
    }

    public bool Append(string name, ReadOnlySpan<byte> bytes)
    {
        var fits = (int)Math.Min(Room, bytes.Length);
        files[name] = [.. files.GetValueOrDefault(name) ?? [], .. bytes[..fits]];
        Room -= fits;
        return fits == bytes.Length;
    }

    public bool Write(string name, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        Writing?.Invoke(name);
        var length = parts.Sum(p => (long)p.Length);
        if (length > Room) return false;
        Room -= length;
        files[name] = [.. parts.SelectMany(p => p.ToArray())];
        return true;
    }

    public bool Delete(string name)
    {
        Room += files.Remove(name, out var bytes) && Room != long.MaxValue ? bytes.Length : 0;
        return true;
    }
}
