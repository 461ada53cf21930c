namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// Signed requests (RFC 9421 with <c>hmac-sha256</c>): the signature covers method, authority, path and query, a body by its <c>Content-Digest</c>, and has <c>created</c>,
/// <c>nonce</c> and <c>keyid</c>. Each line of the file is <c>KEYID SECRET [SCOPE…]</c>, the secret in base64.
/// </summary>
[PlainValueIs(nameof(From))]
public sealed record HmacSpec
{
    /// <summary>Where the secrets are kept: a file relative to the manifest, which nobody but its owner may read, or <c>env:NAME</c>. Read again when it changes.</summary>
    public required string From { get; init; }

    /// <summary>How old a signature may be, and how far in the future; within it no nonce is accepted twice. Default 5m; 1s to 1h.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The largest body that is accepted, since its digest is checked before it is passed on. Default 64Ki; 1 to 16Mi.</summary>
    public ByteSize Body { get; init; } = new(64 * 1024);

    public IEnumerable<Problem> Validate() => SecretPlace.Validate("from", From)
        .Concat(Limits.Between("window", Window, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)))
        .Concat(Body.Bytes is < 1 or > 16 * 1024 * 1024 ? [new Problem("body", $"{Body} is outside 1 to 16Mi", "choose a size within")] : []);
}
