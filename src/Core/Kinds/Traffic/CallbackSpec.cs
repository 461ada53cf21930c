namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// Where the end of an accepted request is told: a signed POST (Standard Webhooks, HMAC-SHA256) that is repeated until it is answered with 2xx.
/// </summary>
public sealed record CallbackSpec
{
    /// <summary>Where a route names the secret.</summary>
    public const string SecretPlace = "async.callback.secret";

    /// <summary>Where every end is told that its request names no other place for: an absolute URL of http or https. Default: nowhere.</summary>
    public string? Url { get; init; }

    /// <summary>Places that a request may name by <c>Mainstay-Callback-Url</c>: beginnings of URLs, as far as whole parts of their path, such as <c>https://hooks.example.com/orders/</c> or <c>https://*.example.com/</c>. Default: none may; at most 50.</summary>
    public IReadOnlyList<string> Allow { get; init; } = [];

    /// <summary>The secret that calls are signed with, kept by <c>mainstay secret set</c>: <c>whsec_</c> and base64, or any text.</summary>
    public required string Secret { get; init; }

    /// <summary>Places on this machine and in private networks are called, too. Never the addresses of links, such as 169.254.169.254. Default false.</summary>
    public bool Private { get; init; }

    /// <summary>How long a place may take to answer. Default 10s; 100ms to 1m.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The wait before the second try; it doubles up to 10m. Default 1s; 10ms to 1m.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long it is tried, no longer than the request is kept. Default 12h; 1s to 7d.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromHours(12);

    public IEnumerable<Problem> Validate()
    {
        if (Url is { } url && CallbackPlaces.Read(url) is null)
        {
            yield return new("url", $"'{url}' is no place that can be called", CallbackPlaces.Remedy);
        }

        if (Url is null && Allow.Count == 0)
        {
            yield return new("", "nothing is called back: there is no url, and no request may name one", "give url, or allow, or remove callback");
        }

        if (Allow.Count > 50)
        {
            yield return new("allow", $"these are {Allow.Count} places", "name at most 50");
        }

        for (var i = 0; i < Allow.Count; i++)
        {
            if (CallbackPlaces.Problem(Allow[i]) is { } problem)
            {
                yield return new($"allow[{i}]", problem, "write such as https://hooks.example.com/orders/ or https://*.example.com/");
            }
        }

        if (!Names.IsValid(Secret))
        {
            yield return new("secret", $"'{Secret}' is no name of a secret", "keep one with 'mainstay secret set NAME' and write its name");
        }

        foreach (var problem in Limits.Between("timeout", Timeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1))
            .Concat(Limits.Between("backoff", Backoff, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1)))
            .Concat(Limits.Between("within", Within, TimeSpan.FromSeconds(1), TimeSpan.FromDays(7))))
        {
            yield return problem;
        }
    }
}
