namespace Mainstay.Core.Reconcile;

/// <summary>Exponential backoff.</summary>
public static class Backoff
{
    /// <summary>The wait after the <paramref name="failures"/>th failure in a row (from 1): <paramref name="first"/>, doubled each time, at most <paramref name="most"/>.</summary>
    public static TimeSpan After(int failures, TimeSpan first, TimeSpan most)
    {
        var ticks = first.Ticks * Math.Pow(2, Math.Clamp(failures, 1, 41) - 1);
        return ticks >= most.Ticks ? most : new TimeSpan((long)ticks);
    }
}
