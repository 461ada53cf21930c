using System.Buffers;

namespace Mainstay.Traffic.Path;

/// <summary>Buffers of the usual size from a pool that keeps all it gets; larger ones, which only unusual heads need, from the runtime's.</summary>
internal static class Buffers
{
    public const int Usual = 16 * 1024;

    public static byte[] Rent(int atLeast = Usual) =>
        atLeast <= Usual ? LocalPool<byte[]>.Rent() ?? new byte[Usual] : ArrayPool<byte>.Shared.Rent(atLeast);

    public static void Return(byte[] buffer)
    {
        if (buffer.Length == Usual) LocalPool<byte[]>.Return(buffer);
        else ArrayPool<byte>.Shared.Return(buffer);
    }
}
