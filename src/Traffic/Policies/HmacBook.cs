using System.Security.Cryptography;
using System.Text;

namespace Mainstay.Traffic.Policies;

/// <summary>Who shares which secret, to sign requests with.</summary>
internal sealed class HmacBook
{
    private readonly Dictionary<string, (byte[] Secret, Identity Identity)> byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (byte[] Secret, Identity Identity)>.AlternateLookup<ReadOnlySpan<char>> bySpan;

    private HmacBook() => bySpan = byId.GetAlternateLookup<ReadOnlySpan<char>>();

    public int Count => byId.Count;

    /// <summary>Reads <c>KEYID SECRET [SCOPE…]</c> lines, the secrets in base64 of 16 bytes or more.</summary>
    public static (HmacBook? Book, string? Problem) Read(ReadOnlyMemory<byte> content)
    {
        var book = new HmacBook();
        var problem = CredentialText.Lines(content.Span, line =>
        {
            var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2 || !CredentialText.IsWord(words[0]) || !words[2..].All(CredentialText.IsWord)) return "write KEYID SECRET [SCOPE…]";
            if (CredentialText.Base64(words[1]) is not { Length: >= 16 and <= 4096 } secret) return "the secret is not base64 of at least 16 bytes";
            return book.byId.TryAdd(words[0], (secret, new Identity("hmac", words[0], words[0], words[2..]))) ? null : "the same key id stands there twice";
        });
        return problem is null ? (book, null) : (null, problem);
    }

    /// <summary>Whether the signature is that of the named secret over the base; null where not.</summary>
    public Identity? Verify(ReadOnlySpan<byte> keyId, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        if (keyId.Length > 128) return null;
        Span<char> id = stackalloc char[128];
        if (!bySpan.TryGetValue(id[..Encoding.ASCII.GetChars(keyId, id)], out var known)) return null;
        Span<byte> computed = stackalloc byte[32];
        HMACSHA256.HashData(known.Secret, signed, computed);
        return CryptographicOperations.FixedTimeEquals(computed, signature) ? known.Identity : null;
    }
}
