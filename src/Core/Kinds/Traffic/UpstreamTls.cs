namespace Mainstay.Core.Kinds.Traffic;

/// <summary>How the gateway speaks TLS to a service's instances. Files are PEM, relative to the manifest.</summary>
public sealed record UpstreamTls
{
    /// <summary>The name that the instances' certificate must be for. Default localhost.</summary>
    public string ServerName { get; init; } = "localhost";

    /// <summary>The authorities that may have issued it. Default: the system's.</summary>
    public string? Ca { get; init; }

    /// <summary>A certificate that the gateway shows; with <see cref="Key"/>. Default: none.</summary>
    public string? Cert { get; init; }

    /// <summary>The private key of <see cref="Cert"/>.</summary>
    public string? Key { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (string.IsNullOrWhiteSpace(ServerName))
        {
            yield return new("serverName", "the name of the instances' certificate is empty", "write the name, or remove it for localhost");
        }

        if (Cert is null != Key is null)
        {
            yield return new("cert", "a certificate and its key belong together", "give both 'cert' and 'key', or none");
        }
    }
}

/// <summary>What the gateway speaks to a service's instances.</summary>
public enum UpstreamProtocol
{
    /// <summary>HTTP/1.1.</summary>
    Http1,

    /// <summary>HTTP/2 without TLS, with prior knowledge; for gRPC.</summary>
    H2c,

    /// <summary>HTTP/1.1 over TLS.</summary>
    Https,

    /// <summary>HTTP/2 over TLS.</summary>
    H2,
}
