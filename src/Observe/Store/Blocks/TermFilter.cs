using System.Buffers.Binary;

namespace Mainstay.Observe.Store.Blocks;

/// <summary>Tells of a term, by its hash, that it is surely not in a page (a Bloom filter) with five looks: with 8 bits a term it is wrong in about 2 of 100 cases, with 16 in about 1 of 700.</summary>
static class TermFilter
{
    const int Looks = 5;

    public static byte[] Make(IReadOnlyCollection<ulong> terms, int bits = 8)
    {
        var words = Math.Max(1, ((terms.Count * bits) + 63) / 64);
        var filter = new byte[words * 8];
        foreach (var term in terms)
        {
            for (var look = 0; look < Looks; look++)
            {
                var bit = BitOf(term, look, filter.Length);
                filter[bit >> 3] |= (byte)(1 << (int)(bit & 7));
            }
        }

        return filter;
    }

    /// <summary>False only where the term is not there.</summary>
    public static bool MayHave(ReadOnlySpan<byte> filter, ulong term)
    {
        for (var look = 0; look < Looks && filter.Length > 0; look++)
        {
            var bit = BitOf(term, look, filter.Length);
            if ((filter[(int)(bit >> 3)] & (1 << (int)(bit & 7))) == 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The term of a value under a key, such as an attribute's.</summary>
    public static ulong Term(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Checksum.Hash(value, Checksum.Hash(key));

    /// <summary>The term of a whole number under a key.</summary>
    public static ulong Term(ReadOnlySpan<byte> key, long value)
    {
        Span<byte> text = stackalloc byte[20];
        System.Buffers.Text.Utf8Formatter.TryFormat(value, text, out var length);
        return Term(key, text[..length]);
    }

    static long BitOf(ulong term, int look, int bytes) =>
        (long)(Math.BigMul(term + ((ulong)look * (BinaryPrimitives.ReverseEndianness(term) | 1)), (ulong)bytes * 8, out _));
}
