using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Mainstay.Traffic.Path;

/// <summary>
/// From a node and the next segment to the node behind it, for a whole tree in one hash table: a look-up touches one line of memory, however many
/// routes there are. Segments of up to 16 bytes lie in the table itself.
/// </summary>
internal sealed class SegmentTable
{
    private readonly Entry[] entries;
    private readonly byte[]?[] longSegments;
    private readonly int mask;

    /// <param name="edges">Each pair of node and segment once. Nodes behind are numbered from 1.</param>
    public SegmentTable(IReadOnlyList<(int From, byte[] Segment, int To)> edges)
    {
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(4, edges.Count * 2));
        entries = new Entry[size];
        mask = size - 1;
        longSegments = new byte[]?[edges.Count == 0 ? 1 : edges.Max(edge => edge.To) + 1];
        foreach (var (from, segment, to) in edges)
        {
            var (first, last) = Load(segment);
            var at = Slot(from, first, last, segment.Length);
            while (entries[at].To != 0) at = (at + 1) & mask;
            entries[at] = new Entry { First = first, Last = last, From = from, To = to, Length = segment.Length };
            if (segment.Length > 16) longSegments[to] = segment;
        }
    }

    /// <summary>The node behind, or 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(int from, ReadOnlySpan<byte> segment)
    {
        var (first, last) = Load(segment);
        for (var at = Slot(from, first, last, segment.Length); ; at = (at + 1) & mask)
        {
            ref readonly var entry = ref entries[at];
            if (entry.To == 0) return 0;
            if (entry.First == first && entry.Last == last && entry.From == from && entry.Length == segment.Length
                && (segment.Length <= 16 || segment.SequenceEqual(longSegments[entry.To])))
            {
                return entry.To;
            }
        }
    }

    /// <summary>Up to 16 bytes as two numbers that tell them apart (with the length); of longer ones the beginning and a hash.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (ulong First, ulong Last) Load(ReadOnlySpan<byte> segment)
    {
        var length = segment.Length;
        if (length is >= 8 and <= 16)
        {
            return (BinaryPrimitives.ReadUInt64LittleEndian(segment), BinaryPrimitives.ReadUInt64LittleEndian(segment[(length - 8)..]));
        }
        if (length > 16) return (BinaryPrimitives.ReadUInt64LittleEndian(segment), HashOf(segment));
        if (length >= 4)
        {
            return (BinaryPrimitives.ReadUInt32LittleEndian(segment), BinaryPrimitives.ReadUInt32LittleEndian(segment[(length - 4)..]));
        }
        return length == 0 ? (0UL, 0UL) : ((ulong)(segment[0] | (segment[length / 2] << 8) | (segment[length - 1] << 16)), 0UL);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong HashOf(ReadOnlySpan<byte> segment)
    {
        var hash = 0UL;
        for (; segment.Length >= 8; segment = segment[8..])
        {
            hash = BitOperations.RotateLeft((hash ^ BinaryPrimitives.ReadUInt64LittleEndian(segment)) * 0x9FB21C651E98DF25, 29);
        }
        foreach (var one in segment) hash = (hash ^ one) * 0x100000001B3;
        return hash;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Slot(int from, ulong first, ulong last, int length)
    {
        var mixed = (first * 0x9FB21C651E98DF25) ^ (BitOperations.RotateLeft(last, 31) * 0xA0761D6478BD642F) ^ ((ulong)(uint)from * 0xE7037ED1A0B428DB) ^ (ulong)length;
        mixed *= 0x9E3779B97F4A7C15;
        return (int)(mixed >> 33) & mask;
    }

    private struct Entry
    {
        public ulong First;
        public ulong Last;
        public int From;
        public int To;
        public int Length;
    }
}
