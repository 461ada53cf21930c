namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// Requests with the header <c>Idempotency-Key</c> are done once: the first answer is kept on the disk and given again. A key that is used for another request gets 422, one
/// whose request is under way 409.
/// </summary>
public sealed record IdempotencySpec
{
    /// <summary>Whether a request without a key is refused (400). Default true; where false, it goes its way unremembered.</summary>
    public bool Required { get; init; } = true;

    /// <summary>Which methods keys are for. Default POST and PATCH.</summary>
    public IReadOnlyList<string> Methods { get; init; } = ["POST", "PATCH"];

    /// <summary>How long a key is remembered after its answer. Default 1d; 1m to 30d.</summary>
    public TimeSpan Keep { get; init; } = TimeSpan.FromHours(24);

    /// <summary>
    /// Whose a key is: <c>header:NAME</c>, <c>apiKey</c>, <c>claim:NAME</c>, or <c>client</c> (its address). Default: whom the guard found out; without a guard all clients are one, and keys have to be beyond guessing.
    /// </summary>
    public string? Scope { get; init; }

    /// <summary>What becomes of a key whose outcome nobody knows. Default repeat.</summary>
    public UnknownOutcome Unknown { get; init; } = UnknownOutcome.Repeat;

    /// <summary>The largest body of a request; beyond it 413. Default 1Mi; up to 16Mi.</summary>
    public ByteSize MaxBody { get; init; } = new(1 << 20);

    /// <summary>The largest body of an answer that is kept. Of a larger one only the first caller is told, up to 16Mi; others get 409. Default 256Ki; up to 4Mi.</summary>
    public ByteSize MaxAnswer { get; init; } = new(256 << 10);

    public IEnumerable<Problem> Validate() =>
    [
        .. Methods.Count is 0 or > 16 || Methods.FirstOrDefault(m => !HttpNames.IsToken(m)) is not null ? [new Problem("methods", "these are not methods", "name 1 to 16, such as POST and PATCH, or leave it out")] : Array.Empty<Problem>(),
        .. Limits.Between("keep", Keep, TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)),
        .. RequestScope.Check("scope", Scope),
        .. RequestScope.Size("maxBody", MaxBody, 16 << 20),
        .. RequestScope.Size("maxAnswer", MaxAnswer, 4 << 20),
    ];
}

/// <summary>What becomes of a request of which nobody knows whether it was done: the gateway or the service ended, or time was over, before there was an answer.</summary>
public enum UnknownOutcome
{
    /// <summary>It is done again where the service declares <c>traffic.idempotencyKeys</c>, and reported where it does not.</summary>
    Repeat,

    /// <summary>Callers are told (409 <c>outcome-unknown</c>) until somebody says what it was, or the key is forgotten.</summary>
    Report,
}

/// <summary>What specs of remembered requests check alike.</summary>
static class RequestScope
{
    public static IEnumerable<Problem> Check(string path, string? scope) =>
        scope is null || (LimitKey.TryParse(scope, out var key) && key.By is not (LimitKeyKind.Route or LimitKeyKind.Caller))
            ? []
            : [new Problem(path, $"'{scope}' is nothing that tells callers apart", "use header:NAME, apiKey, claim:NAME or client")];

    public static IEnumerable<Problem> Size(string path, ByteSize size, long most) =>
        size.Bytes < 1024 || size.Bytes > most ? [new Problem(path, $"{size} is outside {new ByteSize(1024)} to {new ByteSize(most)}", "choose a size within")] : [];
}
