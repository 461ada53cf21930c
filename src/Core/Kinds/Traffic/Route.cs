using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>One route of the gateway: which requests go to which service, and how.</summary>
public sealed record Route : Resource
{
    public required RouteSpec Spec { get; init; }

    public override IEnumerable<Problem> Validate() => base.Validate().Concat(Spec.Validate().Select(p => p.Under("spec")));
}

/// <summary>A route as the manifest declares it. It leads to exactly one of: to, redirect, respond, files, compose.</summary>
public sealed record RouteSpec : CallSpec
{
    public required RouteMatch Match { get; init; }

    /// <summary>The service that answers.</summary>
    public string? To { get; init; }

    /// <summary>Answers with a redirect.</summary>
    public RedirectSpec? Redirect { get; init; }

    /// <summary>Answers with a fixed response.</summary>
    public RespondSpec? Respond { get; init; }

    /// <summary>Answers with files of a folder.</summary>
    public FilesSpec? Files { get; init; }

    /// <summary>Answers with what several services answer together.</summary>
    public ComposeSpec? Compose { get; init; }

    /// <summary>What the service sees in place of what the client asked for.</summary>
    public RewriteSpec? Rewrite { get; init; }

    /// <summary>Changes to the headers of requests on their way to the service.</summary>
    public HeaderEdit? RequestHeaders { get; init; }

    /// <summary>Changes to the headers of responses, whoever gives them.</summary>
    public HeaderEdit? ResponseHeaders { get; init; }

    /// <summary>Which pages of other origins may use the route from a browser. Default: nothing is said about it.</summary>
    public CorsSpec? Cors { get; init; }

    /// <summary>Copies of requests to another service.</summary>
    public MirrorSpec? Mirror { get; init; }

    /// <summary>The largest request body; beyond it 413. Default: any.</summary>
    public ByteSize? MaxBody { get; init; }

    /// <summary>How long the body of a response may stand still. Default 60s, event streams 1h; 100ms to 24h.</summary>
    public TimeSpan? Idle { get; init; }

    /// <summary>Who may use it. Default: everybody.</summary>
    public GuardSpec? Guard { get; init; }

    /// <summary>What requests must be like to reach the service. Default: whatever HTTP allows.</summary>
    [JsonPropertyName("validate")]
    public ValidateSpec? Valid { get; init; }

    /// <summary>Has requests with an Idempotency-Key done once. Default: keys are passed on to the service, and that is all.</summary>
    public IdempotencySpec? Idempotency { get; init; }

    /// <summary>Accepts requests and has them done later. Default: they are done while their client waits.</summary>
    public AsyncSpec? Async { get; init; }

    /// <summary>How much the business depends on these requests, where services shed by level. Default: that of the service.</summary>
    public Criticality? Criticality { get; init; }

    /// <summary>Who the user is, so that one user's requests have one level: <c>client</c>, <c>header:NAME</c>, or what the guard has had proven: <c>apiKey</c>, <c>claim:NAME</c>. Default: client.</summary>
    public string? User { get; init; }

    /// <summary>Every service that it sends requests to.</summary>
    [JsonIgnore]
    public IEnumerable<string> Services => new[] { To, Mirror?.To }.OfType<string>().Concat(Split?.Services ?? []).Concat(Compose?.Calls().Select(c => c.Call.To) ?? []).Distinct(StringComparer.Ordinal);

    /// <summary>Where it leads, in one text for people.</summary>
    [JsonIgnore]
    public string Shown => To ?? (Redirect is { } redirect ? $"{redirect.Status} {redirect.To}" : Respond is { } respond ? $"{respond.Status}" : Files is { } files ? files.Root : Compose is not null ? string.Join(" + ", Services) : "-");

    public IEnumerable<Problem> Validate() =>
        Match.Validate().Select(p => p.Under("match"))
            .Concat(TargetProblems())
            .Concat(Redirect?.Validate(Match).Select(p => p.Under("redirect")) ?? [])
            .Concat(Respond?.Validate().Select(p => p.Under("respond")) ?? [])
            .Concat(Files?.Validate().Select(p => p.Under("files")) ?? [])
            .Concat(Compose?.Validate(ComposeSpec.VariablesOf(Match)).Select(p => p.Under("compose")) ?? [])
            .Concat(Rewrite?.Validate(Match).Select(p => p.Under("rewrite")) ?? [])
            .Concat(RequestHeaders?.Validate().Select(p => p.Under("requestHeaders")) ?? [])
            .Concat(ResponseHeaders?.Validate(most: 2048).Select(p => p.Under("responseHeaders")) ?? [])
            .Concat(Cors?.Validate().Select(p => p.Under("cors")) ?? [])
            .Concat(Mirror?.Validate().Select(p => p.Under("mirror")) ?? [])
            .Concat(Idle is { } idle ? Kinds.Limits.Between("idle", idle, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(24)) : [])
            .Concat(ValidateCall())
            .Concat(User is null || (LimitKey.TryParse(User, out var key) && key.By is not (LimitKeyKind.Route or LimitKeyKind.Caller))
                ? []
                : [new Problem("user", $"'{User}' is nothing that tells users apart", "use client, header:NAME, apiKey or claim:NAME")])
            .Concat(Degrade?.Minimal is { } minimal ? TextTemplate.Check("degrade.minimal", minimal, TextTemplate.VariablesOf(Match)) : [])
            .Concat(Valid?.Validate().Select(p => p.Under("validate")) ?? [])
            .Concat(Idempotency?.Validate().Select(p => p.Under("idempotency")) ?? [])
            .Concat(Async?.Validate().Select(p => p.Under("async")) ?? [])
            .Concat(Idempotency is null && Async is null ? [] : StandIns(Idempotency is null ? "async" : "idempotency"))
            .Concat(Guard?.Validate().Select(p => p.Under("guard")) ?? []);

    // What answers in the service's place would be remembered as the service's word.
    IEnumerable<Problem> StandIns(string of) => new (string, object?)[] { ("fallback", Fallback), ("cache", Cache), ("degrade", Degrade) }
        .Where(other => other.Item2 is not null)
        .Select(other => new Problem(other.Item1, $"'{other.Item1}' would be remembered as the service's own answer", $"remove it, or '{of}'"));

    IEnumerable<Problem> TargetProblems()
    {
        var targets = new object?[] { To, Redirect, Respond, Files, Compose }.Count(t => t is not null);
        if (targets == 0)
        {
            yield return new("to", "the route leads nowhere", "give one of to (a service), redirect, respond, files and compose");
        }
        else if (targets > 1)
        {
            yield return new("", $"the route leads to {targets} places", "keep one of to, redirect, respond, files and compose");
        }

        // What only a service could do with the request.
        foreach (var (name, given) in To is not null ? [] : new (string, object?)[] { ("rewrite", Rewrite), ("requestHeaders", RequestHeaders), ("mirror", Mirror), ("split", Split), ("idle", Idle), ("cache", Cache), ("degrade.serveStale", Degrade?.ServeStale), ("degrade.minimal", Degrade?.Minimal), ("idempotency", Idempotency), ("async", Async) })
        {
            if (given is not null)
            {
                yield return new(name, $"'{name}' is of no use without a service", "remove it, or lead the route to a service");
            }
        }
    }
}
