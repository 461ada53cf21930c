namespace Mainstay.Core.Kinds.Schedule;

/// <summary>A release of a service that has ended, with its way, its reasons and its figures. Named <c>SERVICE.NUMBER</c>; the newest 30 of each service are kept, until the service is forgotten.</summary>
public sealed record ReleaseRecord : Resource
{
    /// <summary>So many are kept of each service.</summary>
    public const int Kept = 30;

    public required string Service { get; init; }

    /// <summary>Counts the releases of the service from 1.</summary>
    public required int Number { get; init; }

    /// <summary>How it ended: the stage is <see cref="ReleaseStage.Promoted"/> or <see cref="ReleaseStage.Aborted"/>.</summary>
    public required ReleaseStatus Release { get; init; }

    /// <summary>How the new version compared with the old one; null where nothing was counted.</summary>
    public ReleaseReport? Report { get; init; }

    /// <summary>The name of a record.</summary>
    public static string NameOf(string service, int number) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{service}.{number}");
}

/// <summary>A point of a release's way.</summary>
/// <param name="At">When it was reached.</param>
/// <param name="Stage">The stage that began.</param>
/// <param name="Share">The share of requests that the new version had from then on.</param>
public sealed record ReleaseMark(DateTimeOffset At, ReleaseStage Stage, Share Share);

/// <summary>How a new version compared with the old one while both got requests.</summary>
public sealed record ReleaseReport
{
    /// <summary>Whether it was decided, and how.</summary>
    public ReleaseVerdict Verdict { get; init; }

    /// <summary>The verdict with its figures, in a sentence.</summary>
    public string Message { get; init; } = "";

    public ReleaseFigures Old { get; init; } = new();

    public ReleaseFigures New { get; init; } = new();

    /// <summary>The odds, as natural logarithm, against "both versions fail alike"; a release is given up at 4.6 (100 to 1) and more.</summary>
    public double ErrorEvidence { get; init; }

    /// <summary>The odds, as natural logarithm, against "both versions are alike in speed".</summary>
    public double SlowEvidence { get; init; }

    /// <summary>Mann and Whitney: how much more often a request to the new version is slower than one to the old version than the other way round, -1 to 1.</summary>
    public double Effect { get; init; }

    /// <summary>Mann and Whitney's statistic, standard normal where both versions are alike.</summary>
    public double Z { get; init; }

    /// <summary>What the queries said; null where there are none.</summary>
    public IReadOnlyList<QueryReport>? Queries { get; init; }

    /// <summary>What both versions do to those whom they call, in order of names; null where nothing is known of that.</summary>
    public IReadOnlyList<CalleeReport>? Callees { get; init; }
}

/// <summary>What two versions do to one whom they call.</summary>
/// <param name="Name">A service, or a statement to a database.</param>
/// <param name="OldRate">Calls for each request to the old version.</param>
/// <param name="NewRate">Calls for each request to the new version.</param>
/// <param name="Old">The old version's calls.</param>
/// <param name="New">The new version's calls.</param>
/// <param name="Evidence">The odds, as natural logarithm, against "both do the same", for whatever there is most for.</param>
public sealed record CalleeReport(string Name, double OldRate, double NewRate, ReleaseFigures Old, ReleaseFigures New, double Evidence);

/// <summary>What a query said of two versions.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Old">The old version's value when it was looked at last, or what was usual before.</param>
/// <param name="New">The new version's.</param>
/// <param name="Looks">How often both were known.</param>
/// <param name="Worse">How often the new one was worse by more than is tolerated.</param>
/// <param name="Evidence">The odds, as natural logarithm, against "worse in no more than half of the looks".</param>
public sealed record QueryReport(string Name, double Old, double New, int Looks, int Worse, double Evidence);

/// <summary>What was counted of a version.</summary>
public sealed record ReleaseFigures
{
    public long Requests { get; init; }

    public long Errors { get; init; }

    public double P50Ms { get; init; }

    public double P90Ms { get; init; }

    public double P99Ms { get; init; }
}

/// <summary>What a comparison of two versions has come to.</summary>
public enum ReleaseVerdict
{
    /// <summary>Too few requests to say anything.</summary>
    Undecided,

    /// <summary>No harm is seen.</summary>
    NoHarm,

    /// <summary>The new version does harm.</summary>
    Harmful,
}
