using System.Runtime.CompilerServices;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// So many in any window, wherever it begins: the window is cut into slices, and a slice counts until all of it is out of the window.
/// </summary>
/// <param name="count">Requests in any window.</param>
/// <param name="perNs">Length of a window in nanoseconds.</param>
internal readonly struct SlidingWindow(long count, long perNs) : IRateRule<SlidingWindow.Cell>
{
    /// <summary>Slices that a window is cut into; one more is kept, for the part of it that is still within.</summary>
    private const int Slices = 8;
    private const int Kept = Slices + 1;
    private readonly long sliceNs = Math.Max(1, (perNs + Slices - 1) / Slices);

    /// <summary>What is kept per key.</summary>
    internal struct Cell
    {
        /// <summary>The newest slice's number, from 1.</summary>
        public long Slice;
        public long Total;
        public Counts Used;
    }

    /// <summary>Requests per slice, by the slice's number modulo their count.</summary>
    [InlineArray(Kept)]
    internal struct Counts
    {
        private int first;
    }

    public bool Take(ref Cell cell, long nowNs, long keep)
    {
        Roll(ref cell, nowNs / sliceNs + 1);
        if (cell.Total >= count - keep) return false;
        cell.Used[(int)(cell.Slice % Kept)]++;
        cell.Total++;
        return true;
    }

    public RateStanding Look(in Cell cell, long nowNs, long keep)
    {
        var seen = cell;
        Roll(ref seen, nowNs / sliceNs + 1);
        var quota = count - keep;
        var left = Math.Max(0, quota - seen.Total);
        long retry = 0;
        long reset = 0;
        var total = seen.Total;
        // The oldest slice leaves first: at the end of the slice that is now.
        for (var age = Slices; age >= 0 && total > 0; age--)
        {
            total -= seen.Used[(int)((seen.Slice + Kept - age) % Kept)];
            reset = Math.Max(1, (seen.Slice + Slices - age) * sliceNs - nowNs);
            if (retry == 0 && left == 0 && total < quota) retry = reset;
        }
        return new RateStanding(left, reset, retry);
    }

    public long Weight(in Cell cell, long nowNs)
    {
        var seen = cell;
        Roll(ref seen, nowNs / sliceNs + 1);
        return seen.Total;
    }

    public Cell Join(in Cell one, in Cell other)
    {
        var newer = one.Slice >= other.Slice ? one : other;
        var older = one.Slice >= other.Slice ? other : one;
        Roll(ref older, newer.Slice);
        newer.Total = 0;
        for (var index = 0; index < Kept; index++)
        {
            newer.Used[index] = Math.Max(newer.Used[index], older.Used[index]);
            newer.Total += newer.Used[index];
        }
        return newer;
    }

    /// <summary>Forgets what is out of the window.</summary>
    private static void Roll(ref Cell cell, long slice)
    {
        if (slice <= cell.Slice) return;
        if (slice - cell.Slice >= Kept)
        {
            cell = new Cell { Slice = slice };
            return;
        }
        while (cell.Slice < slice)
        {
            cell.Slice++;
            ref var reused = ref cell.Used[(int)(cell.Slice % Kept)];
            cell.Total -= reused;
            reused = 0;
        }
    }

}
