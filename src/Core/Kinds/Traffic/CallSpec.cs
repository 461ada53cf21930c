namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Under which terms requests are carried to a service: what routes of the gateway and needs of services have in common.</summary>
public abstract record CallSpec
{
    /// <summary>From the last byte of the request to the response's headers. Default 30s; 1ms to 1h.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>When a request is sent again.</summary>
    public RetrySpec Retry { get; init; } = new();

    /// <summary>When a slow read is asked for a second time. Default: never.</summary>
    public HedgeSpec? Hedge { get; init; }

    /// <summary>Divides the requests among versions or services. Default: every instance gets its part.</summary>
    public SplitSpec? Split { get; init; }

    /// <summary>How many of these requests pass, and what becomes of the others. Each has to let a request pass. At most 8.</summary>
    public IReadOnlyList<LimitSpec>? Limits { get; init; }

    /// <summary>Answers from what the gateway has kept of earlier responses. Default: nothing is kept.</summary>
    public CacheSpec? Cache { get; init; }

    /// <summary>When requests are kept from the service until it answers again. Default: never.</summary>
    public BreakerSpec? Breaker { get; init; }

    /// <summary>What answers where the service does not. Default: an error.</summary>
    public FallbackSpec? Fallback { get; init; }

    /// <summary>The lesser ways in which requests can be answered, when somebody says so. Default: none.</summary>
    public DegradeSpec? Degrade { get; init; }

    /// <summary>Which lock's holder alone may write. Default: everybody may.</summary>
    public FenceSpec? Fence { get; init; }

    /// <summary>Everything that is wrong with the terms.</summary>
    protected IEnumerable<Problem> ValidateCall() =>
        Kinds.Limits.Between("timeout", Timeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1))
            .Concat(Retry.Validate().Select(p => p.Under("retry")))
            .Concat(Hedge?.Validate().Select(p => p.Under("hedge")) ?? [])
            .Concat(Split?.Validate().Select(p => p.Under("split")) ?? [])
            .Concat(LimitRules.Problems(Limits))
            .Concat(Cache?.Validate().Select(p => p.Under("cache")) ?? [])
            .Concat(Breaker?.Validate().Select(p => p.Under("breaker")) ?? [])
            .Concat(Fallback?.Validate().Select(p => p.Under("fallback")) ?? [])
            .Concat(Degrade?.Validate().Select(p => p.Under("degrade")) ?? [])
            .Concat(Fence?.Validate().Select(p => p.Under("fence")) ?? [])
            .Concat(Degrade is { Fallback: true } && Fallback is null
                ? [new Problem("degrade.fallback", "there is no fallback to be thrown", "declare a fallback beside it, or remove this")]
                : [])
            .Concat(Cache is not null && Fallback?.LastGood is { PerClient: true }
                ? [new Problem("fallback.lastGood.perClient", "the cache's answers are for everybody", "remove it, or the cache")]
                : []);
}
