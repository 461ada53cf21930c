using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Mainstay.Core.Kinds.State;

/// <summary>
/// What the holder of a lock shows with each request: the grant's number, whether the grant is exclusive, and a proof that only Mainstay can make. <c>17x-…</c> is the
/// seventeenth grant, exclusive; <c>18s-…</c> one beside which there may be others.
/// </summary>
public static class FencingToken
{
    /// <summary>The request header that carries it.</summary>
    public const string Header = "Fencing-Token";

    /// <summary>The longest text that is one.</summary>
    public const int MaxLength = 19 + 2 + ProofChars;

    const int ProofBytes = 16;
    const int ProofChars = 22;

    /// <summary>The key of proofs. RFC 5869: what is made of the secret for one purpose tells nothing about the secret.</summary>
    /// <param name="secret">What only this installation knows.</param>
    public static byte[] KeyOf(string secret) => HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), 32, salt: [], "mainstay fencing tokens"u8.ToArray());

    /// <summary>The token of a grant.</summary>
    public static string Write(ReadOnlySpan<byte> key, string name, long number, bool isExclusive)
    {
        Span<byte> proof = stackalloc byte[ProofChars];
        Prove(key, Encoding.UTF8.GetBytes(name), number, isExclusive, proof);
        return $"{number}{(isExclusive ? 'x' : 's')}-{Encoding.ASCII.GetString(proof)}";
    }

    /// <summary>Reads a token without allocating; false where it is none of this lock.</summary>
    /// <param name="key">Of <see cref="KeyOf"/>.</param>
    /// <param name="name">The lock's name, UTF-8.</param>
    /// <param name="text">What was shown.</param>
    /// <param name="number">The grant's number.</param>
    /// <param name="isExclusive">Whether it is the only one at its time.</param>
    public static bool TryRead(ReadOnlySpan<byte> key, ReadOnlySpan<byte> name, ReadOnlySpan<byte> text, out long number, out bool isExclusive)
    {
        (number, isExclusive) = (0, false);
        if (text.Length is < 1 + 2 + ProofChars or > MaxLength || !Utf8Parser.TryParse(text, out number, out var digits) || number <= 0 || text.Length != digits + 2 + ProofChars || text[digits + 1] != '-')
        {
            return false;
        }

        isExclusive = text[digits] == 'x';
        if (!isExclusive && text[digits] != 's')
        {
            return false;
        }

        Span<byte> proof = stackalloc byte[ProofChars];
        Prove(key, name, number, isExclusive, proof);
        return CryptographicOperations.FixedTimeEquals(proof, text[(digits + 2)..]);
    }

    static void Prove(ReadOnlySpan<byte> key, ReadOnlySpan<byte> name, long number, bool isExclusive, Span<byte> proof)
    {
        Span<byte> said = stackalloc byte[9 + Names.MaxLength];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(said, number);
        said[8] = isExclusive ? (byte)'x' : (byte)'s';
        name = name[..Math.Min(name.Length, Names.MaxLength)];
        name.CopyTo(said[9..]);
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, said[..(9 + name.Length)], whole);
        Base64Url.EncodeToUtf8(whole[..ProofBytes], proof);
    }
}
