using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Core.Kinds.Observe;

/// <summary>What becomes of the telemetry that is taken in.</summary>
public sealed record TelemetrySpec
{
    /// <summary>Sends all of it on to another place that speaks OTLP. Default: it stays here.</summary>
    public ForwardSpec? Forward { get; init; }

    /// <summary>How long and how much is kept on disk here. Default: see each of them.</summary>
    public RetentionSpec? Retention { get; init; }

    public IEnumerable<Problem> Validate() =>
        (Forward?.Validate().Select(p => p.Under("forward")) ?? []).Concat(Retention?.Validate().Select(p => p.Under("retention")) ?? []);
}

/// <summary>
/// Another place for telemetry, over OTLP/HTTP in protobuf. What cannot be sent waits, in memory and on disk, and is sent again after 1 s, then twice as long each time up to a minute; where there
/// is no room the oldest is dropped and counted.
/// </summary>
public sealed record ForwardSpec
{
    const int MostHeaders = 20;

    /// <summary>Where it goes: the URL before <c>/v1/traces</c>, for example <c>http://collector:4318</c>.</summary>
    public required string Endpoint { get; init; }

    /// <summary>Headers that are sent along. At most 20.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>Headers whose values are secrets, by where they are kept: a file relative to the manifest, or <c>env:NAME</c> of the server's environment. At most 20.</summary>
    public IReadOnlyDictionary<string, string>? SecretHeaders { get; init; }

    /// <summary>What is sent on. Default: traces, metrics, logs.</summary>
    public IReadOnlyList<TelemetrySignal> Signals { get; init; } = [TelemetrySignal.Traces, TelemetrySignal.Metrics, TelemetrySignal.Logs];

    /// <summary>Whether it is packed with gzip. Default true.</summary>
    public bool Gzip { get; init; } = true;

    /// <summary>How long an answer is waited for. Default 10s; 100ms to 5m.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Memory for what waits. Default 64Mi; 1Mi to 4Gi.</summary>
    public ByteSize Queue { get; init; } = new(64 << 20);

    /// <summary>Disk for what waits while nothing is taken; it outlives the server. Default 1Gi; 0 for memory alone, or 16Mi to 1Ti.</summary>
    public ByteSize Disk { get; init; } = new(1 << 30);

    public IEnumerable<Problem> Validate()
    {
        if (Endpoint.Length > 2048 || !Uri.TryCreate(Endpoint, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Query.Length + url.Fragment.Length + url.UserInfo.Length > 0)
        {
            yield return new("endpoint", $"'{Endpoint}' is no URL of an OTLP endpoint", "write http://HOST:4318 or https://…; credentials go into secretHeaders");
        }

        foreach (var (key, map) in new[] { ("headers", Headers), ("secretHeaders", SecretHeaders) })
        {
            foreach (var problem in HeaderProblems(key, map))
            {
                yield return problem;
            }
        }

        if (Signals.Count == 0)
        {
            yield return new("signals", "nothing is sent on", "name traces, metrics or logs, or remove forward");
        }

        foreach (var problem in Limits.Between("timeout", Timeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5)))
        {
            yield return problem;
        }

        if (Queue.Bytes is < 1 << 20 or > 4L << 30)
        {
            yield return new("queue", $"{Queue} is outside 1Mi to 4Gi", "choose a size within");
        }

        if (Disk.Bytes is not 0 and (< 16 << 20 or > 1L << 40))
        {
            yield return new("disk", $"{Disk} is neither 0 nor from 16Mi to 1Ti", "choose a size within, or 0 for memory alone");
        }
    }

    static IEnumerable<Problem> HeaderProblems(string key, IReadOnlyDictionary<string, string>? headers)
    {
        if (headers?.Count > MostHeaders)
        {
            yield return new(key, $"{headers.Count} headers are more than {MostHeaders}", "remove some");
        }

        foreach (var (name, value) in headers ?? new Dictionary<string, string>())
        {
            if (!HttpNames.IsToken(name) || name.StartsWith("content-", StringComparison.OrdinalIgnoreCase) || name.Equals("host", StringComparison.OrdinalIgnoreCase))
            {
                yield return new($"{key}.{name}", $"'{name}' cannot be set here", "use the name of a header of your own, or Authorization");
            }

            foreach (var problem in key == "secretHeaders" ? SecretPlace.Validate($"{key}.{name}", value) : HeaderRules.IsValue(value) ? [] : [new Problem($"{key}.{name}", "this is no value of a header", "use printable characters")])
            {
                yield return problem;
            }
        }
    }
}

/// <summary>A kind of telemetry.</summary>
public enum TelemetrySignal
{
    Traces,
    Metrics,
    Logs,
}

/// <summary>How long and how much telemetry is kept on disk. What is not said holds as the server's environment says (<c>MAINSTAY_KEEP_TRACES</c> and so on), or by default.</summary>
public sealed record RetentionSpec
{
    /// <summary>Of chosen traces. Default: 7d, 4Gi.</summary>
    public KeepSpec? Traces { get; init; }

    /// <summary>Of log records. Default: 7d, 4Gi.</summary>
    public KeepSpec? Logs { get; init; }

    /// <summary>Of samples of series. Default: 14d, 2Gi.</summary>
    public KeepSpec? Metrics { get; init; }

    public IEnumerable<Problem> Validate() =>
        (Traces?.Validate().Select(p => p.Under("traces")) ?? [])
            .Concat(Logs?.Validate().Select(p => p.Under("logs")) ?? [])
            .Concat(Metrics?.Validate().Select(p => p.Under("metrics")) ?? []);
}

/// <summary>What is beyond either limit goes, the oldest first. In the manifest an age may stand alone.</summary>
[PlainValueIs(nameof(Age))]
public sealed record KeepSpec
{
    /// <summary>How old it gets. Default: that of the kind. 1m to 3650d.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>How much of it there is on disk. Default: that of the kind. At least 1Mi.</summary>
    public ByteSize? Size { get; init; }

    public IEnumerable<Problem> Validate()
    {
        foreach (var problem in Age is { } age ? Limits.Between("age", age, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650)) : [])
        {
            yield return problem;
        }

        if (Size is { Bytes: < 1 << 20 })
        {
            yield return new("size", $"{Size} is less than 1Mi", "give it more");
        }
    }
}
