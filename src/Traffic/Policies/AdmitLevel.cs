namespace Mainstay.Traffic.Policies;

/// <summary>
/// Which levels a service admits (DAGOR's rule): each window tells how many requests asked per level and how many the service took. In overload the
/// level is moved to where a little less than what it took would have asked; else a little more is let in. So it follows the load, whatever its mix.
/// </summary>
internal sealed class AdmitLevel
{
    /// <summary>In overload, this much less than what passed.</summary>
    private const double Less = 0.02;

    /// <summary>Without overload, this much more than what passed.</summary>
    private const double More = 0.03;

    private readonly int[] asked = new int[Levels.Count];
    private int passed;
    private int level;

    /// <summary>Requests below it are shed. 0 admits all.</summary>
    public int Level => Volatile.Read(ref level);

    /// <summary>Counts a request of a level, whether it is admitted or not; true where it is.</summary>
    public bool Ask(int of)
    {
        Interlocked.Increment(ref asked[Math.Clamp(of, 0, Levels.Count - 1)]);
        return of >= Volatile.Read(ref level);
    }

    /// <summary>What it would say, without any effect.</summary>
    public bool Admits(int of) => of >= Level;

    /// <summary>Counts a request that the service took.</summary>
    public void Pass() => Interlocked.Increment(ref passed);

    /// <summary>Ends the window, one caller at a time; true where the level moved.</summary>
    /// <param name="isOverloaded">Whether requests queued for too long, or did not find a place.</param>
    public bool Turn(bool isOverloaded)
    {
        var took = Interlocked.Exchange(ref passed, 0);
        var before = level;
        if (isOverloaded) Volatile.Write(ref level, Where(took * (1 - Less), upwards: true));
        else if (level > 0) Volatile.Write(ref level, Where(Math.Max(took * (1 + More), took + 1), upwards: false));
        for (var of = 0; of < Levels.Count; of++) Volatile.Write(ref asked[of], 0);
        return level != before;
    }

    /// <summary>The level at which as many asked as there is room for. It is admitted itself: a level cannot be cut in two.</summary>
    private int Where(double room, bool upwards)
    {
        long sum = 0;
        var found = Levels.Count - 1;
        for (; found > 0; found--)
        {
            sum += Volatile.Read(ref asked[found]);
            if (sum > room) break;
        }
        // Overload never lowers it, and calm never raises it.
        return upwards ? Math.Max(found, level) : Math.Min(found, level - 1);
    }
}
