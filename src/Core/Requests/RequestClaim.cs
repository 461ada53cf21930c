namespace Mainstay.Core.Requests;

/// <summary>A request that wants to be done once.</summary>
public sealed record RequestClaim
{
    /// <summary>The name of the route.</summary>
    public required string Route { get; init; }

    /// <summary>Whose it is: a hash, so that nothing of a credential is stored.</summary>
    public required string Owner { get; init; }

    /// <summary>The owner's key; null where there is none, which only what is accepted may lack.</summary>
    public string? Key { get; init; }

    /// <summary>What the request is: a hash of method, target and body.</summary>
    public required ReadOnlyMemory<byte> Fingerprint { get; init; }

    /// <summary>How long it is remembered after its end.</summary>
    public required TimeSpan Keep { get; init; }

    /// <summary>The callee may be asked twice.</summary>
    public bool Repeats { get; init; }

    /// <summary>What is to be done later; null for a request that is done now.</summary>
    public AcceptTerms? Later { get; init; }
}

/// <summary>A request to be done later, and how many may wait.</summary>
/// <param name="Request">Head and body, as they are to be sent.</param>
/// <param name="MostWaiting">Requests of the route that may wait or run.</param>
/// <param name="MostBytes">Bytes of them together.</param>
/// <param name="Callback">Where its end is told; null for nowhere.</param>
public sealed record AcceptTerms(ReadOnlyMemory<byte> Request, int MostWaiting, long MostBytes, string? Callback = null);

/// <summary>What becomes of a claim.</summary>
public enum ClaimVerdict
{
    /// <summary>It is the caller's to be done now, and its end is to be told.</summary>
    Begun,

    /// <summary>It is accepted, or was before.</summary>
    Accepted,

    /// <summary>It was done; here is the answer.</summary>
    Answered,

    /// <summary>It is being done.</summary>
    Running,

    /// <summary>The key was used for another request.</summary>
    OtherRequest,

    /// <summary>It was begun, and nobody knows whether it was done.</summary>
    Unknown,

    /// <summary>As many wait as may.</summary>
    Full,

    /// <summary>The ledger cannot be written; nothing is done.</summary>
    Unavailable,
}

/// <summary>The answer to a claim.</summary>
/// <param name="Verdict">What becomes of it.</param>
/// <param name="Id">The request's id; empty where it has none.</param>
/// <param name="Attempt">Which attempt begins.</param>
/// <param name="Answer">What was answered.</param>
/// <param name="Why">What is wrong, where it is unavailable.</param>
public sealed record ClaimAnswer(ClaimVerdict Verdict, string Id = "", int Attempt = 0, KeptAnswer? Answer = null, string? Why = null);

/// <summary>An answer as it is kept.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Lines">Its header lines, each with its end.</param>
/// <param name="Body">Its body.</param>
/// <param name="IsWhole">False where the body was larger than what is kept, and is not.</param>
public sealed record KeptAnswer(int Status, ReadOnlyMemory<byte> Lines, ReadOnlyMemory<byte> Body, bool IsWhole);

/// <summary>How an attempt ended.</summary>
/// <param name="Id">The request's id.</param>
/// <param name="Attempt">Which attempt.</param>
/// <param name="How">How.</param>
public sealed record RequestEnd(string Id, int Attempt, RequestEnding How)
{
    /// <summary>The answer, where there is one.</summary>
    public KeptAnswer? Answer { get; init; }

    /// <summary>What happened, for people.</summary>
    public string? Why { get; init; }

    /// <summary>How long it waits before it is done again.</summary>
    public TimeSpan After { get; init; }
}

/// <summary>The ways in which an attempt ends.</summary>
public enum RequestEnding
{
    /// <summary>The service answered.</summary>
    Answered,

    /// <summary>The service did not get it, and it is not tried again.</summary>
    Failed,

    /// <summary>The service may have done it.</summary>
    Unknown,

    /// <summary>It waits to be done again.</summary>
    Again,

    /// <summary>The service did not get it: nothing is remembered.</summary>
    Forgotten,
}

/// <summary>An accepted request that is to be done now.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Attempt">Which attempt this is, from 1.</param>
/// <param name="Request">Head and body, as they are to be sent.</param>
/// <param name="At">When it was accepted.</param>
/// <param name="Callback">Where its end is told.</param>
public sealed record TakenRequest(string Id, int Attempt, ReadOnlyMemory<byte> Request, DateTimeOffset At, string? Callback);

/// <summary>A request as it is shown.</summary>
public sealed record ShownRequest
{
    public required string Id { get; init; }

    public required string Route { get; init; }

    /// <summary>Whose it is, as a hash.</summary>
    public required string Owner { get; init; }

    public string? Key { get; init; }

    public required RequestState State { get; init; }

    /// <summary>It was accepted for later.</summary>
    public bool IsAccepted { get; init; }

    /// <summary>How often it was begun.</summary>
    public int Attempts { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>When it is due, where it waits.</summary>
    public DateTimeOffset? Due { get; init; }

    /// <summary>When it is forgotten, where it has ended.</summary>
    public DateTimeOffset? Ends { get; init; }

    /// <summary>The status that was answered; 0 where nothing was.</summary>
    public int Status { get; init; }

    /// <summary>What happened last.</summary>
    public string? Why { get; init; }

    /// <summary>The call that tells its end; null where nobody is told, and before.</summary>
    public ShownCallback? Callback { get; init; }

    /// <summary>The answer, where it was asked for and there is one.</summary>
    public KeptAnswer? Answer { get; init; }
}

/// <summary>What became of a wish.</summary>
public enum ChangeVerdict
{
    Done,
    NotThere,

    /// <summary>As it stands, that cannot be done with it.</summary>
    NotNow,
    Unavailable,
}

/// <summary>The answer to a wish.</summary>
/// <param name="Verdict">What became of it.</param>
/// <param name="Request">How the request stands now; null where it is gone.</param>
/// <param name="Why">What is wrong.</param>
public sealed record ChangeAnswer(ChangeVerdict Verdict, ShownRequest? Request = null, string? Why = null);
