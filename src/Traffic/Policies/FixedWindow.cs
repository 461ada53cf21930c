namespace Mainstay.Traffic.Policies;

/// <summary>So many per window of the clock. Around a window's edge twice as many can pass.</summary>
/// <param name="count">Requests per window.</param>
/// <param name="perNs">Length of a window in nanoseconds.</param>
internal readonly struct FixedWindow(long count, long perNs) : IRateRule<FixedWindow.Cell>
{
    /// <summary>What is kept per key.</summary>
    internal struct Cell
    {
        /// <summary>The window's number, from 1.</summary>
        public long Window;
        public long Used;
    }

    public bool Take(ref Cell cell, long nowNs, long keep)
    {
        var window = nowNs / perNs + 1;
        if (window > cell.Window) cell = new Cell { Window = window };
        if (cell.Used >= count - keep) return false;
        cell.Used++;
        return true;
    }

    public RateStanding Look(in Cell cell, long nowNs, long keep)
    {
        var used = Weight(cell, nowNs);
        var end = perNs - nowNs % perNs;
        var left = Math.Max(0, count - keep - used);
        return new RateStanding(left, used == 0 ? 0 : end, left > 0 ? 0 : end);
    }

    public long Weight(in Cell cell, long nowNs) => cell.Window > nowNs / perNs ? cell.Used : 0;

    public Cell Join(in Cell one, in Cell other) =>
        one.Window > other.Window || (one.Window == other.Window && one.Used > other.Used) ? one : other;
}
