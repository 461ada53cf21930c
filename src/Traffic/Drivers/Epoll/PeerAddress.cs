using System.Buffers.Binary;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mainstay.Traffic.Drivers.Epoll;

/// <summary>An address and port without objects: what a connection keeps of its peer.</summary>
internal readonly struct PeerAddress
{
    private readonly UInt128 bytes;
    private readonly ushort port;
    private readonly bool isV4;

    private PeerAddress(ReadOnlySpan<byte> address, int port)
    {
        Span<byte> all = stackalloc byte[16];
        all.Clear();
        address.CopyTo(all);
        bytes = MemoryMarshal.Read<UInt128>(all);
        this.port = (ushort)port;
        isV4 = address.Length == 4;
    }

    public static PeerAddress Of(IPEndPoint at) => new(at.Address.GetAddressBytes(), at.Port);

    /// <summary>From the kernel's form.</summary>
    public static unsafe PeerAddress Read(byte* address)
    {
        var isV4 = Unsafe.ReadUnaligned<ushort>(address) == 2;
        return new PeerAddress(
            new ReadOnlySpan<byte>(address + (isV4 ? 4 : 8), isV4 ? 4 : 16),
            BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(address + 2, 2)));
    }

    public IPEndPoint ToEndPoint()
    {
        Span<byte> all = stackalloc byte[16];
        MemoryMarshal.Write(all, in bytes);
        return new IPEndPoint(new IPAddress(isV4 ? all[..4] : all), port);
    }
}
