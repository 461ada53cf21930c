using System.Text;

namespace Mainstay.Observe.Numbers;

/// <summary>
/// Gives names small numbers, so that what is counted per name can be counted per number. Bounded: beyond the limit every new name is
/// <see cref="Other"/>. Not safe for several callers at a time.
/// </summary>
/// <param name="most">The most names.</param>
/// <param name="mostBytes">Longer names are cut to this, in bytes of UTF-8.</param>
public sealed class NameTable(int most, int mostBytes = 256)
{
    /// <summary>The number of everything that had no room.</summary>
    public const int Other = 0;

    readonly Dictionary<ulong, int> heads = [];
    readonly List<Entry> entries = [new([.. "(other)"u8], "(other)", -1)];

    public int Count => entries.Count;

    /// <summary>How often a name had no room.</summary>
    public long Overflows { get; private set; }

    public string this[int number] => entries[number].Text;

    /// <summary>The number of a name, a new one where it has none.</summary>
    public int Of(ReadOnlySpan<byte> utf8)
    {
        utf8 = utf8.Length > mostBytes ? utf8[..mostBytes] : utf8;
        var hash = Hash(utf8);
        var head = heads.GetValueOrDefault(hash, -1);
        for (var at = head; at >= 0; at = entries[at].Next)
        {
            if (entries[at].Bytes.AsSpan().SequenceEqual(utf8))
            {
                return at;
            }
        }

        if (entries.Count >= most)
        {
            Overflows++;
            return Other;
        }

        entries.Add(new(utf8.ToArray(), Encoding.UTF8.GetString(utf8), head));
        heads[hash] = entries.Count - 1;
        return entries.Count - 1;
    }

    // FNV-1a by eight bytes at a time.
    static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = 14695981039346656037UL ^ (ulong)bytes.Length;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            hash = (hash ^ System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes)) * 1099511628211UL;
            hash ^= hash >> 29;
        }

        foreach (var one in bytes)
        {
            hash = (hash ^ one) * 1099511628211UL;
        }

        return hash;
    }

    readonly record struct Entry(byte[] Bytes, string Text, int Next);
}
