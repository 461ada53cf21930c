namespace Mainstay.Core.Kinds.Traffic;

/// <summary>The system's front door as the manifest declares it; there is one, named <see cref="TheName"/>.</summary>
public sealed record Gateway : Resource
{
    public const string TheName = "gateway";

    /// <summary>The address it listens on, http or https. Default <c>http://127.0.0.1:8080</c>.</summary>
    public string Listen { get; init; } = DefaultListen;

    /// <summary>How it speaks TLS; needed where an address is https.</summary>
    public GatewayTls? Tls { get; init; }

    /// <summary>Addresses and ranges (<c>10.0.0.0/8</c>) of proxies whose word about a client counts: from them alone X-Forwarded-For, -Proto and -Host are kept. Default: none. At most 1,000.</summary>
    public IReadOnlyList<string>? TrustedProxies { get; init; }

    /// <summary>Turns abnormal clients away for a while. Default: nobody is watched.</summary>
    public BanSpec? Bans { get; init; }

    /// <summary>Connections begin with a header of the PROXY protocol, at each address that it listens on: <c>true</c>, or from whom. Default: they do not.</summary>
    public ProxyProtocolSpec? ProxyProtocol { get; init; }

    /// <summary>What all cached routes share. Default: 64Mi of memory.</summary>
    public GatewayCacheSpec? Cache { get; init; }

    /// <summary>Serves pages a script that tells how they fare in browsers: <c>true</c>, or its terms. Default: it does not.</summary>
    public BeaconSpec? Beacon { get; init; }

    /// <summary>Absolute folder of the manifest: relative files and folders start there.</summary>
    public string BaseFolder { get; init; } = "";

    public const string DefaultListen = "http://127.0.0.1:8080";

    public override IEnumerable<Problem> Validate()
    {
        foreach (var problem in base.Validate())
        {
            yield return problem;
        }

        if (!IsAddress(Listen, "http") && !IsAddress(Listen, "https"))
        {
            yield return new("listen", $"'{Listen}' is not an address to listen on", $"write http://ADDRESS:PORT with an IP address, for example {DefaultListen}");
        }

        if (Tls is null && IsAddress(Listen, "https"))
        {
            yield return new("listen", $"'{Listen}' needs a certificate", "add 'tls: { certificates: [ { cert: FILE, key: FILE } ] }', or listen on http");
        }

        foreach (var problem in Tls?.Validate().Select(p => p.Under("tls")) ?? [])
        {
            yield return problem;
        }

        foreach (var problem in AddressRanges.Problems("trustedProxies", TrustedProxies ?? [], 1000)
            .Concat(Bans?.Validate().Select(p => p.Under("bans")) ?? [])
            .Concat(ProxyProtocol?.Validate().Select(p => p.Under("proxyProtocol")) ?? [])
            .Concat(Cache?.Validate().Select(p => p.Under("cache")) ?? [])
            .Concat(Beacon?.Validate().Select(p => p.Under("beacon")) ?? []))
        {
            yield return problem;
        }

        if (Tls is { Listen: null } && IsAddress(Listen, "http"))
        {
            yield return new("tls.listen", "no address speaks TLS", "add 'listen: https://127.0.0.1:8443' to tls, or make the gateway's listen https");
        }

        if (Tls?.Listen is { } further && IsAddress(further, "https") && IsAddress(Listen, "http", "https") && new Uri(further).Authority == new Uri(Listen).Authority)
        {
            yield return new("tls.listen", $"'{further}' has the address of the gateway's listen", "choose another port");
        }
    }

    /// <summary>Whether a text is an address to listen on with one of the schemes.</summary>
    internal static bool IsAddress(string text, params string[] schemes) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && schemes.Contains(url.Scheme) && url.PathAndQuery == "/"
        && url.UserInfo.Length + url.Fragment.Length == 0 && System.Net.IPAddress.TryParse(url.Host.Trim('[', ']'), out _);
}
