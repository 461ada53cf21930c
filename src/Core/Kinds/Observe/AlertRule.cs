namespace Mainstay.Core.Kinds.Observe;

/// <summary>A condition of the users' own over what is measured: while it holds there is an incident.</summary>
public sealed record AlertRule : Resource
{
    public required RuleSpec Spec { get; init; }

    public override IEnumerable<Problem> Validate() => base.Validate().Concat(Spec.Validate().Select(p => p.Under("spec")));
}

/// <summary>A rule as the manifest declares it.</summary>
public sealed record RuleSpec
{
    /// <summary>The longest expression, in characters.</summary>
    public const int LongestExpression = 4000;

    const int MostAnnotations = 20;
    const int LongestAnnotation = 1000;

    /// <summary>A PromQL expression; the rule holds while it gives any series, or a number other than 0. At most 4,000 characters.</summary>
    public required string Expr { get; init; }

    /// <summary>For how long it has to hold before there is an incident. Default: at once; at most 1d. It is looked at every 15 s.</summary>
    public TimeSpan For { get; init; }

    /// <summary>How much it matters; receivers of incidents choose by it. Default medium.</summary>
    public Criticality Severity { get; init; } = Criticality.Medium;

    /// <summary>Where its cause is looked for: <c>service/NAME</c> or <c>route/NAME</c>. Default: nowhere, the rule is told of as it is.</summary>
    public string? About { get; init; }

    /// <summary>What people are told: <c>summary</c> is the title, others are added. <c>{{ $value }}</c> and <c>{{ $labels.NAME }}</c> stand for what the expression gives. At most 20, of 1,000 characters each.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (Expr.Trim().Length is 0 or > LongestExpression)
        {
            yield return new("expr", $"the expression is empty or longer than {LongestExpression} characters", "write what is wrong, for example 'http_server_errors > 3'");
        }

        foreach (var problem in For == TimeSpan.Zero ? [] : Limits.Between("for", For, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)))
        {
            yield return problem;
        }

        if (About is not null && About.Split('/') is not ["service" or "route", { Length: > 0 }])
        {
            yield return new("about", $"'{About}' is neither a service nor a route", "write service/NAME or route/NAME");
        }

        if (Annotations is { Count: > MostAnnotations })
        {
            yield return new("annotations", $"{Annotations.Count} annotations are more than {MostAnnotations}", "keep those that help whoever is told");
        }

        foreach (var (name, text) in Annotations ?? new Dictionary<string, string>())
        {
            if (text.Length > LongestAnnotation)
            {
                yield return new($"annotations.{name}", $"it is longer than {LongestAnnotation} characters", "write less, and link to the rest");
            }
        }
    }
}
