namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Names and passwords. Each line of the file is <c>NAME:HASH[:SCOPE SCOPE…]</c>, the hash as <c>$pbkdf2-sha256$ROUNDS$SALT$HASH</c> in passlib's notation.</summary>
[PlainValueIs(nameof(From))]
public sealed record BasicSpec
{
    /// <summary>Where names and hashes are kept: a file relative to the manifest, which only its owner may write and others may not read, or <c>env:NAME</c>. Read again when it changes.</summary>
    public required string From { get; init; }

    public IEnumerable<Problem> Validate() => SecretPlace.Validate("from", From);
}
