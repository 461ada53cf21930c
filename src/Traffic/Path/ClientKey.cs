using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>A request's client as a number: its IPv4 address, or the first 64 bits of its IPv6 address, because one client has all of the rest.</summary>
internal static class ClientKey
{
    public static ulong Of(Exchange x) => Of(x.ClientAddress);

    public static ulong Of(UInt128 address) => KeyHash.Mix(IpText.IsIPv4(address) ? (uint)address : (ulong)(address >> 64));
}
