using System.Net;
using Mainstay.Core.Kinds;

namespace Mainstay.Host.Api;

/// <summary>How the Admin API is served.</summary>
public sealed record ApiOptions
{
    public const string DefaultListen = "http://127.0.0.1:7070";

    /// <summary>Where it listens: <c>http://ADDRESS:PORT</c>, an IP address or <c>localhost</c>; port 0 takes a free one. Default <see cref="DefaultListen"/>.</summary>
    public string Listen { get; init; } = DefaultListen;

    /// <summary>What clients send as <c>Authorization: Bearer …</c>; null asks for nothing, which only a loopback address allows. At least 16 characters.</summary>
    public string? Token { get; init; }

    /// <summary>What Mainstay's own processes send as <c>X-Mainstay-Token</c>.</summary>
    public required string InternalToken { get; init; }

    /// <summary>Folder of the built dashboard; null serves the API alone.</summary>
    public string? Dashboard { get; init; }

    /// <summary>Mainstay's version.</summary>
    public string Version { get; init; } = "0.0.0";

    /// <summary>Where agents and gateways of other machines come in, over TLS with certificates of our own; null lets none in.</summary>
    public IPEndPoint? Agents { get; init; }

    /// <summary>Who signs the certificates of <see cref="Agents"/>; needed where that is given.</summary>
    public Security.NodeAuthority? Authority { get; init; }

    public ApiLimits Limits { get; init; } = new();

    /// <summary>Everything that is wrong with the options.</summary>
    public IEnumerable<Problem> Validate()
    {
        if (!TryParse(Listen, out var end))
        {
            yield return new("listen", $"'{Listen}' is not an address to listen on", $"write http://ADDRESS:PORT, for example {DefaultListen}");
        }
        else if (Token is null && !IPAddress.IsLoopback(end.Address))
        {
            yield return new("listen", $"{Listen} can be reached from other machines, and no token is set", "set --token, or listen on 127.0.0.1");
        }

        if (Token is { Length: < 16 })
        {
            yield return new("token", "the token is shorter than 16 characters", "choose a longer one");
        }

        if (InternalToken.Length < 16)
        {
            yield return new("internalToken", "the internal token is shorter than 16 characters", "delete run/token in the data folder and start again");
        }
    }

    /// <summary>Where <see cref="Listen"/> leads; throws where it is not valid.</summary>
    public IPEndPoint EndPoint => TryParse(Listen, out var end) ? end : throw new ArgumentException($"'{Listen}' is not an address to listen on");

    /// <summary>The address behind <paramref name="listen"/>.</summary>
    public static bool TryParse(string listen, out IPEndPoint end)
    {
        end = new(IPAddress.Loopback, 0);
        if (!Uri.TryCreate(listen, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttp || url.PathAndQuery != "/")
        {
            return false;
        }

        if (url.Host == "localhost")
        {
            end = new(IPAddress.Loopback, url.Port);
            return true;
        }

        if (!IPAddress.TryParse(url.Host.Trim('[', ']'), out var address))
        {
            return false;
        }

        end = new(address, url.Port);
        return true;
    }
}
