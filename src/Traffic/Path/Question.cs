namespace Mainstay.Traffic.Path;

/// <summary>Something that the server asks a gateway: what would happen to a request, or what happened to one.</summary>
/// <param name="Id">The same in the answer.</param>
/// <param name="RequestId">A past request's id; else the rest describes one that might come.</param>
/// <param name="Method">Such as <c>GET</c>.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Host">The Host header.</param>
/// <param name="Headers">Further header lines, as <c>name: value</c>.</param>
/// <param name="Need">A mesh listener <c>caller.callee</c>; null for the front door.</param>
/// <param name="Client">The client's IP address; null for loopback.</param>
public sealed record Question(
    string Id,
    string? RequestId = null,
    string Method = "GET",
    string Target = "/",
    string Host = "localhost",
    IReadOnlyList<string>? Headers = null,
    string? Need = null,
    string? Client = null);

/// <summary>What a gateway answers.</summary>
/// <param name="Id">The question's.</param>
/// <param name="Gateway">Who answers.</param>
/// <param name="Past">What happened to the request that was asked for; null where this gateway does not know it.</param>
/// <param name="Explanation">What would happen to the request that was described.</param>
public sealed record QuestionAnswer(string Id, string Gateway, PastRequest? Past = null, Explanation? Explanation = null)
{
    /// <summary>Reads an answer from its wire form.</summary>
    public static QuestionAnswer FromJson(string json) =>
        System.Text.Json.JsonSerializer.Deserialize(json, TrafficJson.Default.QuestionAnswer) ?? throw new System.Text.Json.JsonException("The answer is null.");

    /// <summary>The answer as JSON.</summary>
    public string ToJson() => System.Text.Json.JsonSerializer.Serialize(this, TrafficJson.Default.QuestionAnswer);
}

/// <summary>What would happen to a request.</summary>
/// <param name="TableRevision">The table by which it would.</param>
/// <param name="About">The route or need that it would take; empty where none matches.</param>
/// <param name="Service">Where it would go; null where it would not.</param>
/// <param name="Instance">The instance that would be picked first.</param>
/// <param name="Status">The status that the gateway itself would give; 0 where a service answers, or the status is not known before.</param>
/// <param name="Reason">Why it would not reach the service; <c>none</c> where it would, or where the way answers by itself.</param>
/// <param name="Steps">Each station in the order of the path, up to the one that decides.</param>
public sealed record Explanation(
    long TableRevision, string About, string? Service, string? Instance, int Status, string Reason, IReadOnlyList<ExplainedStep> Steps);

/// <summary>What one station would say.</summary>
/// <param name="Station">Such as <c>match</c>, <c>limit-1</c>, <c>pick</c>.</param>
/// <param name="Verdict"><c>pass</c>, <c>wait</c>, <c>answer</c> or <c>refuse</c>.</param>
/// <param name="Why">In words.</param>
public sealed record ExplainedStep(string Station, string Verdict, string Why);

/// <summary>A line of the table stream that asks instead of telling a table.</summary>
/// <param name="Question">What is asked.</param>
public sealed record QuestionLine(Question? Question)
{
    /// <summary>The line as JSON.</summary>
    public string ToJson() => System.Text.Json.JsonSerializer.Serialize(this, TrafficJson.Default.QuestionLine);
}
