namespace Mainstay.Core.Kinds.Observe;

/// <summary>Trouble with one cause: everything that was felt because of it, what is known of the cause, who is hurt, what was done. One for each cause, not one for each symptom.</summary>
public sealed record Incident : Resource
{
    /// <summary>So many that are over are kept.</summary>
    public const int Kept = 500;

    /// <summary>In one line, for people.</summary>
    public required string Title { get; init; }

    public IncidentState State { get; init; }

    /// <summary>The highest of what is hurt.</summary>
    public Criticality Criticality { get; init; } = Criticality.Medium;

    /// <summary>When the first symptom began.</summary>
    public required DateTimeOffset Began { get; init; }

    /// <summary>When it was noticed.</summary>
    public required DateTimeOffset Opened { get; init; }

    /// <summary>When the last symptom was over; null while there is one.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>How often it came back within ten minutes after it was over.</summary>
    public int Reopened { get; init; }

    /// <summary>Who said that somebody is at it; empty where nobody did.</summary>
    public string AcknowledgedBy { get; init; } = "";

    /// <summary>Who said that it is over; empty where it was seen to be over.</summary>
    public string ResolvedBy { get; init; } = "";

    /// <summary>Nobody is told of it until then.</summary>
    public DateTimeOffset? SilentUntil { get; init; }

    /// <summary>What was felt, those of routes first.</summary>
    public IReadOnlyList<IncidentSymptom> Symptoms { get; init; } = [];

    /// <summary>The likeliest first.</summary>
    public IReadOnlyList<IncidentCause> Causes { get; init; } = [];

    /// <summary>What is to be done about it, or was.</summary>
    public IReadOnlyList<IncidentAction> Actions { get; init; } = [];

    /// <summary>What each receiver was told last: <c>firing</c> or <c>resolved</c>.</summary>
    public IReadOnlyDictionary<string, string> Told { get; init; } = new Dictionary<string, string>();

    /// <summary>The likeliest cause as <c>kind target</c>; what makes two incidents the same.</summary>
    public string Key() => Causes is [var first, ..] ? $"{first.Kind} {first.Target}" : "";
}

/// <summary>How an incident stands.</summary>
public enum IncidentState
{
    /// <summary>It goes on, and nobody has said that they are at it.</summary>
    Open,

    /// <summary>It goes on, and somebody is at it.</summary>
    Acknowledged,

    /// <summary>It is over.</summary>
    Resolved,
}

/// <summary>Something that was felt.</summary>
/// <param name="Subject"><c>route/NAME</c>, <c>service/NAME</c>, <c>queue/NAME</c>, <c>objective/NAME</c> or <c>alert/NAME</c>.</param>
/// <param name="Text">In words.</param>
public sealed record IncidentSymptom(string Subject, string Text, DateTimeOffset Since);

/// <summary>What is taken for the cause.</summary>
/// <param name="Kind">One word: <c>cpu</c>, <c>rowLock</c>, <c>change</c> … or <c>unknown</c>.</param>
/// <param name="Target">As <c>kind/name</c>.</param>
/// <param name="Confidence">0 to 1.</param>
/// <param name="Evidence">In words, the strongest first.</param>
public sealed record IncidentCause(string Kind, string Target, double Confidence, IReadOnlyList<string> Evidence);

/// <summary>What is suggested or was done because of the cause.</summary>
/// <param name="Id">Unique within the incident.</param>
/// <param name="Do">What: <c>scale</c>, <c>rollback</c>, <c>restart</c>, <c>admit</c>, <c>degrade</c>, <c>breaker</c>, <c>advice</c>.</param>
/// <param name="About">What it is done to.</param>
/// <param name="Text">In words, with why.</param>
/// <param name="How">The command that does it; empty where no command does.</param>
/// <param name="Undo">The command that undoes it; empty where nothing has to be undone.</param>
/// <param name="State">Whether it was done.</param>
public sealed record IncidentAction(string Id, string Do, string About, string Text, string How = "", string Undo = "", ActionState State = ActionState.Suggested)
{
    /// <summary>What the act needs: the number of instances, the level, the name of the degradation; null where no command does it.</summary>
    public string? Argument { get; init; }

    /// <summary>When it was done.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>The intervention that does it; null where it is none.</summary>
    public string? Intervention { get; init; }

    /// <summary>What came of it, in words: whether it helped.</summary>
    public string Verdict { get; init; } = "";
}

/// <summary>How far an action is.</summary>
public enum ActionState
{
    /// <summary>A person may do it.</summary>
    Suggested,

    /// <summary>It was done and is watched.</summary>
    Done,

    /// <summary>It was done, and the trouble is over.</summary>
    Helped,

    /// <summary>It was done, and the trouble went on.</summary>
    DidNotHelp,

    /// <summary>It could not be done.</summary>
    Failed,
}
