namespace Mainstay.Traffic.Path.Http2;

/// <summary>
/// How much of what costs us more than the client one connection may do: resets (CVE-2023-44487), pings, settings, priorities, empty frames and
/// whatever else we have to answer or to throw away. Work that is done well, and time, pay for it.
/// </summary>
internal struct FloodGuard()
{
    /// <summary>What may be done at once.</summary>
    public const int Most = 1000;

    /// <summary>What each beat of the heart (100 ms) gives back: 100 a second.</summary>
    public const int EachBeat = 10;

    private int left = Most;

    /// <summary>False when it was too much: the connection ends with ENHANCE_YOUR_CALM.</summary>
    public bool Spend(int cost = 1) => (left -= cost) >= 0;

    public void Earn(int more) => left = Math.Min(left + more, Most);
}
