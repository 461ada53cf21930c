using Mainstay.Core.Kinds.State;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// Lets writes pass only with the token of a lock's holder, in the header <c>Fencing-Token</c>: 409 where the token is stale, 428 where it is missing or none of this lock. In the manifest
/// the lock's name may stand alone.
/// </summary>
[PlainValueIs(nameof(Lock))]
public sealed record FenceSpec
{
    /// <summary>The lock's name.</summary>
    public required string Lock { get; init; }

    /// <summary>Which methods need the token. Default POST, PUT, PATCH and DELETE.</summary>
    public IReadOnlyList<string> Methods { get; init; } = ["POST", "PUT", "PATCH", "DELETE"];

    /// <summary>Whether a request without a token is refused. Default true; where false, only one with a stale token is.</summary>
    public bool Required { get; init; } = true;

    public IEnumerable<Problem> Validate()
    {
        if (!Names.IsValid(Lock))
        {
            yield return Names.Invalid("lock", Lock);
        }

        if (Methods.Count is 0 or > 16 || Methods.FirstOrDefault(m => !HttpNames.IsToken(m)) is not null)
        {
            yield return new("methods", "these are not methods", "name 1 to 16, such as POST and PUT, or leave it out");
        }
    }
}
