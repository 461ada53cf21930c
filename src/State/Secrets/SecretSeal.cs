using System.Security.Cryptography;
using System.Text;

namespace Mainstay.State.Secrets;

/// <summary>Seals values by AES-256-GCM. A sealed value opens only under the name and number that it was sealed for, so that none can be put in another's place.</summary>
public static class SecretSeal
{
    public const int KeyBytes = 32;
    public const int NonceBytes = 12;
    const int TagBytes = 16;

    /// <summary>Nonce, cipher text and tag.</summary>
    /// <param name="key">32 bytes.</param>
    /// <param name="nonce">12 bytes, never the same twice with a key.</param>
    /// <param name="name">What it is sealed for.</param>
    /// <param name="value">What is sealed.</param>
    public static byte[] Close(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, string name, ReadOnlySpan<byte> value)
    {
        var whole = new byte[NonceBytes + value.Length + TagBytes];
        nonce.CopyTo(whole);
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(nonce, value, whole.AsSpan(NonceBytes, value.Length), whole.AsSpan(NonceBytes + value.Length), Encoding.UTF8.GetBytes(name));
        return whole;
    }

    /// <summary>The value; null where the key, the name or the bytes are not those of the sealing.</summary>
    public static byte[]? Open(ReadOnlySpan<byte> key, string name, ReadOnlySpan<byte> whole)
    {
        if (whole.Length < NonceBytes + TagBytes)
        {
            return null;
        }

        var value = new byte[whole.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        try
        {
            aes.Decrypt(whole[..NonceBytes], whole[NonceBytes..^TagBytes], whole[^TagBytes..], value, Encoding.UTF8.GetBytes(name));
            return value;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
