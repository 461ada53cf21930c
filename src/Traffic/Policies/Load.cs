namespace Mainstay.Traffic.Policies;

/// <summary>The plain numbers of one endpoint that picks are made by. Written by all loops, read without locks.</summary>
/// <param name="id">What it is told apart by in hashes: the instance's name.</param>
internal sealed class Load(string id)
{
    private int inFlight;
    private PeakEwma latency;

    /// <summary>What of a key's hash decides between endpoints; the same in every gateway.</summary>
    public ulong Seed { get; } = KeyHash.Of(id);

    public string Id { get; } = id;

    /// <summary>0 to 1000, of a pick compared with the others.</summary>
    public int Weight { get; set; } = 1;

    /// <summary>When slow start began; far in the past where it is of no concern.</summary>
    public long BornMs { get; set; } = long.MinValue / 2;

    /// <summary>Until then nobody could connect to it.</summary>
    public long AloneUntilMs;

    /// <summary>Until then it is ejected as an outlier; 0 when it is not.</summary>
    public long EjectedUntilMs;

    /// <summary>Failures in a row.</summary>
    public int Failures;

    /// <summary>Ejections in a row.</summary>
    public int Ejections;

    /// <summary>Outcomes since the shares were last compared.</summary>
    public int Good;
    public int Bad;

    public int InFlight => Volatile.Read(ref inFlight);

    public ref readonly PeakEwma Latency => ref latency;

    public void Enter() => Interlocked.Increment(ref inFlight);

    public void Leave() => Interlocked.Decrement(ref inFlight);

    public void Observe(long micros, bool failed, long nowMicros)
    {
        if (failed) latency.ObserveFailure(micros, nowMicros);
        else latency.Observe(micros, nowMicros);
    }

    /// <summary>A request was given up after so long: its answer would have taken at least that.</summary>
    public void ObserveAtLeast(long micros, long nowMicros)
    {
        if (micros > latency.Now(nowMicros)) latency.Observe(micros, nowMicros);
    }

    /// <summary>
    /// What a request more would cost here, per weight. An endpoint that never answered costs nothing until it has its first request, and much until
    /// that is answered: it is tried with one.
    /// </summary>
    public double Cost(long nowMs)
    {
        var pending = InFlight;
        var expected = latency.IsUnknown ? (pending == 0 ? 0 : 1_000_000) : latency.Now(nowMs * 1000);
        return Weight == 0 ? double.MaxValue : (expected + 1) * (pending + 1) / Weight;
    }

    public bool IsAlone(long nowMs) => Volatile.Read(ref AloneUntilMs) > nowMs;

    public bool IsEjected(long nowMs) => Volatile.Read(ref EjectedUntilMs) > nowMs;

    /// <summary>The part of its share that a new endpoint gets: a tenth at first, all after <paramref name="slowStartMs"/>.</summary>
    public double Warmth(long nowMs, long slowStartMs)
    {
        var age = nowMs - BornMs;
        return age >= slowStartMs ? 1 : Math.Max(0.1, (double)age / slowStartMs);
    }
}
