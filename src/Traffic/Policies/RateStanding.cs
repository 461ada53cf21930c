namespace Mainstay.Traffic.Policies;

/// <summary>How one key stands with a rate limit.</summary>
/// <param name="Remaining">Requests that would pass at once.</param>
/// <param name="ResetNs">Until all of the quota is there again, in nanoseconds.</param>
/// <param name="RetryNs">Until one request passes; 0 where it would now.</param>
internal readonly record struct RateStanding(long Remaining, long ResetNs, long RetryNs);
