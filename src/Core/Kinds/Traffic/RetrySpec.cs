namespace Mainstay.Core.Kinds.Traffic;

/// <summary>When a request is sent again.</summary>
public sealed record RetrySpec
{
    /// <summary>How often at the most, the first time included. Default 2; 1 to 5.</summary>
    public int Attempts { get; init; } = 2;

    /// <summary>
    /// On what: <c>connect</c> (nothing was sent) for every method, and for GET, HEAD and OPTIONS the answers with these statuses, 500 to 599. A connection that ended before the first
    /// byte of the response is tried again for GET, HEAD and OPTIONS in any case. Default connect.
    /// </summary>
    public IReadOnlyList<string> On { get; init; } = ["connect"];

    public IEnumerable<Problem> Validate()
    {
        foreach (var problem in Limits.Between("attempts", Attempts, 1, 5))
        {
            yield return problem;
        }

        foreach (var word in On.Where(w => w is not "connect" && !(w.Length == 3 && w[0] == '5' && w.All(char.IsAsciiDigit))))
        {
            yield return new("on", $"'{word}' is not a reason to retry", "use connect or a status from 500 to 599");
        }
    }
}
