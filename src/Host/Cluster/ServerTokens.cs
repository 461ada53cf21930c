using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using Mainstay.Host.Security;

namespace Mainstay.Host.Cluster;

/// <summary>
/// What a server joins with: <c>UNTIL.ID.CODE.FINGERPRINT</c>. Every server of the cluster can check one, as they share the authority's key that made the
/// code; the fingerprint tells who joins that it talks to a server of this cluster. Whether it was used before is kept in etcd.
/// </summary>
public static class ServerTokens
{
    public static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    public static string Make(NodeAuthority authority, DateTimeOffset until)
    {
        var said = string.Create(CultureInfo.InvariantCulture, $"{until.ToUnixTimeSeconds()}.{RandomNumberGenerator.GetHexString(16, lowercase: true)}");
        return $"{said}.{Base64Url.EncodeToString(authority.CodeOf(said))}.{authority.Fingerprint}";
    }

    /// <summary>The token's id where it is one of this authority's and has not ended; else null.</summary>
    public static (string Id, DateTimeOffset Until)? Read(NodeAuthority authority, string? token, DateTimeOffset now)
    {
        if (token is not { Length: < 256 } || token.Split('.') is not [var until, { Length: 16 } id, { Length: 43 } code, _]
            || !long.TryParse(until, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds() || !Base64Url.IsValid(code))
            return null;
        var end = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return end > now && CryptographicOperations.FixedTimeEquals(authority.CodeOf($"{until}.{id}"), Base64Url.DecodeFromChars(code)) ? (id, end) : null;
    }

    /// <summary>The fingerprint of the authority that a token is of; null where it is none.</summary>
    public static string? FingerprintOf(string? token) => token?.Split('.') is [_, _, _, { Length: 64 } fingerprint] ? fingerprint : null;
}
