using System.Security.Cryptography;

namespace Mainstay.Traffic.Policies;

/// <summary>Who holds which API key, known by the keys' SHA-256. Keys are long and random, so a plain hash cannot be searched.</summary>
internal sealed class ApiKeyBook
{
    public const int LongestKey = 512;

    private readonly Dictionary<UInt128, (byte[] Hash, Identity Identity)> byHash = [];

    public int Count => byHash.Count;

    /// <summary>Reads <c>NAME SHA256 [SCOPE…]</c> lines.</summary>
    public static (ApiKeyBook? Book, string? Problem) Read(ReadOnlyMemory<byte> content)
    {
        var book = new ApiKeyBook();
        var problem = CredentialText.Lines(content.Span, line =>
        {
            var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2 || !words.All(CredentialText.IsWord)) return "write NAME SHA256 [SCOPE…]";
            if (words[1].Length != 64 || !words[1].All(char.IsAsciiHexDigit)) return "the hash is not the SHA-256 of a key, which has 64 hexadecimal digits";
            var hash = Convert.FromHexString(words[1]);
            var keyId = words[1][..8].ToLowerInvariant();
            return book.byHash.TryAdd(Short(hash), (hash, new Identity("apiKey", words[0], keyId, words[2..]))) ? null : "the same key stands there twice";
        });
        return problem is null ? (book, null) : (null, problem);
    }

    public Proof Prove(ReadOnlySpan<byte> key)
    {
        if (key.Length is 0 or > LongestKey) return Proof.Bad("the key is empty or too long");
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(key, hash);
        return byHash.TryGetValue(Short(hash), out var known) && CryptographicOperations.FixedTimeEquals(known.Hash, hash)
            ? Proof.Good(known.Identity, DateTimeOffset.MaxValue)
            : Proof.Bad("the key is not known");
    }

    private static UInt128 Short(ReadOnlySpan<byte> hash) => System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(hash);
}
