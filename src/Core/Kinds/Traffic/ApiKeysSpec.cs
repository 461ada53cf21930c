namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Keys that clients show in a header. Each line of the file is <c>NAME SHA256 [SCOPE…]</c>: who holds the key, its SHA-256 in hexadecimal, and what is granted.</summary>
[PlainValueIs(nameof(From))]
public sealed record ApiKeysSpec
{
    /// <summary>The header. Default <c>X-Api-Key</c>.</summary>
    public string Header { get; init; } = "X-Api-Key";

    /// <summary>Where the keys' hashes are kept: a file relative to the manifest, which only its owner may write and others may not read, or <c>env:NAME</c>. Read again when it changes.</summary>
    public required string From { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (!HeaderText.IsOwn(Header))
        {
            yield return new("header", $"'{Header}' is not the name of a header for keys", "use a name like X-Api-Key");
        }

        foreach (var problem in SecretPlace.Validate("from", From))
        {
            yield return problem;
        }
    }
}
