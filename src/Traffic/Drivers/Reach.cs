using System.Net;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Drivers.Http2;
using Mainstay.Traffic.Drivers.Tls;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Drivers;

/// <summary>How one endpoint is reached: the protocol it speaks, as wires that all speak HTTP/1.1.</summary>
internal sealed class Reach(UpstreamProtocol protocol, TlsClient? tls, IPEndPoint address, PathLimits limits, ProxyVersion? introduction = null)
{
    private Func<ITransport, ITransport>? detour;
    private TlsClient? detourTls;
    private readonly Lock gate = new();
    private Http2Upstream? multiplexed;
    private int generation;
    private bool retired;

    /// <summary>A connection begins with whose it is, and carries one client's requests alone.</summary>
    public bool TellsClient => introduction is not null;

    /// <summary>Rises with each change of what this host shows on the way; connections that began with less are used up.</summary>
    public int Generation => detourTls?.Generation ?? 0;

    /// <summary>Connects through another host's gateway.</summary>
    /// <param name="over">What carries it, over the transport that there is.</param>
    /// <param name="shown">What this host shows; null where it has nothing.</param>
    public Reach By(Func<ITransport, ITransport> over, TlsClient? shown)
    {
        (detour, detourTls) = (over, shown);
        return this;
    }

    /// <summary>A wire for one connection, or one request where connections are shared; null when that fails.</summary>
    public ValueTask<Wire?> ConnectAsync(ITransport transport, ConnectAttempt attempt)
    {
        transport = detour?.Invoke(transport) ?? transport;
        return protocol switch
        {
            UpstreamProtocol.Http1 => IntroducedAsync(transport, attempt),
            UpstreamProtocol.Https => SecureAsync(transport, attempt),
            _ => Shared(transport)?.OpenAsync(attempt) ?? default,
        };
    }

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
        if (tls is null || await IntroducedAsync(transport, attempt) is not { } wire) return null;
        attempt.OnGiveUp(() => wire.Close(reset: true));
        var secured = await tls.ConnectAsync(wire);
        attempt.OnGiveUp(null);
        return secured;
    }

    private ValueTask<Wire?> IntroducedAsync(ITransport transport, ConnectAttempt attempt) =>
        introduction is { } version ? IntroduceAsync(transport.ConnectAsync(address, attempt), version, attempt) : transport.ConnectAsync(address, attempt);

    /// <summary>Says whose connection it is before anything else.</summary>
    private async ValueTask<Wire?> IntroduceAsync(ValueTask<Wire?> connecting, ProxyVersion version, ConnectAttempt attempt)
    {
        if (await connecting is not { } wire) return null;
        attempt.OnGiveUp(() => wire.Close(reset: true));
        var sent = await wire.SendAsync(ProxyIntroduction.Of(version, attempt.Client, attempt.ClientAt ?? address));
        attempt.OnGiveUp(null);
        if (sent >= 0) return wire;
        wire.Close(reset: true);
        return null;
    }

    private Http2Upstream? Shared(ITransport transport)
    {
        lock (gate)
        {
            if (retired || (protocol == UpstreamProtocol.H2 && tls is not { IsUsable: true })) return null;
            // Requests under way end on the connection that they are on.
            var current = (tls?.Generation ?? 0) + Generation;
            if (generation != current)
            {
                multiplexed?.Dispose();
                multiplexed = null;
                generation = current;
            }
            return multiplexed ??= new Http2Upstream(transport, address, tls, limits);
        }
    }
}
