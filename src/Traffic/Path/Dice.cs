namespace Mainstay.Traffic.Path;

/// <summary>A small generator of random numbers (SplitMix64) that belongs to one connection and replays from its seed.</summary>
internal struct Dice(ulong seed)
{
    private ulong state = seed;

    public ulong Next()
    {
        var mixed = state += 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }

    public int Below(int limit) => (int)(((UInt128)Next() * (ulong)limit) >> 64);

    /// <summary>0 to just below 1.</summary>
    public double Share() => (Next() >> 11) * (1.0 / (1UL << 53));
}
