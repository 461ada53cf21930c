namespace Mainstay.Host.Api;

/// <summary>One endpoint: what routing maps and what the OpenAPI document says of it.</summary>
/// <param name="Method">GET, PUT, POST or DELETE; GET answers HEAD too.</param>
/// <param name="Path">A routing template; parameters in braces.</param>
/// <param name="Summary">One sentence.</param>
/// <param name="Handle">Answers, or writes a stream itself and answers null.</param>
public sealed record ApiRoute(string Method, string Path, string Summary, Func<Call, Task<Answer?>> Handle)
{
    /// <summary>Query parameters, name and meaning.</summary>
    public IReadOnlyList<(string Name, string Meaning)> Query { get; init; } = [];

    /// <summary>The record that the body is; null where no body is read.</summary>
    public Type? Body { get; init; }

    /// <summary>The record that the answer is; null where it is text, a stream or free.</summary>
    public Type? Answer { get; init; }

    /// <summary>The largest body, in bytes. Default 1 MiB.</summary>
    public long BodyBytes { get; init; } = 1 << 20;

    /// <summary>Media type of a successful answer.</summary>
    public string MediaType { get; init; } = "application/json";

    /// <summary>True for endpoints between Mainstay's own processes: they need the internal token and are not in the OpenAPI document.</summary>
    public bool IsInternal => Path.StartsWith("/internal/", StringComparison.Ordinal);
}
