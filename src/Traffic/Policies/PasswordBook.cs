using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mainstay.Traffic.Policies;

/// <summary>Names with hashed passwords. Checking one is slow on purpose, so it never happens on the path.</summary>
internal sealed class PasswordBook
{
    private const int LeastRounds = 1000;
    private const int MostRounds = 5_000_000;

    private readonly Dictionary<string, Entry> byName = new(StringComparer.Ordinal);

    // Who is not known costs as much as who is, so that times do not tell names.
    private Entry nobody = new(600_000, new byte[16], new byte[32], new Identity("basic", "", "", []));

    private sealed record Entry(int Rounds, byte[] Salt, byte[] Hash, Identity Identity);

    public int Count => byName.Count;

    /// <summary>Reads <c>NAME:$pbkdf2-sha256$ROUNDS$SALT$HASH[:SCOPE SCOPE…]</c> lines; salt and hash in base64 without padding, <c>.</c> for <c>+</c>.</summary>
    public static (PasswordBook? Book, string? Problem) Read(ReadOnlyMemory<byte> content)
    {
        var book = new PasswordBook();
        var problem = CredentialText.Lines(content.Span, line =>
        {
            var parts = line.Split(':');
            if (parts.Length is < 2 or > 3 || parts[0].Length is 0 or > 128) return "write NAME:HASH[:SCOPE SCOPE…]";
            var scopes = parts.Length == 3 ? parts[2].Split(' ', StringSplitOptions.RemoveEmptyEntries) : [];
            if (!scopes.All(CredentialText.IsWord)) return "a scope has characters that scopes may not have";
            if (parts[1].Split('$') is not ["", "pbkdf2-sha256", var times, var salt64, var hash64]) return "the hash is not of the form $pbkdf2-sha256$ROUNDS$SALT$HASH";
            if (!int.TryParse(times, NumberStyles.None, CultureInfo.InvariantCulture, out var rounds) || rounds is < LeastRounds or > MostRounds) return $"the rounds are not from {LeastRounds} to {MostRounds}";
            if (Decode(salt64) is not { Length: >= 8 and <= 1024 } salt || Decode(hash64) is not { Length: 32 } hash) return "salt or hash have the wrong length";
            book.nobody = book.nobody with { Rounds = rounds };
            return book.byName.TryAdd(parts[0], new Entry(rounds, salt, hash, new Identity("basic", parts[0], "", scopes))) ? null : "the same name stands there twice";
        });
        return problem is null ? (book, null) : (null, problem);
    }

    /// <param name="credentials">What follows <c>Basic</c>, in base64 (RFC 7617 §2).</param>
    public Proof Prove(ReadOnlySpan<byte> credentials)
    {
        if (credentials.Length is 0 or > 1024) return Proof.Bad("the credentials are empty or too long");
        Span<byte> decoded = stackalloc byte[768];
        if (Base64.DecodeFromUtf8(credentials, decoded, out _, out var length) != System.Buffers.OperationStatus.Done) return Proof.Bad("the credentials are not base64");
        var pair = decoded[..length];
        var colon = pair.IndexOf((byte)':');
        if (colon <= 0) return Proof.Bad("the credentials have no name");
        var entry = byName.GetValueOrDefault(Encoding.UTF8.GetString(pair[..colon]), nobody);
        Span<byte> hash = stackalloc byte[32];
        Rfc2898DeriveBytes.Pbkdf2(pair[(colon + 1)..], entry.Salt, hash, entry.Rounds, HashAlgorithmName.SHA256);
        CryptographicOperations.ZeroMemory(decoded);
        var holds = CryptographicOperations.FixedTimeEquals(hash, entry.Hash);
        return holds && !ReferenceEquals(entry, nobody) ? Proof.Good(entry.Identity, DateTimeOffset.MaxValue) : Proof.Bad("name or password are wrong");
    }

    private static byte[]? Decode(string text) => CredentialText.Base64(text.Replace('.', '+'));
}
