namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// Turns abnormal clients of the front door away for a while. A client is an IPv4 address or the first 64 bits of an IPv6 address; behind trusted
/// proxies it is who they say. Each gateway counts for itself.
/// </summary>
public sealed record BanSpec
{
    const int MostRanges = 1000;
    static readonly TimeSpan LongestOfAll = TimeSpan.FromDays(30);

    /// <summary>How long a client's requests are counted together, from its first one. Default 1m; 1s to 1h.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>More requests than this within the window. Default 0, which looks at no number of requests; at most 10,000,000.</summary>
    public int Requests { get; init; }

    /// <summary>At least this part of the answers within the window has a status from 400 to 499; what limits turned away does not count. Default 80%; 0% looks at none.</summary>
    public Share Errors { get; init; } = new(0.8);

    /// <summary>So many requests the window must have before the part of errors is looked at. Default 50; 1 to 1,000,000.</summary>
    public int Minimum { get; init; } = 50;

    /// <summary>So many different paths within the window that are not there (404): a scan. Told apart to within some percent. Default 40; 2 to 200, or 0 to look at none.</summary>
    public int Missing { get; init; } = 40;

    /// <summary>So many failed authentications within the window: 401, whoever gave it, except where nothing was shown. Default 20; at most 1,000,000, or 0 to look at none.</summary>
    public int Failures { get; init; } = 20;

    /// <summary>How long the first ban lasts; each further one twice as long as the one before. Default 1m; 1s to 30d.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The longest ban, and how long after its last one a client counts as new. Default 1h; 1s to 30d.</summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Addresses and ranges (<c>10.0.0.0/8</c>) that are never banned; a ban that one of them has ends when it is added. Trusted proxies never are. Default: none. At most 1,000.</summary>
    public IReadOnlyList<string> Never { get; init; } = [];

    /// <summary>What banned clients get. Default forbidden.</summary>
    public BanAnswer Answer { get; init; } = BanAnswer.Forbidden;

    /// <summary>True to tell who would be banned, and let them pass. Default false.</summary>
    public bool DryRun { get; init; }

    /// <summary>How many clients are watched at a time; beyond it those with the fewest requests are forgotten. Default 16384; 64 to 1,048,576, of 96 bytes each.</summary>
    public int Clients { get; init; } = 16_384;

    public IEnumerable<Problem> Validate()
    {
        var problems = Limits.Between("window", Window, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1))
            .Concat(Limits.Between("requests", Requests, 0, 10_000_000))
            .Concat(Limits.Between("minimum", Minimum, 1, 1_000_000))
            .Concat(Missing == 0 ? [] : Limits.Between("missing", Missing, 2, 200))
            .Concat(Limits.Between("failures", Failures, 0, 1_000_000))
            .Concat(Limits.Between("for", For, TimeSpan.FromSeconds(1), LongestOfAll))
            .Concat(Limits.Between("longest", Longest, TimeSpan.FromSeconds(1), LongestOfAll))
            .Concat(Limits.Between("clients", Clients, 64, 1 << 20))
            .Concat(AddressRanges.Problems("never", Never, MostRanges));
        foreach (var problem in problems)
        {
            yield return problem;
        }

        if (Longest < For)
        {
            yield return new("longest", $"{Durations.Format(Longest)} is less than the first ban's {Durations.Format(For)}", "make it at least as long as 'for'");
        }

        if (Requests == 0 && Errors.Fraction == 0 && Missing == 0 && Failures == 0)
        {
            yield return new("", "nothing is looked at", "give requests, errors, missing or failures, or remove it");
        }
    }
}

/// <summary>What a banned client gets.</summary>
public enum BanAnswer
{
    /// <summary>403 with the reason <c>banned</c>.</summary>
    Forbidden,

    /// <summary>429 with the reason <c>banned-too-many</c>.</summary>
    TooMany,

    /// <summary>Its connection is reset (with HTTP/2 the stream), without an answer.</summary>
    Reset,
}
