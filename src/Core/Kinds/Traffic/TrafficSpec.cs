namespace Mainstay.Core.Kinds.Traffic;

/// <summary>How requests reach a service, whoever sends them.</summary>
public sealed record TrafficSpec
{
    /// <summary>The highest weight.</summary>
    public const int MostWeight = 1000;

    /// <summary>How one of several instances is picked. Default powerOfTwo.</summary>
    public Balance Balance { get; init; } = Balance.PowerOfTwo;

    /// <summary>
    /// How much each instance gets compared with the others, by instance name or version: <c>{ 1.4.0: 9, 2.0.0: 1 }</c>. What is not named has 1. Used by weighted,
    /// leastRequests and powerOfTwo. 0 to 1000 each; 0 gets requests only where no other can.
    /// </summary>
    public IReadOnlyDictionary<string, int>? Weights { get; init; }

    /// <summary>What the same instance is picked by, where balance is hash. Default: by the client's address.</summary>
    public HashSpec? Hash { get; init; }

    /// <summary>Keeps clients at the instance that they were at, whatever balance says. Default: does not.</summary>
    public StickySpec? Sticky { get; init; }

    /// <summary>Prefers instances in the zone of the gateway that carries the request: <c>true</c>, or terms. Default: zones make no difference.</summary>
    public ZoneSpec? Zone { get; init; }

    /// <summary>How long the share of a new instance rises from a tenth to the whole. Default: none. Up to 1h.</summary>
    public TimeSpan? SlowStart { get; init; }

    /// <summary>When an instance that answers worse than the others gets nothing for a while. Default: never.</summary>
    public OutlierSpec? Outliers { get; init; }

    /// <summary>True where a request that comes again with the same <c>Idempotency-Key</c> header is answered as before and done only once: then it may be sent again. Default false.</summary>
    public bool IdempotencyKeys { get; init; }

    /// <summary>What its instances speak: <c>http1</c>, <c>h2c</c> (HTTP/2 without TLS, for gRPC), <c>https</c> or <c>h2</c> (HTTP/2 over TLS). Default http1.</summary>
    public UpstreamProtocol Protocol { get; init; } = UpstreamProtocol.Http1;

    /// <summary>The terms of TLS where the protocol is https or h2.</summary>
    public UpstreamTls? Tls { get; init; }

    /// <summary>
    /// Connections to its instances begin with a header of the PROXY protocol that tells the client's address: <c>v1</c> (a line of text) or <c>v2</c> (binary). A connection then carries one client's requests
    /// alone. Default: they do not. Needs the protocol http1 or https.
    /// </summary>
    public ProxyVersion? ProxyProtocol { get; init; }

    /// <summary>How many requests reach it, whoever sends them: all routes and callers of one gateway share these. At most 8.</summary>
    public IReadOnlyList<LimitSpec>? Limits { get; init; }

    /// <summary>Sheds the lowest levels first when one of its limits is reached. Default: none. Needs a limit on requests under way (concurrency, adaptive) or a leakyQueue.</summary>
    public LevelsSpec? Levels { get; init; }

    public IEnumerable<Problem> Validate()
    {
        foreach (var (name, weight) in Weights ?? new Dictionary<string, int>())
        {
            foreach (var problem in Kinds.Limits.Between($"weights.{name}", weight, 0, MostWeight))
            {
                yield return problem;
            }
        }

        if (Hash is not null && Balance != Balance.Hash)
        {
            yield return new("hash", "nothing is picked by it", "add 'balance: hash', or remove it");
        }

        if (ProxyProtocol is not null && Protocol is UpstreamProtocol.H2c or UpstreamProtocol.H2)
        {
            yield return new("proxyProtocol", "the requests of all clients share the connections of HTTP/2", "use the protocol http1 or https, or remove it and read X-Forwarded-For");
        }

        foreach (var problem in (Hash?.Validate().Select(p => p.Under("hash")) ?? [])
            .Concat(Sticky?.Validate().Select(p => p.Under("sticky")) ?? [])
            .Concat(Zone?.Validate().Select(p => p.Under("zone")) ?? [])
            .Concat(SlowStart is { } span ? Kinds.Limits.Between("slowStart", span, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)) : [])
            .Concat(Tls?.Validate().Select(p => p.Under("tls")) ?? [])
            .Concat(Outliers?.Validate().Select(p => p.Under("outliers")) ?? [])
            .Concat(LimitRules.Problems(Limits))
            .Concat(LimitRules.Unproven(Limits, null, null, "set the limit on a route with that guard, or use client"))
            .Concat(Levels?.Validate().Select(p => p.Under("levels")) ?? [])
            .Concat(Levels is null || LimitRules.TellsOfQueueing(Limits)
                ? []
                : [new Problem("levels", "nothing tells of overload", "add a limit with the algorithm adaptive, concurrency or leakyQueue beside it")]))
        {
            yield return problem;
        }
    }
}

/// <summary>The forms of the PROXY protocol's header.</summary>
public enum ProxyVersion
{
    /// <summary>A line of text.</summary>
    V1,

    /// <summary>Binary.</summary>
    V2,
}

/// <summary>How one of several endpoints is picked.</summary>
public enum Balance
{
    /// <summary>Of two taken at random, the one that is expected to answer sooner: its recent latency (peaks weigh most) times its requests in flight.</summary>
    PowerOfTwo,

    /// <summary>One after the other.</summary>
    RoundRobin,

    /// <summary>At random, in proportion to the weights.</summary>
    Weighted,

    /// <summary>At random, all alike.</summary>
    Random,

    /// <summary>The one with the fewest requests in flight.</summary>
    LeastRequests,

    /// <summary>The same one for the same key, as long as it has not much more to do than the others.</summary>
    Hash,
}

/// <summary>Which part of a request decides where it goes. Exactly one is given.</summary>
public sealed record HashSpec
{
    /// <summary>The value of this request header. A request without it goes where there is least to do.</summary>
    public string? Header { get; init; }

    /// <summary>The value of this cookie. A request without it goes where there is least to do.</summary>
    public string? Cookie { get; init; }

    /// <summary>The client's address, as limits see it. Default false.</summary>
    public bool Client { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if ((Header is null ? 0 : 1) + (Cookie is null ? 0 : 1) + (Client ? 1 : 0) != 1)
        {
            yield return new("", "not exactly one key is given", "give one of header, cookie, client: true");
        }

        foreach (var (key, name) in new[] { ("header", Header), ("cookie", Cookie) })
        {
            if (name is not null && !HttpNames.IsToken(name))
            {
                yield return new(key, $"'{name}' is not the name of a {key}", "use 1 to 64 letters, digits, '-' and '_'");
            }
        }
    }
}
