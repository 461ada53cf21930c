using System.Buffers.Text;
using System.Security.Cryptography;

namespace Mainstay.Traffic.Path.Http2;

/// <summary>
/// What a client of HTTP/1.1 shows in a WebSocket's handshake and the service has to answer to (RFC 6455 §1.3). One of HTTP/2 has none (RFC 8441 §5.1): the gateway shows one in its place.
/// </summary>
internal static class WebSocketKey
{
    private const int NonceBytes = 16;
    private const int Length = 24;
    private const int ProofLength = 28;

    /// <summary>A new one.</summary>
    public static byte[] Make()
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        RandomNumberGenerator.Fill(nonce);
        var key = new byte[Length];
        Base64.EncodeToUtf8(nonce, key, out _, out _);
        return key;
    }

    /// <summary>Whether a service that answers so has read the key (RFC 6455 §4.1).</summary>
    public static bool IsProvenBy(ReadOnlySpan<byte> key, ReadOnlySpan<byte> accept)
    {
        Span<byte> both = stackalloc byte[Length + 36];
        key.CopyTo(both);
        "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8.CopyTo(both[Length..]);
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
#pragma warning disable CA5350 // What the standard says; it protects nothing but against answers from a cache.
        SHA1.HashData(both, hash);
#pragma warning restore CA5350
        Span<byte> proof = stackalloc byte[ProofLength];
        Base64.EncodeToUtf8(hash, proof, out _, out _);
        return accept.SequenceEqual(proof);
    }
}
