namespace Mainstay.Core.Kinds.Traffic;

/// <summary>One call to a service. It takes the client's headers along, but for those about its body, caching and encoding; it is balanced, counted and traced like any other request.</summary>
public sealed record ComposeCall
{
    /// <summary>The service.</summary>
    public required string To { get; init; }

    /// <summary>The method, in upper case. Default GET.</summary>
    public string Method { get; init; } = "GET";

    /// <summary>
    /// Path and query, with references in braces: the variables of the route's path, <c>{request.method}</c>, <c>{request.path}</c>, <c>{request.query.NAME}</c>, <c>{request.body.MEMBER}</c>, and
    /// what was answered before. What they give is escaped. A call whose path lacks a value, or would leave its folder, fails.
    /// </summary>
    public required string Path { get; init; }

    /// <summary>The JSON that is sent, with references as in <c>answer</c>. Default: none.</summary>
    public FreeValue? Body { get; init; }

    /// <summary>From the call to the end of its answer, exact to 100ms. Default: what is left of the route's timeout; 1ms to 1h.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Statuses beside 200 to 299 that are answers and no failures. Default: none.</summary>
    public IReadOnlyList<int>? Accept { get; init; }

    /// <summary>Stands in where the call fails; the answer is then marked as partial. Default: none, a failure fails the whole.</summary>
    public FreeValue? Default { get; init; }

    internal IEnumerable<Problem> Validate(ComposeScope scope)
    {
        if (Method.Length is 0 or > 32 || !Method.All(char.IsAsciiLetterUpper) || Method is "CONNECT")
        {
            yield return new("method", $"'{Method}' is not a method", "write methods in upper case, for example GET");
        }
        else if (Method is "HEAD")
        {
            yield return new("method", "the answer to HEAD has no content", "use GET");
        }

        if (!Path.StartsWith('/') || Path.Length > 2048 || Path.Any(c => c is <= ' ' or > '~' or '#'))
        {
            yield return new("path", $"'{Path}' is not a path", "write '/' and at most 2048 printable ASCII characters without spaces and '#'");
        }
        else
        {
            foreach (var problem in scope.Check(Path).Select(p => p.Under("path")))
            {
                yield return problem;
            }
        }

        foreach (var problem in scope.Check(Body).Select(p => p.Under("body"))
            .Concat(Default?.Validate().Select(p => p.Under("default")) ?? [])
            .Concat(Timeout is { } timeout ? Limits.Between("timeout", timeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1)) : []))
        {
            yield return problem;
        }

        foreach (var status in (Accept ?? []).Where(s => s is < 300 or > 599))
        {
            yield return new("accept", $"{status} is outside 300 to 599", "name statuses that would be failures; 200 to 299 are none");
        }
    }
}

/// <summary>One of several calls that follow each other.</summary>
public sealed record ComposeStep
{
    /// <summary>The step's name; what follows refers to its answer by it.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Only then the call is made: tests joined by <c>and</c>, each <c>{reference} exists</c> or two of reference, number, 'text', true, false and null around <c>==</c>, <c>!=</c>, <c>&lt;</c>,
    /// <c>&lt;=</c>, <c>&gt;</c> or <c>&gt;=</c>. Default: always.
    /// </summary>
    public string? When { get; init; }

    /// <summary>The call.</summary>
    public required ComposeCall Call { get; init; }

    /// <summary>The answer where <c>when</c> does not hold: the sequence then ends. Default: the step is left out and the next one follows.</summary>
    public ComposeAnswer? Else { get; init; }

    internal IEnumerable<Problem> Validate(ComposeScope scope)
    {
        if (When is not null)
        {
            foreach (var problem in scope.CheckCondition(When).Select(p => p.Under("when")))
            {
                yield return problem;
            }
        }
        else if (Else is not null)
        {
            yield return new("else", "there is no 'when' that could fail to hold", "add 'when', or remove this");
        }

        foreach (var problem in Call.Validate(scope).Select(p => p.Under("call")).Concat(Else?.Validate(scope).Select(p => p.Under("else")) ?? []))
        {
            yield return problem;
        }
    }
}
