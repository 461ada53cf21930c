namespace Mainstay.Traffic.Policies;

/// <summary>
/// Which nonces were seen within a window of time: each is taken once. Two generations of half-open age, so that forgetting costs nothing per
/// nonce and nothing is allocated once the sets have grown. When it is full it takes no more, since letting go of one would let it in again.
/// </summary>
/// <param name="windowMs">Every nonce is remembered for at least this long.</param>
/// <param name="most">Nonces per generation.</param>
internal sealed class ReplayWindow(long windowMs, int most = 1_000_000)
{
    private readonly Lock gate = new();
    private HashSet<UInt128> young = [];
    private HashSet<UInt128> old = [];
    private long turnedMs = long.MinValue;

    /// <summary>True the first time; false when it was seen within the window, or when no more can be remembered.</summary>
    public bool TryTake(UInt128 nonce, long nowMs)
    {
        lock (gate)
        {
            if (turnedMs == long.MinValue) turnedMs = nowMs;
            if (nowMs - turnedMs >= windowMs)
            {
                (young, old) = (old, young);
                young.Clear();
                if (nowMs - turnedMs >= 2 * windowMs) old.Clear();
                turnedMs = nowMs;
            }
            return young.Count < most && !old.Contains(nonce) && young.Add(nonce);
        }
    }
}
