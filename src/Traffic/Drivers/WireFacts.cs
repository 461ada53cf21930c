namespace Mainstay.Traffic.Drivers;

/// <summary>What was agreed on when a connection was secured; for the stations that judge who asks.</summary>
/// <param name="Protocol">The version, such as <c>1.3</c>.</param>
/// <param name="Application">The protocol chosen by ALPN, such as <c>h2</c>; empty when the client named none.</param>
/// <param name="ServerName">The name the client asked for (SNI); empty when it named none.</param>
/// <param name="ClientSubject">The subject of the client's verified certificate, such as <c>CN=web</c>; null when it showed none.</param>
public sealed record WireFacts(string Protocol, string Application, string ServerName, string? ClientSubject)
{
    /// <summary>SHA-256 of the public key in the other side's verified certificate, in hexadecimal; null when it showed none.</summary>
    public string? PeerKey { get; init; }

    /// <summary>When that certificate ends.</summary>
    public DateTimeOffset PeerUntil { get; init; }
}
