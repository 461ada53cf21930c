using Mainstay.Core.Kinds;

namespace Mainstay.State.Decide.Flows;

/// <summary>Something that happened to a run.</summary>
public abstract record FlowEvent;

/// <summary>A call was answered, or was not.</summary>
/// <param name="Path">Of the row.</param>
/// <param name="Kind">Which of its calls.</param>
/// <param name="Attempt">The try, or the number of the check; an answer to an earlier one counts for nothing.</param>
public sealed record FlowAnswered(string Path, FlowActKind Kind, int Attempt, FlowAnswer Answer) : FlowEvent;

/// <summary>A callee that promised to tell says how it ended.</summary>
/// <param name="Path">Of the row.</param>
/// <param name="Done">Whether it did what it was asked.</param>
/// <param name="Body">Its result.</param>
public sealed record FlowFinished(string Path, bool Done, FreeValue? Body) : FlowEvent;

/// <summary>A signal came.</summary>
public sealed record FlowSignalled(string Name, FreeValue? Content) : FlowEvent;

/// <summary>A person approved or rejected.</summary>
/// <param name="Path">Of the row that waits for it.</param>
public sealed record FlowApproved(string Path, bool Approved, string By, string? Note) : FlowEvent;

/// <summary>A person wants the run to be taken back.</summary>
public sealed record FlowCancelled(string By) : FlowEvent;

/// <summary>A person wants a parked run to go on, or one that was compensated to begin anew from a step (null: from the first that is not done).</summary>
public sealed record FlowRetried(string? From) : FlowEvent;

/// <summary>A person says what became of a parked row.</summary>
/// <param name="Path">Of the row.</param>
/// <param name="Done">Whether it took effect.</param>
/// <param name="Body">What it gave.</param>
public sealed record FlowResolved(string Path, bool Done, FreeValue? Body, string By) : FlowEvent;

/// <summary>The server that made the run's calls is gone: what became of those under way is not known.</summary>
public sealed record FlowLost : FlowEvent;

/// <summary>How a call ended.</summary>
public sealed record FlowAnswer
{
    /// <summary>The status; 0 where no answer came.</summary>
    public int Status { get; init; }

    /// <summary>The body as JSON; text where it is none.</summary>
    public FreeValue? Body { get; init; }

    /// <summary>True where nothing was sent: it has taken no effect.</summary>
    public bool NotSent { get; init; }

    /// <summary>True where nobody waited for the answer to the end: it does not count as a try.</summary>
    public bool IsLost { get; init; }

    /// <summary>What went wrong, where no answer came.</summary>
    public string Why { get; init; } = "";

    /// <summary>Where to ask again, of a 202: a path of the same service.</summary>
    public string? Location { get; init; }

    /// <summary>The callee promised to tell, by the header <c>Mainstay-Callback</c> of a 202.</summary>
    public bool Tells { get; init; }

    /// <summary>How long it asks to be left alone.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>A call that is to be made.</summary>
/// <param name="Path">Of the row.</param>
/// <param name="Attempt">The try, or the number of the check.</param>
/// <param name="To">The service.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Body">JSON; null for none.</param>
/// <param name="Headers">Beside those of the message itself, the idempotency key among them.</param>
public sealed record FlowAct(string Path, FlowActKind Kind, int Attempt, string To, string Method, string Target, byte[]? Body, IReadOnlyList<KeyValuePair<string, string>> Headers, TimeSpan Timeout);

/// <summary>What is to be written and then done.</summary>
public sealed record FlowPlan
{
    /// <summary>The run as it is from now on.</summary>
    public required FlowRun Run { get; init; }

    /// <summary>Rows that are new or changed.</summary>
    public IReadOnlyCollection<FlowRow> Rows { get; init; } = [];

    /// <summary>Paths of rows that are gone.</summary>
    public IReadOnlyCollection<string> Gone { get; init; } = [];

    /// <summary>Calls that are to be made once all of it is durable.</summary>
    public IReadOnlyList<FlowAct> Acts { get; init; } = [];

    /// <summary>When to ask again; null where nothing depends on time.</summary>
    public DateTimeOffset? Wake { get; init; }

    /// <summary>Why the event is refused: nothing changes; null where it is not.</summary>
    public Problem? Refused { get; init; }
}
