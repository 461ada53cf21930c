namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// What answers where the service does not: its breaker is open, nobody could be connected to, the connection broke, the time was over, or all of it is turned off by hand.
/// An answer of the service itself always goes to the client, whatever its status. A service, an answer or the
/// last good answer is given; the last good one comes before either of the others.
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

    /// <summary>The service's own last good answer to the same request, where there is one. Default: none.</summary>
    public LastGoodSpec? LastGood { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (LastGood is null ? Body is not null == Service is not null : Body is not null && Service is not null)
        {
            yield return new("", "not exactly one of body and service is given", "give the body of an answer, or the name of a service");
        }

        foreach (var problem in LastGood?.Validate().Select(p => p.Under("lastGood")) ?? [])
        {
            yield return problem;
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

/// <summary>
/// Keeps the service's good answers (200 and 203) to GET, to be given where it does not answer, or with 500, 502, 503 or 504. They need no freshness, but never is kept what says private, no-store or
/// must-revalidate, sets a cookie, or answers a request with a cookie or credentials, unless every client has his own.
/// </summary>
[PlainValueIs(nameof(Keep))]
public sealed record LastGoodSpec
{
    /// <summary>How old an answer may become. Default 10m; 1s to 7d.</summary>
    public TimeSpan Keep { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Every client has his own answers, told apart by Authorization, Cookie and who a guard found him to be: then private ones are kept too, no-store never. Not beside a cache. Default false.
    /// </summary>
    public bool PerClient { get; init; }

    public IEnumerable<Problem> Validate() => Limits.Between("keep", Keep, TimeSpan.FromSeconds(1), TimeSpan.FromDays(7));
}
