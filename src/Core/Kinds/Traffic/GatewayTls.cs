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

    public IEnumerable<Problem> Validate()
    {
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
