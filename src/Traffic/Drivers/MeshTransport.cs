using System.Net;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Traffic.Drivers.Tls;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Path.Mesh;

namespace Mainstay.Traffic.Drivers;

/// <summary>Connects to one instance of another host through that host's gateway, over mutual TLS; what is said on the wire is the same as on a direct one.</summary>
/// <param name="inner">Connects to the gateway.</param>
/// <param name="tls">What this host shows; null where it has nothing to show, and then nothing is connected: never in the clear.</param>
/// <param name="via">The other host.</param>
/// <param name="gateway">Where its gateway listens.</param>
/// <param name="instance">Whom the connection is for.</param>
internal sealed class MeshTransport(ITransport inner, TlsClient? tls, ViaModel via, IPEndPoint gateway, string instance) : ITransport
{
    private readonly string name = HostIdentity.DnsNameOf(via.Host);

    public int Lanes => inner.Lanes;

    public Opened Listen(IPEndPoint at, bool isComing = false) => inner.Listen(at, isComing);

    public async ValueTask<Wire?> ConnectAsync(IPEndPoint to, ConnectAttempt attempt)
    {
        if (tls is null || await inner.ConnectAsync(gateway, attempt) is not { } wire) return null;
        attempt.OnGiveUp(() => wire.Close(reset: true));
        var secured = await tls.ConnectAsync(wire, name, instance);
        if (secured is not null && !await IsConnectedAsync(secured))
        {
            secured.Close(reset: true);
            secured = null;
        }
        attempt.OnGiveUp(null);
        return secured;
    }

    // The first byte says that the instance is there. Nothing else comes before a request is sent.
    private static async ValueTask<bool> IsConnectedAsync(Wire wire)
    {
        var said = new byte[1];
        return await wire.ReceiveAsync(said) == 1 && said[0] == MeshDoor.Connected;
    }
}
