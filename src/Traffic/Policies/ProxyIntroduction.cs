using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Policies;

/// <summary>The header of the PROXY protocol with which the gateway begins a connection to an instance: whose requests it carries.</summary>
internal static class ProxyIntroduction
{
    private const byte Local = 0x20;
    private const byte Proxied = 0x21;
    private const byte Tcp4 = 0x11;
    private const byte Tcp6 = 0x21;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Writes it.</summary>
    /// <param name="version">Which form.</param>
    /// <param name="client">The client; null where the connection is the gateway's own.</param>
    /// <param name="at">Where the client has connected to.</param>
    public static byte[] Of(ProxyVersion version, IPEndPoint? client, IPEndPoint at)
    {
        if (client is null) return version == ProxyVersion.V1 ? "PROXY UNKNOWN\r\n"u8.ToArray() : [.. Signature, Local, 0, 0, 0];
        var (from, to) = Alike(client.Address, at.Address);
        var isV4 = from.AddressFamily == AddressFamily.InterNetwork;
        if (version == ProxyVersion.V1) return Encoding.ASCII.GetBytes($"PROXY {(isV4 ? "TCP4" : "TCP6")} {Text(from)} {Text(to)} {client.Port} {at.Port}\r\n");
        var ports = new byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(ports, (ushort)client.Port);
        BinaryPrimitives.WriteUInt16BigEndian(ports.AsSpan(2), (ushort)at.Port);
        byte[] addresses = [.. from.GetAddressBytes(), .. to.GetAddressBytes(), .. ports];
        return [.. Signature, Proxied, isV4 ? Tcp4 : Tcp6, 0, (byte)addresses.Length, .. addresses];
    }

    /// <summary>Both of one family: of IPv4 where both are, whatever they are wrapped in.</summary>
    private static (IPAddress From, IPAddress To) Alike(IPAddress from, IPAddress to)
    {
        if (from.IsIPv4MappedToIPv6) from = from.MapToIPv4();
        if (to.IsIPv4MappedToIPv6) to = to.MapToIPv4();
        return from.AddressFamily == to.AddressFamily ? (from, to) : (from.MapToIPv6(), to.MapToIPv6());
    }

    // Without the zone of a link-local address, which means something on its own machine alone.
    private static string Text(IPAddress address) => new IPAddress(address.GetAddressBytes()).ToString();
}
