namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// When requests are kept from a service that fails, until the gateway itself has found that it answers again. What it counts as an error: an answer with
/// 5xx, no answer in time, a connection that failed.
/// </summary>
public sealed record BreakerSpec
{
    /// <summary>Opens at this share of errors. Default 50%; above 0%.</summary>
    public Share Errors { get; init; } = Share.Percent(50);

    /// <summary>A response whose headers take longer is slow. Default: nothing is. 1ms to 1h.</summary>
    public TimeSpan? SlowerThan { get; init; }

    /// <summary>Opens at this share of slow responses. Default 50%; above 0%.</summary>
    public Share Slow { get; init; } = Share.Percent(50);

    /// <summary>Opens at so many errors in a row. Default: does not. 1 to 10000.</summary>
    public int? Consecutive { get; init; }

    /// <summary>Fewer requests within the window say nothing about shares. Default 20; 1 to 1000000.</summary>
    public int Minimum { get; init; } = 20;

    /// <summary>How far back shares look. Default 10s; 1s to 10m.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long it stays open before the gateway asks whether the service answers; twice as long each time that was too soon, up to ten times. Default 5s; 100ms to 10m.</summary>
    public TimeSpan Open { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A path that the gateway asks with GET while open; 2xx and 3xx are good. Default: a connect to the service's port is enough.</summary>
    public string? Probe { get; init; }

    /// <summary>Over which time requests are let in again after the service answered twice, from a tenth to all. Default 5s; 0s to 10m.</summary>
    public TimeSpan Trickle { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What an answer that limits (429 or 503 with <c>Retry-After</c>) does. Default ignore.</summary>
    public WhenLimited Limited { get; init; } = WhenLimited.Ignore;

    /// <summary>The value of this request header has its own breaker: a tenant or a shard that fails closes the way for itself alone. Default: one for all.</summary>
    public string? PerHeader { get; init; }

    /// <summary>Each instance has its own breaker: one that fails gets nothing while the others go on, and only where all are open the way is. Default false.</summary>
    public bool PerInstance { get; init; }

    /// <summary>Requests that may be sent later wait for the service's recovery instead of failing: a time, or terms. Default: they fail at once.</summary>
    public ParkSpec? Park { get; init; }

    public IEnumerable<Problem> Validate()
    {
        foreach (var (key, share) in new[] { ("errors", Errors), ("slow", Slow) })
        {
            if (share.Fraction <= 0)
            {
                yield return new(key, "it would always be open", "choose more than 0%");
            }
        }

        if (Probe is not null && (!Probe.StartsWith('/') || Probe.Length > 1000 || Probe.AsSpan().ContainsAnyExceptInRange('!', '~')))
        {
            yield return new("probe", $"'{Probe}' is not a path to ask", "write a path that begins with '/', without spaces");
        }

        if (PerHeader is not null && !HttpNames.IsToken(PerHeader))
        {
            yield return new("perHeader", $"'{PerHeader}' is not the name of a header", "use 1 to 64 letters, digits, '-' and '_'");
        }

        if (PerInstance && PerHeader is not null)
        {
            yield return new("perInstance", "breakers are either of instances or of a header's values", "remove perInstance or perHeader");
        }

        if (Park is not null && PerHeader is not null)
        {
            yield return new("park", "requests wait for one service, not for a header's value", "remove park or perHeader");
        }

        foreach (var problem in Park?.Validate().Select(p => p.Under("park")) ?? [])
        {
            yield return problem;
        }

        foreach (var problem in (SlowerThan is { } slow ? Limits.Between("slowerThan", slow, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1)) : [])
            .Concat(Consecutive is { } row ? Limits.Between("consecutive", row, 1, 10_000) : [])
            .Concat(Limits.Between("minimum", Minimum, 1, 1_000_000))
            .Concat(Limits.Between("window", Window, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)))
            .Concat(Limits.Between("open", Open, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10)))
            .Concat(Limits.Between("trickle", Trickle, TimeSpan.Zero, TimeSpan.FromMinutes(10))))
        {
            yield return problem;
        }
    }
}

/// <summary>What a breaker makes of an answer that limits.</summary>
public enum WhenLimited
{
    /// <summary>Nothing: the service lives, it only asks for patience.</summary>
    Ignore,

    /// <summary>An error like others.</summary>
    Error,

    /// <summary>It opens at once.</summary>
    Open,
}
