namespace Mainstay.Core.Kinds.Traffic;

/// <summary>How the front door speaks TLS. Files are PEM, relative to the manifest, and read again when they change.</summary>
public sealed record GatewayTls
{
    /// <summary>A further address, which speaks TLS, as <c>https://ADDRESS:PORT</c> with an IP address. Default: none; needed unless the gateway's listen is https itself.</summary>
    public string? Listen { get; init; }

    /// <summary>Chosen by the name that a client asks for (SNI); the first one where none fits. At least one.</summary>
    public IReadOnlyList<GatewayCertificate> Certificates { get; init; } = [];

    /// <summary>The lowest version: <c>1.2</c> or <c>1.3</c>. Default 1.2.</summary>
    public string Minimum { get; init; } = "1.2";

    /// <summary>Client certificates. Default: none are asked for.</summary>
    public GatewayClients? Clients { get; init; }

    /// <summary>Bounds of the handshakes under way. Default: 10s each, 1000 at a time.</summary>
    public HandshakeSpec? Handshakes { get; init; }

    public IEnumerable<Problem> Validate()
    {
        foreach (var problem in Handshakes?.Validate().Select(p => p.Under("handshakes")) ?? [])
        {
            yield return problem;
        }

        if (Listen is not null && !Gateway.IsAddress(Listen, "https"))
        {
            yield return new("listen", $"'{Listen}' is not an address to listen on with TLS", "write https://ADDRESS:PORT with an IP address, for example https://127.0.0.1:8443");
        }

        if (Certificates.Count == 0)
        {
            yield return new("certificates", "TLS needs a certificate", "add '- { cert: certs/site.pem, key: certs/site.key }'");
        }

        if (Minimum is not ("1.2" or "1.3"))
        {
            yield return new("minimum", $"'{Minimum}' is not a version of TLS that is spoken here", "write \"1.2\" or \"1.3\", in quotes");
        }
    }
}

/// <summary>How long and how many handshakes may be under way. What is beyond is cut without an answer: there is nobody yet to answer to.</summary>
public sealed record HandshakeSpec
{
    /// <summary>From a connection's start to the end of its handshake. Default 10s; 100ms to 1m.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many may be under way at each gateway at the most. Default 1000; 1 to 100000.</summary>
    public int Most { get; init; } = 1000;

    public IEnumerable<Problem> Validate() =>
        Kinds.Limits.Between("time", Time, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)).Concat(Kinds.Limits.Between("most", Most, 1, 100_000));
}

/// <summary>A certificate with its key.</summary>
public sealed record GatewayCertificate
{
    /// <summary>PEM file: the certificate, followed by those between it and its root.</summary>
    public required string Cert { get; init; }

    /// <summary>PEM file: its private key, without a password.</summary>
    public required string Key { get; init; }
}

/// <summary>Which clients show certificates.</summary>
public sealed record GatewayClients
{
    /// <summary>PEM file: the authorities whose certificates are accepted.</summary>
    public required string Ca { get; init; }

    /// <summary>Refuse clients without a certificate. Default false.</summary>
    public bool Require { get; init; }
}
