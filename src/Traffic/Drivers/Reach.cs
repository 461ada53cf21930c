using System.Net;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Drivers.Http2;
using Mainstay.Traffic.Drivers.Tls;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers;

/// <summary>How one endpoint is reached: the protocol it speaks, as wires that all speak HTTP/1.1.</summary>
internal sealed class Reach(UpstreamProtocol protocol, TlsClient? tls, IPEndPoint address, PathLimits limits)
{
    private readonly Lock gate = new();
    private Http2Upstream? multiplexed;
    private int generation;
    private bool retired;

    /// <summary>A wire for one connection, or one request where connections are shared; null when that fails.</summary>
    public ValueTask<Wire?> ConnectAsync(ITransport transport, ConnectAttempt attempt) => protocol switch
    {
        UpstreamProtocol.Http1 => transport.ConnectAsync(address, attempt),
        UpstreamProtocol.Https => SecureAsync(transport, attempt),
        _ => Shared(transport)?.OpenAsync(attempt) ?? default,
    };

    /// <summary>No further ones are wanted; those under way go on.</summary>
    public void Retire()
    {
        lock (gate)
        {
            retired = true;
            multiplexed?.Dispose();
        }
    }

    private async ValueTask<Wire?> SecureAsync(ITransport transport, ConnectAttempt attempt)
    {
        if (tls is null || await transport.ConnectAsync(address, attempt) is not { } wire) return null;
        attempt.OnGiveUp(() => wire.Close(reset: true));
        var secured = await tls.ConnectAsync(wire);
        attempt.OnGiveUp(null);
        return secured;
    }

    private Http2Upstream? Shared(ITransport transport)
    {
        lock (gate)
        {
            if (retired || (protocol == UpstreamProtocol.H2 && tls is not { IsUsable: true })) return null;
            // Requests under way end on the connection that they are on.
            if (tls is not null && generation != tls.Generation)
            {
                multiplexed?.Dispose();
                multiplexed = null;
                generation = tls.Generation;
            }
            return multiplexed ??= new Http2Upstream(transport, address, tls, limits);
        }
    }
}
