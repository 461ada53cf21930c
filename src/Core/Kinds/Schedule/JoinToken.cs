namespace Mainstay.Core.Kinds.Schedule;

/// <summary>The right to join as a host. Its name is the part of the token that is no secret.</summary>
public sealed record JoinToken : Resource
{
    /// <summary>SHA-256 of the secret part, in hexadecimal.</summary>
    public required string Digest { get; init; }

    /// <summary>It is worth nothing from then on.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>How many hosts may still join with it.</summary>
    public int Uses { get; init; } = 1;

    /// <summary>Who asked for it.</summary>
    public string By { get; init; } = "";
}

/// <summary>A host that has joined: whose key speaks for it. Its name is the host's. Without it the host's agent and gateway are refused.</summary>
public sealed record HostIdentity : Resource
{
    /// <summary>What the common name of a host's certificate begins with, which no host's name can.</summary>
    public const string SubjectPrefix = "host:";

    /// <summary>The application protocol (RFC 7301) of what gateways of hosts say to each other.</summary>
    public const string MeshProtocol = "mainstay-mesh/1";

    /// <summary>SHA-256 of its public key, in hexadecimal.</summary>
    public required string Key { get; init; }

    /// <summary>The key before the last renewal, which connections may still be made with; null where there was none.</summary>
    public string? Before { get; init; }

    /// <summary>When it joined.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>When its present certificate ends; it renews that before.</summary>
    public DateTimeOffset Until { get; init; }

    /// <summary>The token that it joined with, without its secret.</summary>
    public string Token { get; init; } = "";

    /// <summary>The DNS name in the certificate of <paramref name="host"/>; nobody resolves it.</summary>
    public static string DnsNameOf(string host) => $"{host}.host.mainstay.internal";

    /// <summary>Whether it may show this key.</summary>
    public bool Knows(string key) => key == Key || (Before is not null && key == Before);
}
