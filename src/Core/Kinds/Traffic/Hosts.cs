namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Host names in routes.</summary>
public static class Hosts
{
    /// <summary>Longest host name, in characters (RFC 1035).</summary>
    public const int MostLength = 253;

    /// <summary>A name, an IP address (version 6 in brackets), or <c>*.</c> and a name.</summary>
    public static bool IsValid(string host)
    {
        if (host is ['[', .. var inner, ']'])
        {
            return System.Net.IPAddress.TryParse(inner, out var address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        }

        var name = host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host;
        return host.Length <= MostLength && name.Split('.').All(IsLabel);
    }

    static bool IsLabel(string label) => label.Length is > 0 and <= 63 && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
