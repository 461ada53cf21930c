namespace Mainstay.Traffic.Path;

/// <summary>The copies of one route that are under way, across tables: bounded, ended when their time is over, counted.</summary>
internal sealed class MirrorPolicy(string about, int most) : IReporting, IBeating
{
    private readonly Lock gate = new();
    private readonly HashSet<MirrorFlight> flights = [];
    private long sent;
    private long tooLarge;
    private long busy;
    private long failed;

    /// <summary>A place for one more copy; false, and counted, when all are taken.</summary>
    public bool TryEnter(MirrorFlight flight)
    {
        lock (gate)
        {
            if (flights.Count < most && flights.Add(flight)) return true;
        }
        Interlocked.Increment(ref busy);
        return false;
    }

    /// <summary>A copy is over.</summary>
    public void Leave(MirrorFlight flight, bool isAnswered)
    {
        lock (gate) flights.Remove(flight);
        Interlocked.Increment(ref isAnswered ? ref sent : ref failed);
    }

    /// <summary>A copy that never went: its request was too large or did not arrive.</summary>
    public void Drop(MirrorFlight flight, bool isTooLarge)
    {
        lock (gate) flights.Remove(flight);
        if (isTooLarge) TooLarge();
    }

    public void TooLarge() => Interlocked.Increment(ref tooLarge);

    public void Beat(long nowMs)
    {
        lock (gate)
        {
            foreach (var flight in flights)
            {
                if (flight.DeadlineMs <= nowMs) flight.GiveUp();
            }
        }
    }

    public PolicyReport? Report(long nowMs)
    {
        int underWay;
        lock (gate) underWay = flights.Count;
        return new PolicyReport(about, "mirror", "mirror", "on", "", new Dictionary<string, double>
        {
            ["inFlight"] = underWay,
            ["answered"] = Volatile.Read(ref sent),
            ["failed"] = Volatile.Read(ref failed),
            ["tooLarge"] = Volatile.Read(ref tooLarge),
            ["busy"] = Volatile.Read(ref busy),
        });
    }
}
