using System.Security.Cryptography;
using System.Text;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path.Requests;

/// <summary>Reads whose a request is, as a hash: nothing of a credential is stored, and nobody finds what is another's.</summary>
internal sealed class OwnerReader
{
    private readonly LimitKeyKind by;
    private readonly string name;
    private readonly byte[] header;

    /// <param name="scope">As declared; null for whom the guard found out.</param>
    public OwnerReader(string? scope)
    {
        var key = scope is not null && LimitKey.TryParse(scope, out var read) ? read : default;
        (by, name, header) = (key.By, key.Name ?? "", Encoding.ASCII.GetBytes(key.Name ?? ""));
    }

    public string Of(Exchange x)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        switch (by)
        {
            case LimitKeyKind.Header:
                var at = 0;
                if (x.Request.Next(x.HeadBytes, ref at, header, out var value)) hash.AppendData(value.Of(x.HeadBytes));
                break;
            case LimitKeyKind.Client:
                hash.AppendData(Encoding.ASCII.GetBytes(x.ClientAddress.ToString("x", System.Globalization.CultureInfo.InvariantCulture)));
                break;
            case LimitKeyKind.Claim:
                if (x.Identity is { } known) hash.AppendData(known.Claim(name));
                break;
            case LimitKeyKind.ApiKey:
                if (x.Identity is { } shown) hash.AppendData(shown.KeyId);
                break;
            default:
                if (x.Identity is not { } identity) break;
                hash.AppendData(Encoding.UTF8.GetBytes(identity.Scheme));
                hash.AppendData("\n"u8);
                hash.AppendData(identity.Subject);
                break;
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }
}
