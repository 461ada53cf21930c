namespace Mainstay.Client.Ids;

/// <summary>The right to make ids as one worker for a span of time, as the server gives it. No two leases of a worker ever overlap in time.</summary>
/// <param name="Worker">0 to 1023.</param>
/// <param name="Grant">Which lease of this worker it is; grows with each.</param>
/// <param name="FromMs">The first millisecond, since <see cref="IdShape.Epoch"/>.</param>
/// <param name="UntilMs">The first millisecond that is not of the lease any more.</param>
/// <param name="NowMs">The server's time when it answered, at least <paramref name="FromMs"/>.</param>
public sealed record IdLease(int Worker, int Grant, long FromMs, long UntilMs, long NowMs);
