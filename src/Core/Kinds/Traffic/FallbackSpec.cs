namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// What answers where the service does not: its breaker is open, nobody could be connected to, the connection broke, the time was over, or all of it is turned off by hand.
/// An answer of the service itself always goes to the client, whatever its status. Either a service or an answer is given.
/// </summary>
public sealed record FallbackSpec
{
    /// <summary>The longest answer in bytes.</summary>
    public const int MostBytes = 64 * 1024;

    /// <summary>The status of the answer. Default 200; 200 to 599.</summary>
    public int Status { get; init; } = 200;

    /// <summary>The answer. At most 65536 bytes.</summary>
    public string? Body { get; init; }

    /// <summary>What it is. Default application/json.</summary>
    public string ContentType { get; init; } = "application/json";

    /// <summary>Another service that gets the request instead, where it may be repeated or was not sent yet.</summary>
    public string? Service { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (Body is not null == Service is not null)
        {
            yield return new("", "not exactly one of body and service is given", "give the body of an answer, or the name of a service");
        }

        if (Body is not null && System.Text.Encoding.UTF8.GetByteCount(Body) > MostBytes)
        {
            yield return new("body", $"the answer is longer than {MostBytes} bytes", "shorten it, or let a service answer");
        }

        if (ContentType.Length is 0 or > 200 || ContentType.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            yield return new("contentType", $"'{ContentType}' is not a media type", "write for example application/json");
        }

        foreach (var problem in Limits.Between("status", Status, 200, 599))
        {
            yield return problem;
        }
    }
}
