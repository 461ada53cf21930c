namespace Mainstay.Traffic.Policies;

/// <summary>
/// How many of the requests that wait for a service's recovery are sent at each beat. While its breaker is open none is; while that lets requests in again, they are spread over the rest of that
/// time. Where no breaker opened but nobody could be reached, pings find out whether somebody can: after two good ones a tenth goes with each beat.
/// </summary>
internal sealed class ParkPace
{
    private const int Tenth = 10;
    private readonly Lock gate = new();
    private int good;

    /// <summary>A request came because nobody could be reached.</summary>
    public void Failed()
    {
        lock (gate) good = 0;
    }

    /// <summary>What a ping said.</summary>
    public void Pinged(bool isGood)
    {
        lock (gate) good = isGood ? good + 1 : 0;
    }

    /// <summary>Whether it takes a ping to know; the breaker has its own.</summary>
    public bool WantsPing(BreakerState state)
    {
        lock (gate) return state == BreakerState.Closed && good < Breaker.Pings;
    }

    /// <summary>So many may go now.</summary>
    /// <param name="state">How the breaker stands.</param>
    /// <param name="waiting">How many wait.</param>
    /// <param name="beatsLeft">Beats until the breaker lets all pass, where it lets in some.</param>
    public int Next(BreakerState state, int waiting, long beatsLeft)
    {
        lock (gate)
        {
            if (state == BreakerState.Trickle) good = Breaker.Pings;
            if (state == BreakerState.Open) good = 0;
            if (waiting == 0 || good < Breaker.Pings) return 0;
            var beats = state == BreakerState.Trickle ? Math.Max(beatsLeft, 1) : Tenth;
            return (int)((waiting + beats - 1) / beats);
        }
    }
}
