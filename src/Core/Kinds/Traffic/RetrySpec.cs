namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// When a request is sent again: GET, HEAD and OPTIONS, and what carries an <c>Idempotency-Key</c> where the service declares that it honours it; never after a byte
/// of the answer reached the client. What <c>Retry-After</c> asks for is waited for, up to 1 s; where it is longer, the answer goes to the client.
/// </summary>
public sealed record RetrySpec
{
    /// <summary>How often at the most, the first time included. Default 2; 1 to 5.</summary>
    public int Attempts { get; init; } = 2;

    /// <summary>
    /// On what: <c>connect</c> (nothing was sent) for every method; for those that may be repeated also <c>timeout</c> and the answers with these statuses, 429 and 500 to 563. A connection that ended
    /// before the first byte of the response is a reason in any case. Default connect.
    /// </summary>
    public IReadOnlyList<string> On { get; init; } = ["connect"];

    /// <summary>How many repetitions there may be for so many requests; ten more are in reserve. Default 20%.</summary>
    public Share Budget { get; init; } = Share.Percent(20);

    /// <summary>The shortest wait before a repetition; each is drawn between this and three times the last, up to 1s. Default 25ms; 0s to 1s.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>How long one attempt may take, from its last byte to the response's headers; checked to a tenth of a second. Default: what is left of the timeout. 1ms to 1h.</summary>
    public TimeSpan? AttemptTimeout { get; init; }

    public IEnumerable<Problem> Validate()
    {
        foreach (var problem in Limits.Between("attempts", Attempts, 1, 5)
            .Concat(Limits.Between("backoff", Backoff, TimeSpan.Zero, TimeSpan.FromSeconds(1)))
            .Concat(AttemptTimeout is { } one ? Limits.Between("attemptTimeout", one, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1)) : []))
        {
            yield return problem;
        }

        foreach (var word in On.Where(w => w is not ("connect" or "timeout" or "429") && !(int.TryParse(w, out var status) && w.Length == 3 && status is >= 500 and < 564)))
        {
            yield return new("on", $"'{word}' is not a reason to retry", "use connect, timeout, 429 or a status from 500 to 563");
        }
    }
}
