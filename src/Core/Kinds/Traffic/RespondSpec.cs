namespace Mainstay.Core.Kinds.Traffic;

/// <summary>A fixed answer.</summary>
public sealed record RespondSpec
{
    /// <summary>200 to 599. Default 200.</summary>
    public int Status { get; init; } = 200;

    /// <summary>The body. At most 64 Ki characters. Default: empty.</summary>
    public string Body { get; init; } = "";

    /// <summary>The body's media type; where it is left out, <c>text/plain; charset=utf-8</c>.</summary>
    public string ContentType { get; init; } = "text/plain; charset=utf-8";

    /// <summary>Further headers.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (Status is < 200 or > 599)
        {
            yield return new("status", $"{Status} is outside 200 to 599", "choose a status within");
        }

        if (Body.Length > 64 * 1024)
        {
            yield return new("body", "the body has more than 64 Ki characters", "put it into a file and use files");
        }

        if (Body.Length > 0 && Status is 204 or 304)
        {
            yield return new("body", $"an answer with status {Status} has no body", "remove the body, or change the status");
        }

        if (!HeaderRules.IsValue(ContentType) || ContentType.Length == 0)
        {
            yield return new("contentType", "this is no value of a header", "write a media type, for example application/json");
        }

        foreach (var problem in HeaderRules.Check("headers", Headers, []))
        {
            yield return problem;
        }
    }
}
