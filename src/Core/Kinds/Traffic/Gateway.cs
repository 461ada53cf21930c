namespace Mainstay.Core.Kinds.Traffic;

/// <summary>The system's front door as the manifest declares it; there is one, named <see cref="TheName"/>.</summary>
public sealed record Gateway : Resource
{
    public const string TheName = "gateway";

    /// <summary>The address it listens on. Default <c>http://127.0.0.1:8080</c>.</summary>
    public string Listen { get; init; } = DefaultListen;

    /// <summary>Absolute folder of the manifest: relative folders of routes start there.</summary>
    public string BaseFolder { get; init; } = "";

    public const string DefaultListen = "http://127.0.0.1:8080";

    public override IEnumerable<Problem> Validate()
    {
        foreach (var problem in base.Validate())
        {
            yield return problem;
        }

        if (!Uri.TryCreate(Listen, UriKind.Absolute, out var url) || url.Scheme != "http" || url.PathAndQuery != "/" || url.UserInfo.Length + url.Fragment.Length > 0 || !System.Net.IPAddress.TryParse(url.Host.Trim('[', ']'), out _))
        {
            yield return new("listen", $"'{Listen}' is not an address to listen on", $"write http://ADDRESS:PORT with an IP address, for example {DefaultListen}");
        }
    }
}
