using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Core.Kinds.Schedule;

/// <summary>How a new version takes the place of the old one. In the manifest either this, or the strategy alone.</summary>
[PlainValueIs(nameof(Strategy))]
public sealed record ReleaseSpec
{
    /// <summary>The most steps of a canary.</summary>
    public const int MostSteps = 20;

    /// <summary>The steps of a canary that gives none.</summary>
    public static IReadOnlyList<Share> UsualSteps { get; } = [Kinds.Share.Percent(5), Kinds.Share.Percent(25), Kinds.Share.Percent(50)];

    /// <summary>Which way it goes. Default rolling.</summary>
    public ReleaseStrategy Strategy { get; init; }

    /// <summary>Rolling: how many instances may run beyond those wanted. Default a quarter of them, at least 1; 0 to 1000.</summary>
    public int? MaxSurge { get; init; }

    /// <summary>Rolling: how many of the wanted instances may be missing meanwhile. Default 0; 0 to 1000.</summary>
    public int MaxUnavailable { get; init; }

    /// <summary>How long a new instance has to be ready before it counts. Default 0s; 0s to 1h.</summary>
    public TimeSpan MinReady { get; init; }

    /// <summary>Blue/green: how long the old instances stay, without requests, after the switch. Default 1m; 0s to 24h.</summary>
    public TimeSpan KeepOld { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Canary: the shares of requests that the new version gets, one after the other, before it gets all. Default 5%, 25%, 50%. At most 20.</summary>
    public IReadOnlyList<Share>? Steps { get; init; }

    /// <summary>Canary: how long each step lasts at least. Default 1m; 0s to 7d.</summary>
    public TimeSpan Hold { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Canary: each step waits until somebody says <c>mainstay rollout resume</c>; blue/green: so does the switch. Default false.</summary>
    public bool Pause { get; init; }

    /// <summary>A/B: the share of users that get the new version. Default 50%.</summary>
    public Share? Share { get; init; }

    /// <summary>What tells users apart, so that each stays with his version: <c>client</c> (the address), <c>header:NAME</c> or <c>cookie:NAME</c>; where a request lacks it, its client's address. Default: each request is drawn by itself; A/B: client.</summary>
    public string? By { get; init; }

    /// <summary>Requests that get the new version as soon as it is ready, whatever the shares.</summary>
    public SplitWhen? When { get; init; }

    /// <summary>Canary, blue/green and A/B: services of the same group that change together go from step to step together, switch in one table, and are given up together. Default: none.</summary>
    public string? Group { get; init; }

    /// <summary>Canary and blue/green: what the new version is held to while both get requests; it is given up when it does harm.</summary>
    public JudgeSpec Judge { get; init; } = new();

    /// <summary>Whether it matters which of two versions calls others: they get requests side by side and are compared, or are released together with others.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool TellsCallers => Strategy is ReleaseStrategy.Canary or ReleaseStrategy.BlueGreen or ReleaseStrategy.Ab && (!Judge.Off || Group is not null);

    public IEnumerable<Problem> Validate()
    {
        if (Strategy == ReleaseStrategy.Rolling && MaxSurge == 0 && MaxUnavailable == 0)
        {
            yield return new("maxSurge", "with neither a surplus nor a missing instance nothing can be replaced", "raise maxSurge or maxUnavailable to at least 1");
        }

        foreach (var (name, given, strategies) in new (string, bool, ReleaseStrategy[])[]
        {
            ("maxSurge", MaxSurge is not null, [ReleaseStrategy.Rolling, ReleaseStrategy.Canary, ReleaseStrategy.Ab]),
            ("maxUnavailable", MaxUnavailable != 0, [ReleaseStrategy.Rolling, ReleaseStrategy.Canary, ReleaseStrategy.Ab]),
            ("steps", Steps is not null, [ReleaseStrategy.Canary]),
            ("pause", Pause, [ReleaseStrategy.Canary, ReleaseStrategy.BlueGreen]),
            ("share", Share is not null, [ReleaseStrategy.Ab]),
            ("by", By is not null, [ReleaseStrategy.Canary, ReleaseStrategy.Ab]),
            ("group", Group is not null, [ReleaseStrategy.Canary, ReleaseStrategy.Ab, ReleaseStrategy.BlueGreen]),
            ("when", When is not null, [ReleaseStrategy.Canary, ReleaseStrategy.Ab, ReleaseStrategy.BlueGreen]),
        })
        {
            if (given && !strategies.Contains(Strategy))
            {
                yield return new(name, $"'{name}' means nothing to the strategy {Words(Strategy)}", $"remove it, or choose {string.Join(" or ", strategies.Select(Words))}");
            }
        }

        if (Steps is { } steps && (steps.Count is 0 or > MostSteps || !steps.Zip(steps.Skip(1)).All(p => p.First.Fraction < p.Second.Fraction) || steps[0].Fraction <= 0 || steps[^1].Fraction >= 1))
        {
            yield return new("steps", "the steps are not 1 to 20 rising shares between 0% and 100%", "write for example [5%, 25%, 50%]; the last step to 100% comes by itself");
        }

        if (By is not null && By != "client" && !(By.Split(':', 2) is ["header" or "cookie", var key] && HeaderRules.IsToken(key)))
        {
            yield return new("by", $"'{By}' does not tell users apart", "write client, header:NAME or cookie:NAME");
        }

        if (Group is not null && !Names.IsValid(Group))
        {
            yield return Names.Invalid("group", Group);
        }

        foreach (var problem in Limits.Between("maxSurge", MaxSurge ?? 0, 0, InstanceCount.Most)
            .Concat(Limits.Between("maxUnavailable", MaxUnavailable, 0, InstanceCount.Most))
            .Concat(Limits.Between("minReady", MinReady, TimeSpan.Zero, TimeSpan.FromHours(1)))
            .Concat(Limits.Between("keepOld", KeepOld, TimeSpan.Zero, TimeSpan.FromHours(24)))
            .Concat(Limits.Between("hold", Hold, TimeSpan.Zero, TimeSpan.FromDays(7)))
            .Concat(Judge.Validate().Select(p => p.Under("judge")))
            .Concat(When?.Validate().Select(p => p.Under("when")) ?? []))
        {
            yield return problem;
        }
    }

    /// <summary>How long a step of a canary is held beyond <see cref="Hold"/> for want of requests, at most.</summary>
    public TimeSpan LongestWait() => Strategy != ReleaseStrategy.Canary || Judge.Off ? TimeSpan.Zero : Judge.Wait ?? (4 * Hold);

    static string Words(ReleaseStrategy strategy) => char.ToLowerInvariant(strategy.ToString()[0]) + strategy.ToString()[1..];
}

/// <summary>What a new version is held to, against the old one at the same time. It is given up when there is no doubt about a difference and the difference is more than is tolerated.</summary>
public sealed record JudgeSpec
{
    /// <summary>The most queries.</summary>
    public const int MostQueries = 10;

    /// <summary>Nothing is compared. Default false.</summary>
    public bool Off { get; init; }

    /// <summary>By how much its share of errors may be above that of the old version. Default 1%.</summary>
    public Share Errors { get; init; } = Share.Percent(1);

    /// <summary>By how much its p99 may be above that of the old version. Default 50%.</summary>
    public Share Slower { get; init; } = Share.Percent(50);

    /// <summary>With fewer requests than this to either version nothing is decided. Default 50; 10 to 1000000.</summary>
    public int Minimum { get; init; } = 50;

    /// <summary>Canary: how long a step is held beyond <c>hold</c>, at most, while there are fewer than <c>minimum</c> requests to either version. Default four times <c>hold</c>; 0s to 7d, 0s where nobody sends requests to the service.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>Canary: what becomes of a step that has not enough requests even then. Default goOn.</summary>
    public WhenUndecided Undecided { get; init; }

    /// <summary>How long after the new version has everything it is held to what the old one was like; when it does harm then, the service goes back. Default 5m; 0s to 24h.</summary>
    public TimeSpan Watch { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Measured values that the new version is held to as well, by name: its load on a database, the errors of what it depends on. Default: none. At most 10.</summary>
    public IReadOnlyDictionary<string, JudgeQuery>? Queries { get; init; }

    /// <summary>The new version is compared with instances of the old one that are started for it, as many as there are new ones, instead of those that have long been warm. Default false.</summary>
    public bool Fresh { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (Queries is { Count: > MostQueries })
        {
            yield return new("queries", $"{Queries.Count} queries are more than {MostQueries}", "keep those that tell harm");
        }

        foreach (var problem in Limits.Between("minimum", Minimum, 10, 1_000_000)
            .Concat(Limits.Between("wait", Wait ?? TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromDays(7)))
            .Concat(Limits.Between("watch", Watch, TimeSpan.Zero, TimeSpan.FromHours(24)))
            .Concat((Queries ?? new Dictionary<string, JudgeQuery>()).SelectMany(q => (Names.IsValid(q.Key) ? [] : new[] { Names.Invalid("", q.Key) }).Concat(q.Value.Validate()).Select(p => p.Under($"queries.{q.Key}")))))
        {
            yield return problem;
        }
    }
}

/// <summary>What becomes of a step of a canary that has too few requests for a verdict.</summary>
public enum WhenUndecided
{
    /// <summary>The release goes on, and says that it was not decided.</summary>
    GoOn,

    /// <summary>It waits until somebody says <c>mainstay rollout resume</c>, or there are enough.</summary>
    Pause,
}

/// <summary>A measured value that a new version is held to. It is looked at every 10 s; the new version is given up when there is no doubt that the value is worse in more than half of the looks.</summary>
public sealed record JudgeQuery
{
    /// <summary>The longest expression, in characters.</summary>
    public const int Longest = 4000;

    /// <summary>A PromQL expression; more is worse, of several series the sum counts. <c>$instances</c> in it stands for the names of a version's instances, as a regular expression: then it is asked for both versions at the same moment. Without it what is measured now is compared with the median of the five minutes before the release. At most 4,000 characters.</summary>
    public required string Query { get; init; }

    /// <summary>By how much the value may be above the other one, as a part of that. Default 20%.</summary>
    public Share More { get; init; } = Share.Percent(20);

    /// <summary>A difference of no more than this never counts. Default 0.</summary>
    public double Least { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (Query.Trim().Length is 0 or > Longest)
        {
            yield return new("query", $"the expression is empty or longer than {Longest} characters", "write what grows when harm is done, for example 'sum(rate(db_errors_total[1m]))'");
        }

        if (!double.IsFinite(Least) || Least < 0)
        {
            yield return new("least", $"{Least} is no difference", "write 0 or more");
        }
    }
}

/// <summary>The ways in which a new version takes the place of the old one.</summary>
public enum ReleaseStrategy
{
    /// <summary>Instance by instance, never fewer ready ones than wanted.</summary>
    Rolling,

    /// <summary>All old instances end before the first new one starts: for software that cannot run in two versions.</summary>
    Recreate,

    /// <summary>All new instances beside all old ones, then a switch at once; the old ones stay for a while.</summary>
    BlueGreen,

    /// <summary>Requests go over in steps.</summary>
    Canary,

    /// <summary>Both versions side by side for chosen users, until somebody decides.</summary>
    Ab,
}

/// <summary>How the release of a service's newest version stands.</summary>
public sealed record ReleaseStatus
{
    /// <summary>The hash of the new template.</summary>
    public required string To { get; init; }

    /// <summary>The new version, as shown to people.</summary>
    public required string Version { get; init; }

    /// <summary>The version that it takes the place of.</summary>
    public string From { get; init; } = "";

    public ReleaseStrategy Strategy { get; init; }

    public ReleaseStage Stage { get; init; }

    /// <summary>Which step of a canary it is at, from 0.</summary>
    public int Step { get; init; }

    /// <summary>The share of requests that the new version gets now.</summary>
    public Share Share { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset Began { get; init; }

    /// <summary>The architecture version that asked for it; 0 where that is not known.</summary>
    public int Declared { get; init; }

    /// <summary>Instances of the old version from this number on were started to be compared with; null where none are.</summary>
    public int? FreshFrom { get; init; }

    /// <summary>The group that it goes together with; null for none.</summary>
    public string? Group { get; init; }

    /// <summary>Whether it could go on and waits for others of its group.</summary>
    public bool Ready { get; init; }

    /// <summary>The way that it came, from its beginning. At most 64 points: of more, the first and the newest.</summary>
    public IReadOnlyList<ReleaseMark> Marks { get; init; } = [];

    /// <summary>Whether it has ended.</summary>
    public bool IsOver() => Stage is ReleaseStage.Promoted or ReleaseStage.Aborted;

    /// <summary>When it entered the stage or step.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>When it goes on by itself; null where it waits for instances or for somebody.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Whether its step is held beyond its time because there were too few requests for a verdict.</summary>
    public bool Undecided { get; init; }

    /// <summary>Why it was given up, or that it went on without a verdict; empty where neither is so.</summary>
    public string Why { get; init; } = "";
}

/// <summary>The stages of a release.</summary>
public enum ReleaseStage
{
    /// <summary>New instances are starting.</summary>
    Starting,

    /// <summary>Both versions get requests.</summary>
    Holding,

    /// <summary>It waits for somebody to let it go on.</summary>
    Waiting,

    /// <summary>The new version gets all requests; the old instances stand by.</summary>
    Keeping,

    /// <summary>The new version is taking the place of the old one for good.</summary>
    Promoting,

    /// <summary>It is done.</summary>
    Promoted,

    /// <summary>It was given up.</summary>
    Aborted,
}

/// <summary>What somebody said about a release that is under way.</summary>
/// <param name="To">The hash of the template that it is about; about another it means nothing.</param>
public sealed record ReleaseWord(string To)
{
    /// <summary>It stays at its step.</summary>
    public bool Paused { get; init; }

    /// <summary>The number of steps that were let pass.</summary>
    public int Passed { get; init; }

    /// <summary>It goes on to the end without holding.</summary>
    public bool Promote { get; init; }

    /// <summary>It is given up.</summary>
    public bool Abort { get; init; }

    /// <summary>The judge has seen enough requests to both versions for a verdict.</summary>
    public bool Enough { get; init; }

    /// <summary>Why, in words.</summary>
    public string Why { get; init; } = "";
}
