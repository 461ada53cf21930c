using System.Globalization;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>One limit: of what, for whom, and what becomes of the requests beyond it.</summary>
public sealed record LimitSpec
{
    /// <summary>The highest number of keys that one limit keeps apart.</summary>
    public const int MostKeys = 1 << 20;

    /// <summary>What is counted and how.</summary>
    public required LimitAlgorithm Algorithm { get; init; }

    /// <summary>
    /// Who has a limit of its own: <c>client</c> (address), <c>route</c>, <c>caller</c> (service), <c>header:NAME</c>, and on routes whose guard has
    /// them proven <c>apiKey</c> and <c>claim:NAME</c> (of a token, such as <c>claim:sub</c>). Requests without it count by their client. Default: all requests share one, and the heaviest client is turned away first.
    /// </summary>
    public string? Per { get; init; }

    /// <summary>So many requests per time, for fixedWindow, slidingWindow, tokenBucket and leakyQueue.</summary>
    public Rate? Rate { get; init; }

    /// <summary>Requests that a full token bucket lets pass at once. Default: the rate's count; 1 to 1,000,000.</summary>
    public int? Burst { get; init; }

    /// <summary>Requests under way at a time: the limit of concurrency, and what adaptive begins with (there default 20). 1 to 100,000.</summary>
    public int? Limit { get; init; }

    /// <summary>What adaptive never goes below. Default 4; 1 to 100,000.</summary>
    public int? Min { get; init; }

    /// <summary>What adaptive never exceeds. Default 1000; 1 to 100,000.</summary>
    public int? Max { get; init; }

    /// <summary>Latencies that adaptive holds; without them it compares with what it sees while the service is not loaded.</summary>
    public LatencyTarget? Target { get; init; }

    /// <summary>How adaptive moves its limit. Default dampedHalving.</summary>
    public LimitController? Controller { get; init; }

    /// <summary>Where requests wait that are beyond the limit, for leakyQueue, concurrency and adaptive. Default: they are turned away; for leakyQueue 100 wait up to 1s.</summary>
    public QueueSpec? Queue { get; init; }

    /// <summary>Requests for which a part of the limit is kept free.</summary>
    public PrivilegedSpec? Privileged { get; init; }

    /// <summary>True to count what would be turned away, and let it pass. Default false.</summary>
    public bool DryRun { get; init; }

    /// <summary>How many keys are kept apart; beyond it, those with the least traffic share what they have. Default 65536; 64 to 1,048,576.</summary>
    public int? Keys { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (Per is not null && !LimitKey.TryParse(Per, out _))
        {
            yield return new("per", $"'{Per}' is nothing that requests can be told apart by", "use client, route, caller, header:NAME, apiKey or claim:NAME");
        }

        var isRate = Algorithm is LimitAlgorithm.FixedWindow or LimitAlgorithm.SlidingWindow or LimitAlgorithm.TokenBucket or LimitAlgorithm.LeakyQueue;
        if (isRate && Rate is null)
        {
            yield return new("rate", $"{Word(Algorithm)} has no rate", "add for example 'rate: 100/s'");
        }

        if (Algorithm == LimitAlgorithm.Concurrency && Limit is null)
        {
            yield return new("limit", "concurrency has no limit", "add for example 'limit: 100'");
        }

        var isAdaptive = Algorithm == LimitAlgorithm.Adaptive;
        foreach (var problem in Alien("rate", Rate, isRate)
            .Concat(Alien("burst", Burst, Algorithm == LimitAlgorithm.TokenBucket))
            .Concat(Alien("limit", Limit, !isRate))
            .Concat(Alien("min", Min, isAdaptive))
            .Concat(Alien("max", Max, isAdaptive))
            .Concat(Alien("target", Target, isAdaptive))
            .Concat(Alien("controller", Controller, isAdaptive))
            .Concat(Alien("queue", Queue, !isRate || Algorithm == LimitAlgorithm.LeakyQueue))
            .Concat(Per is null ? [] : Alien("per", Per, Algorithm is not (LimitAlgorithm.LeakyQueue or LimitAlgorithm.Adaptive)))
            .Concat(Alien("keys", Keys, Per is not null, "without per there is one key"))
            .Concat(Alien("queue", Per is null ? null : Queue, false, "a queue is shared by all, and this limit is not")))
        {
            yield return problem;
        }

        foreach (var problem in Numbers())
        {
            yield return problem;
        }
    }

    IEnumerable<Problem> Numbers()
    {
        const int MostAtATime = 100_000;
        var (min, max) = (Min ?? 4, Max ?? 1000);
        if (min > max)
        {
            yield return new("min", $"min {min} is greater than max {max}", "lower min or raise max");
        }

        foreach (var problem in Within("burst", Burst, 1, 1_000_000)
            .Concat(Within("limit", Limit, 1, MostAtATime))
            .Concat(Within("min", Min, 1, MostAtATime))
            .Concat(Within("max", Max, 1, MostAtATime))
            .Concat(Within("keys", Keys, 64, MostKeys))
            .Concat(Target?.Validate().Select(p => p.Under("target")) ?? [])
            .Concat(Queue?.Validate().Select(p => p.Under("queue")) ?? [])
            .Concat(Privileged?.Validate().Select(p => p.Under("privileged")) ?? []))
        {
            yield return problem;
        }
    }

    IEnumerable<Problem> Alien(string key, object? value, bool belongs, string? why = null) => value is null || belongs
        ? []
        : [new Problem(key, why ?? $"{Word(Algorithm)} knows no {key}", "remove it, or choose another algorithm")];

    static IEnumerable<Problem> Within(string key, int? value, int least, int most) =>
        value is { } number ? Kinds.Limits.Between(key, number, least, most) : [];

    static string Word(LimitAlgorithm algorithm) => char.ToLower(algorithm.ToString()[0], CultureInfo.InvariantCulture) + algorithm.ToString()[1..];
}

/// <summary>What a limit counts and how.</summary>
public enum LimitAlgorithm
{
    /// <summary>So many per window of the clock; up to twice as many around its edge.</summary>
    FixedWindow,

    /// <summary>So many in any window, wherever it begins.</summary>
    SlidingWindow,

    /// <summary>A steady rate, and a burst after a pause.</summary>
    TokenBucket,

    /// <summary>A steady rate without bursts: what comes too early waits, bounded in number and time.</summary>
    LeakyQueue,

    /// <summary>So many under way at a time.</summary>
    Concurrency,

    /// <summary>So many under way at a time as latencies allow.</summary>
    Adaptive,
}

/// <summary>How an adaptive limit moves.</summary>
public enum LimitController
{
    /// <summary>Like TCP, by P90 and P99: a first cut of a half, the next of a quarter, an eighth …, slow start, then one by one.</summary>
    DampedHalving,

    /// <summary>By the ratio of long-term and recent latency.</summary>
    Gradient2,

    /// <summary>By the estimated queue at the service.</summary>
    Vegas,

    /// <summary>One more each window, a tenth less after a failure.</summary>
    Aimd,
}

/// <summary>Latencies to hold. At least one is given.</summary>
public sealed record LatencyTarget
{
    /// <summary>Nine of ten responses begin within this. 1ms to 10m.</summary>
    public TimeSpan? P90 { get; init; }

    /// <summary>99 of 100 responses begin within this. 1ms to 10m.</summary>
    public TimeSpan? P99 { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (P90 is null && P99 is null)
        {
            yield return new("", "the target names no latency", "give p90 or p99");
        }

        foreach (var problem in Within("p90", P90).Concat(Within("p99", P99)))
        {
            yield return problem;
        }
    }

    static IEnumerable<Problem> Within(string key, TimeSpan? value) =>
        value is { } span ? Kinds.Limits.Between(key, span, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(10)) : [];
}

/// <summary>Where requests beyond a limit wait. A wait is ended within 100 ms of its time; a client that leaves leaves the queue within 1s.</summary>
public sealed record QueueSpec
{
    /// <summary>How many wait at the most. Default 100; 1 to 100,000.</summary>
    public int Length { get; init; } = 100;

    /// <summary>How long each waits at the most. Default 1s; 1ms to 5m.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Who is next. Default fifo.</summary>
    public QueueOrder Order { get; init; } = QueueOrder.Fifo;

    public IEnumerable<Problem> Validate() =>
        Kinds.Limits.Between("length", Length, 1, 100_000)
            .Concat(Kinds.Limits.Between("wait", Wait, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(5)));
}

/// <summary>Who is next in a queue.</summary>
public enum QueueOrder
{
    /// <summary>Who came first.</summary>
    Fifo,

    /// <summary>The highest criticality; a full queue turns its lowest away for a higher one.</summary>
    Priority,

    /// <summary>Critical and high, medium, low in the proportion 3:2:1.</summary>
    Weighted,
}

/// <summary>Requests for which a part of a limit is kept free: those with any of these marks.</summary>
public sealed record PrivilegedSpec
{
    /// <summary>The part that is kept for them. 1% to 90%.</summary>
    public required Share Share { get; init; }

    /// <summary>Headers by name with the value that makes privileged.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Services whose calls are privileged.</summary>
    public IReadOnlyList<string> Callers { get; init; } = [];

    /// <summary>Requests of this criticality or a higher one.</summary>
    public Criticality? Criticality { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (Share.Fraction is < 0.01 or > 0.9)
        {
            yield return new("share", $"{Share} is outside 1% to 90%", "choose a share within");
        }

        if (Headers.Count == 0 && Callers.Count == 0 && Criticality is null)
        {
            yield return new("", "no request is privileged", "give headers, callers or criticality");
        }

        foreach (var name in Headers.Keys.Where(n => !LimitKey.IsToken(n)))
        {
            yield return new("headers", $"'{name}' is not the name of a header", "write it without the colon");
        }
    }
}
