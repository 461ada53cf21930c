using System.Security.Cryptography;
using System.Text;

namespace Mainstay.Observe.Collect.Probes;

/// <summary>How a password is shown to MySQL without being told, and told where the connection is encrypted.</summary>
static class MySqlSecret
{
    public const string Native = "mysql_native_password";
    public const string CachingSha2 = "caching_sha2_password";

    /// <summary>The answer to a nonce, empty without a password; null for a way that is not known here.</summary>
    public static byte[]? Answer(string plugin, string password, ReadOnlySpan<byte> nonce) => plugin switch
    {
        Native => password.Length == 0 ? [] : ByNative(Encoding.UTF8.GetBytes(password), nonce),
        CachingSha2 => password.Length == 0 ? [] : BySha2(Encoding.UTF8.GetBytes(password), nonce),
        _ => null,
    };

    /// <summary>The password with a zero behind it, for connections that are encrypted.</summary>
    public static byte[] Clear(string password) => [.. Encoding.UTF8.GetBytes(password), 0];

    // SHA1(password) xor SHA1(nonce + SHA1(SHA1(password))): SHA-1 is what the protocol asks for.
    static byte[] ByNative(ReadOnlySpan<byte> password, ReadOnlySpan<byte> nonce)
    {
#pragma warning disable CA5350 // The server chooses the way; nothing here relies on it.
        var once = SHA1.HashData(password);
        return Mixed(once, SHA1.HashData([.. nonce, .. SHA1.HashData(once)]));
#pragma warning restore CA5350
    }

    // SHA256(password) xor SHA256(SHA256(SHA256(password)) + nonce)
    static byte[] BySha2(ReadOnlySpan<byte> password, ReadOnlySpan<byte> nonce)
    {
        var once = SHA256.HashData(password);
        return Mixed(once, SHA256.HashData([.. SHA256.HashData(once), .. nonce]));
    }

    static byte[] Mixed(byte[] one, ReadOnlySpan<byte> other)
    {
        for (var i = 0; i < one.Length; i++)
        {
            one[i] ^= other[i];
        }

        return one;
    }
}
