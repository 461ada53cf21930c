namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// Requests are accepted and done later: what came is on the disk before 202 is answered, with the address where its status and, once there is one, its answer are.
/// </summary>
public sealed record AsyncSpec
{
    /// <summary>Which methods are accepted so; others go their usual way. Default POST, PUT, PATCH and DELETE.</summary>
    public IReadOnlyList<string> Methods { get; init; } = ["POST", "PUT", "PATCH", "DELETE"];

    /// <summary>How many are sent to the service at a time, by each gateway. Default 4; 1 to 256.</summary>
    public int Parallel { get; init; } = 4;

    /// <summary>Requests are not sent to the service: its workers pull them, and so long each belongs to its worker, who may ask for longer. Default: they are sent; 1s to 12h.</summary>
    public TimeSpan? Pull { get; init; }

    /// <summary>How many may wait or be under way; beyond it 429. Default 10000; 1 to 1000000.</summary>
    public int Backlog { get; init; } = 10_000;

    /// <summary>Bytes that they may have together; beyond it 429. Default 256Mi; up to 4Gi.</summary>
    public ByteSize BacklogBytes { get; init; } = new(256L << 20);

    /// <summary>How long a request is tried that the service does not take. Default 1h; 1s to 7d.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How often it is sent at the most, where the service declares <c>traffic.idempotencyKeys</c> and its answers are 500, 502, 504 or missing. Default 5; 1 to 100.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>The wait before the second try; it doubles up to a minute. Default 1s; 10ms to 1m.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the answer is kept. Default 1d; 1m to 30d.</summary>
    public TimeSpan Keep { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Who may see status and answer: <c>header:NAME</c>, <c>apiKey</c>, <c>claim:NAME</c> or <c>client</c> (its address). Default: whom the guard found out, and who knows the address.</summary>
    public string? Scope { get; init; }

    /// <summary>The largest body of a request; beyond it 413. Default 1Mi; up to 16Mi.</summary>
    public ByteSize MaxBody { get; init; } = new(1 << 20);

    /// <summary>The largest body of an answer that is kept. Default 256Ki; up to 4Mi.</summary>
    public ByteSize MaxAnswer { get; init; } = new(256 << 10);

    /// <summary>Where the end of a request is told. Default: nowhere; who wants to know asks.</summary>
    public CallbackSpec? Callback { get; init; }

    /// <summary>The longest that a pulled request may belong to its worker at a time.</summary>
    public static readonly TimeSpan MostPulled = TimeSpan.FromHours(12);

    public IEnumerable<Problem> Validate() =>
    [
        .. Methods.Count is 0 or > 16 || Methods.FirstOrDefault(m => !HttpNames.IsToken(m)) is not null ? [new Problem("methods", "these are not methods", "name 1 to 16, such as POST, or leave it out")] : Array.Empty<Problem>(),
        .. Limits.Between("parallel", Parallel, 1, 256),
        .. Limits.Between("backlog", Backlog, 1, 1_000_000),
        .. Pull is { } pull ? Limits.Between("pull", pull, TimeSpan.FromSeconds(1), MostPulled) : [],
        .. RequestScope.Size("backlogBytes", BacklogBytes, 4L << 30),
        .. Limits.Between("within", Within, TimeSpan.FromSeconds(1), TimeSpan.FromDays(7)),
        .. Limits.Between("attempts", Attempts, 1, 100),
        .. Limits.Between("backoff", Backoff, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1)),
        .. Limits.Between("keep", Keep, TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)),
        .. RequestScope.Check("scope", Scope),
        .. RequestScope.Size("maxBody", MaxBody, 16 << 20),
        .. RequestScope.Size("maxAnswer", MaxAnswer, 4 << 20),
        .. Callback?.Validate().Select(p => p.Under("callback")) ?? [],
    ];
}
