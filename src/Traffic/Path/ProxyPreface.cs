using System.Net;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// Takes the PROXY protocol's header off the beginning of a listener's connections, before TLS and before any request; from then on the client is
/// the connection's peer. Its time is bounded by whoever closes the wire.
/// </summary>
internal sealed class ProxyPreface(string listener, ProxyProtocolSpec spec) : IReporting
{
    private readonly IpRanges from = new(spec.From);
    private long taken;
    private long refused;

    /// <summary>The preface of a listener; null where its connections have none.</summary>
    public static ProxyPreface? Of(ListenerModel model, PolicyBook policies) =>
        model.ProxyProtocol is { Enabled: true } spec ? policies.Of($"gateway/{model.Name}/proxyProtocol", spec, () => new ProxyPreface(model.Name, spec)) : null;

    /// <summary>The wire of what comes after the header, or null where there is none or a bad one; the wire below is then closed.</summary>
    public async Task<Wire?> TakeAsync(Wire wire)
    {
        if (!from.IsEmpty && !IsSender(wire.Peer?.Address)) return wire;
        var buffer = Buffers.Rent();
        try
        {
            var received = 0;
            while (true)
            {
                var count = await wire.ReceiveAsync(buffer.AsMemory(received));
                if (count <= 0) break;
                received += count;
                var status = ProxyHeader.Read(buffer.AsSpan(0, received), out var header);
                if (status == ProxyHeaderStatus.Bad) break;
                if (status == ProxyHeaderStatus.Incomplete) continue;
                Interlocked.Increment(ref taken);
                return new AheadWire(wire, buffer.AsSpan(header.Length, received - header.Length).ToArray(), header.Source ?? wire.Peer);
            }
        }
        finally
        {
            Buffers.Return(buffer);
        }
        Interlocked.Increment(ref refused);
        wire.Close(reset: true);
        return null;
    }

    public PolicyReport? Report(long nowMs) => new(
        Intervention.FrontDoor, $"proxy-protocol {listener}", "proxyProtocol", "on", "",
        new Dictionary<string, double> { ["connections"] = Volatile.Read(ref taken), ["refused"] = Volatile.Read(ref refused) });

    private bool IsSender(IPAddress? peer) => peer is not null && from.Contains(IpText.Of(peer));
}
