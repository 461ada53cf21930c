using System.Globalization;
using System.Net;

namespace Mainstay.Core.Kinds.Schedule;

/// <summary>A service that others run: where it answers. Beside these addresses it has those that are registered for it over the API.</summary>
public sealed record ExternalSpec
{
    /// <summary>The largest number of addresses that can be declared of a service.</summary>
    public const int Most = 256;

    /// <summary>Where it answers, each as <c>host:port</c>; a host name stands for every address that it has. Default: only those that are registered. At most 256.</summary>
    public IReadOnlyList<string> Endpoints { get; init; } = [];

    public IEnumerable<Problem> Validate()
    {
        if (Endpoints.Count > Most)
        {
            yield return new("endpoints", $"{Endpoints.Count} addresses are more than {Most}", "declare fewer, or a host name that stands for them");
            yield break;
        }

        foreach (var (index, address) in Endpoints.Index())
        {
            if (!ExternalAddress.TryParse(address, out _))
            {
                yield return ExternalAddress.Invalid($"endpoints.{index}", address);
            }
            else if (Endpoints.Take(index).Contains(address, StringComparer.Ordinal))
            {
                yield return new($"endpoints.{index}", $"'{address}' is there twice", "remove one");
            }
        }
    }
}

/// <summary>Where something answers that others run.</summary>
/// <param name="Host">A host name or an IP address, that of IPv6 without brackets.</param>
/// <param name="Port">1 to 65535.</param>
public sealed record ExternalAddress(string Host, int Port)
{
    const int LongestHost = 253;

    /// <summary>Reads <c>host:port</c>, <c>10.0.0.7:80</c> or <c>[fd00::7]:80</c>.</summary>
    public static bool TryParse(string? text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ExternalAddress? address)
    {
        address = null;
        var colon = text?.LastIndexOf(':') ?? -1;
        if (colon < 1 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535)
        {
            return false;
        }

        var host = text![..colon];
        if (host is ['[', .. var inner, ']'] && IPAddress.TryParse(inner, out var six) && six.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)
        {
            address = new(six.ToString(), port);
        }
        else if (host.Length <= LongestHost && host.Split('.').All(IsLabel))
        {
            address = new(host, port);
        }

        return address is not null;
    }

    public static Problem Invalid(string path, string? text) =>
        new(path, $"'{(text is { Length: > 80 } ? text[..80] + "…" : text)}' is not an address", "write host:port, for example pay.example.com:443, 10.0.0.7:8080 or [fd00::7]:8080");

    // RFC 1123 §2.1.
    static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-' && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
