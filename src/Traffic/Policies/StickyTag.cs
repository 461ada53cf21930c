using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// The name of an instance in cookies: the first 128 bits of HMAC-SHA256 of service and instance under a key that all gateways of an installation have. It is the same in each of
/// them and after every restart, it hides the name, and nobody without the key can make one up.
/// </summary>
internal static class StickyTag
{
    /// <summary>Bytes of a tag as text.</summary>
    public const int TextBytes = 22;

    /// <summary>The tag of an instance.</summary>
    public static UInt128 Of(ReadOnlySpan<byte> key, string service, string instance)
    {
        Span<byte> signature = stackalloc byte[32];
        // A line end stands in no name: so no two pairs make the same text.
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{service}\n{instance}"), signature);
        return BinaryPrimitives.ReadUInt128BigEndian(signature);
    }

    /// <summary>RFC 4648 §5, without padding.</summary>
    public static string Show(UInt128 tag)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, tag);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads what <see cref="Show"/> wrote; false for anything else.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out UInt128 tag)
    {
        tag = default;
        Span<byte> bytes = stackalloc byte[16];
        if (text.Length != TextBytes || Base64Url.DecodeFromUtf8(text, bytes, out _, out var written) != OperationStatus.Done || written != 16) return false;
        tag = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return true;
    }
}
