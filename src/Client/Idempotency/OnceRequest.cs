using System.Security.Cryptography;
using System.Text;

namespace Mainstay.Client.Idempotency;

/// <summary>A request that wants to be done once.</summary>
/// <param name="Owner">Whose key it is: a tenant, a user; up to 200 characters. Nobody gets the answer of another's key.</param>
/// <param name="Key">The header <c>Idempotency-Key</c>, 1 to 255 visible characters of ASCII; quotes around it are left out.</param>
/// <param name="Print">What the request is: the same key with another print is refused.</param>
public sealed record OnceRequest(string Owner, string Key, string Print)
{
    /// <summary>A request with the print of its method, target and body.</summary>
    public static OnceRequest Of(string owner, string key, string method, string target, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{method} {target}\n"));
        hash.AppendData(body);
        return new(owner, key, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <summary>The key without quotes; null where it is none.</summary>
    internal string? Bare
    {
        get
        {
            var key = Key is ['"', .. var inner, '"'] ? inner : Key;
            return key.Length is > 0 and <= 255 && !key.AsSpan().ContainsAnyExceptInRange('!', '~') && !key.Contains('"', StringComparison.Ordinal) ? key : null;
        }
    }
}

/// <summary>What a service answers.</summary>
/// <param name="Status">400 for a key that is none, 409 for one that is being used, 422 for one that was used for another request; else what the work gave.</param>
/// <param name="ContentType">The media type of the body; empty for none.</param>
/// <param name="Body">The body.</param>
/// <param name="IsReplay">It was answered before, and nothing was done this time.</param>
public sealed record OnceAnswer(int Status, string ContentType, byte[] Body, bool IsReplay = false);
