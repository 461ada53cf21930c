namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// An answer that the gateway makes of several services' answers, all of them JSON: of calls in parallel (<c>parts</c>), or of a short sequence (<c>steps</c>). The route's timeout holds
/// for the whole, its retry for each call.
/// </summary>
public sealed record ComposeSpec
{
    /// <summary>The highest number of parts.</summary>
    public const int MostParts = 16;

    /// <summary>The highest number of steps.</summary>
    public const int MostSteps = 10;

    /// <summary>Calls by name, all at the same time. 1 to 16; instead of steps. A part's name stands for the JSON that its service answered: <c>{product.name}</c>.</summary>
    public IReadOnlyDictionary<string, ComposeCall>? Parts { get; init; }

    /// <summary>Calls one after another. 1 to 10; instead of parts. A step's name stands for its answer: <c>{order.status}</c>, <c>{order.body.id}</c>.</summary>
    public IReadOnlyList<ComposeStep>? Steps { get; init; }

    /// <summary>What the client gets. Default: status 200, and one member per part, or the last step's body.</summary>
    public ComposeAnswer? Answer { get; init; }

    /// <summary>Names what is missing in a member <c>_partial</c> of the answer too, where that is a map; the header <c>X-Mainstay-Partial</c> names it in any case. Default false.</summary>
    public bool MarkPartial { get; init; }

    /// <summary>The path template of a match, which names its variables; a prefix leaves <c>rest</c>, a regular expression nothing.</summary>
    public static string TemplateOf(RouteMatch match) =>
        match.Prefix is { } prefix ? $"{prefix.TrimEnd('/')}/{{**rest}}" : match.Regex is not null ? "/" : match.Path ?? "/{**rest}";

    /// <summary>The names of the variables of a match.</summary>
    public static IReadOnlyCollection<string> VariablesOf(RouteMatch match) =>
        [.. TemplateOf(match).Split('/').Where(s => s is ['{', _, .., '}']).Select(s => s[1..^1].TrimStart('*')).Distinct(StringComparer.Ordinal)];

    /// <summary>Every call with its name, in the order of its declaration.</summary>
    public IEnumerable<(string Path, string Name, ComposeCall Call)> Calls() =>
        (Parts ?? new Dictionary<string, ComposeCall>()).Select(p => ($"parts.{p.Key}", p.Key, p.Value))
            .Concat((Steps ?? []).Select((s, i) => ($"steps.{i}.call", s.Name, s.Call)));

    /// <param name="variables">The names of the variables of the route's path.</param>
    public IEnumerable<Problem> Validate(IReadOnlyCollection<string> variables)
    {
        if (Parts is null == Steps is null)
        {
            return [new("", Parts is null ? "neither parts nor steps are given" : "both parts and steps are given", "give parts for calls at the same time, or steps for calls one after another")];
        }

        return Parts is { } parts ? OfParts(parts, variables) : OfSteps(Steps!, variables);
    }

    IEnumerable<Problem> OfParts(IReadOnlyDictionary<string, ComposeCall> parts, IReadOnlyCollection<string> variables)
    {
        if (parts.Count is 0 or > MostParts)
        {
            yield return new("parts", $"{parts.Count} parts are given", $"give 1 to {MostParts}");
            yield break;
        }

        var scope = new ComposeScope(variables);
        foreach (var (name, call) in parts)
        {
            foreach (var problem in scope.CheckName(name).Concat(call.Validate(scope)).Select(p => p.Under($"parts.{name}")))
            {
                yield return problem;
            }
        }

        foreach (var name in parts.Keys)
        {
            scope.AddPart(name);
        }

        foreach (var problem in Answer?.Validate(scope).Select(p => p.Under("answer")) ?? [])
        {
            yield return problem;
        }
    }

    IEnumerable<Problem> OfSteps(IReadOnlyList<ComposeStep> steps, IReadOnlyCollection<string> variables)
    {
        if (steps.Count is 0 or > MostSteps)
        {
            yield return new("steps", $"{steps.Count} steps are given", $"give 1 to {MostSteps}");
            yield break;
        }

        // What a step refers to stands before it: so there are no circles.
        var scope = new ComposeScope(variables);
        for (var i = 0; i < steps.Count; i++)
        {
            foreach (var problem in scope.CheckName(steps[i].Name).Select(p => p.Under("name")).Concat(steps[i].Validate(scope)).Select(p => p.Under($"steps.{i}")))
            {
                yield return problem;
            }

            scope.AddStep(steps[i].Name);
        }

        foreach (var problem in Answer?.Validate(scope).Select(p => p.Under("answer")) ?? [])
        {
            yield return problem;
        }
    }
}

/// <summary>What the client gets.</summary>
public sealed record ComposeAnswer
{
    /// <summary>The status. Default 200; 200 to 599, neither 204 nor 304.</summary>
    public int Status { get; init; } = 200;

    /// <summary>
    /// The shape of the JSON. A text that is one reference (<c>"{product}"</c>) becomes the value it stands for, or null where that is not there; references within a text become a part of
    /// it. Default: one member per part, or the last step's body.
    /// </summary>
    public FreeValue? Body { get; init; }

    internal IEnumerable<Problem> Validate(ComposeScope scope)
    {
        if (Status is < 200 or > 599 or 204 or 304)
        {
            yield return new("status", $"{Status} is no status of an answer with a body", "choose one from 200 to 599, but neither 204 nor 304");
        }

        foreach (var problem in scope.Check(Body).Select(p => p.Under("body")))
        {
            yield return problem;
        }
    }
}
