using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path.Mesh;

/// <summary>What a gateway is among those of other hosts. Files are PEM and read again when they change.</summary>
/// <param name="Host">The host that it stands on.</param>
/// <param name="Address">Where it takes in what others send to this host's instances: an IP address.</param>
/// <param name="Port">1 to 65535; 0 takes a free one (tests).</param>
/// <param name="Certificate">The host's certificate and its key, in one file.</param>
/// <param name="Authority">The certificate of the authority that signs all hosts.</param>
public sealed record MeshTerms(string Host, string Address, int Port, string Certificate, string Authority)
{
    /// <summary>The listener's name; no need has one without a dot.</summary>
    public const string Listener = "mesh-hosts";

    /// <summary>How it connects to others.</summary>
    internal UpstreamTls Client => new() { ServerName = HostIdentity.DnsNameOf(Host), Ca = Authority, Cert = Certificate, Key = Certificate };

    /// <summary>A table with the listener in it.</summary>
    internal TableModel AddTo(TableModel table) => table with
    {
        Listeners =
        [
            .. table.Listeners,
            new ListenerModel(Listener, Address, Port, ListenerKind.Ingress, Tls: new TlsModel([new CertificateModel(Certificate, Certificate)], TlsModel.Tls12, Authority, RequireClient: true)
            {
                Application = HostIdentity.MeshProtocol,
            }),
        ],
    };
}
