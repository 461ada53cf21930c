using System.Globalization;

namespace Mainstay.Core.Kinds.Observe;

/// <summary>Where a mail server is, and whether it speaks TLS from the first byte.</summary>
/// <param name="Host">A name or an address, without brackets.</param>
/// <param name="Port">1 to 65,535.</param>
/// <param name="Tls">TLS before anything is said (RFC 8314 §3.3).</param>
public readonly record struct MailServer(string Host, int Port, bool Tls)
{
    /// <summary>The port of submission over TLS from the first byte (RFC 8314 §7.3): whoever names it means that, with a scheme or without.</summary>
    const int SubmissionsPort = 465;

    /// <summary>The port of submission (RFC 6409 §3.1).</summary>
    const int SubmissionPort = 587;

    const int MostText = 300;

    /// <summary>Reads <c>host:port</c>, <c>smtp://host[:port]</c> or <c>smtps://host[:port]</c>; null where it is none of them.</summary>
    public static MailServer? Parse(string text)
    {
        var tls = text.StartsWith("smtps://", StringComparison.OrdinalIgnoreCase);
        var named = tls || text.StartsWith("smtp://", StringComparison.OrdinalIgnoreCase);
        var rest = (named ? text[(text.IndexOf("//", StringComparison.Ordinal) + 2)..] : text).AsSpan();
        rest = named ? rest.TrimEnd('/') : rest;
        // A colon inside of brackets belongs to an address of version 6.
        var at = rest.LastIndexOf(':') is var colon && colon > rest.LastIndexOf(']') ? colon : -1;
        var host = (at < 0 ? rest : rest[..at]).Trim("[]").ToString();
        var usual = tls ? SubmissionsPort : SubmissionPort;
        var port = at < 0 ? (named ? usual : 0) : int.TryParse(rest[(at + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : 0;
        return text.Length > MostText || Uri.CheckHostName(host) == UriHostNameType.Unknown || port is < 1 or > 65535 ? null : new(host, port, tls || port == SubmissionsPort);
    }
}
