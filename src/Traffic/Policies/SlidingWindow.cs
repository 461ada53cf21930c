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
        Roll(ref cell, nowNs);
        if (cell.Total >= count - keep) return false;
        cell.Used[(int)(cell.Slice % Kept)]++;
        cell.Total++;
        return true;
    }

    public RateStanding Look(in Cell cell, long nowNs, long keep)
    {
        if (IsNow(cell, nowNs)) return Standing(cell, nowNs, keep);
        var seen = cell;
        Roll(ref seen, nowNs);
        return Standing(seen, nowNs, keep);
    }

    public long Weight(in Cell cell, long nowNs)
    {
        if (IsNow(cell, nowNs)) return cell.Total;
        var left = cell.Total;
        var gone = Math.Min(SliceOf(nowNs) - cell.Slice, Kept);
        for (var next = 1; next <= gone && left > 0; next++) left -= cell.Used[(int)((cell.Slice + next) % Kept)];
        return left;
    }

    public Cell Join(in Cell one, in Cell other)
    {
        var newer = one.Slice >= other.Slice ? one : other;
        var older = one.Slice >= other.Slice ? other : one;
        Forget(ref older, newer.Slice);
        newer.Total = 0;
        for (var index = 0; index < Kept; index++)
        {
            newer.Used[index] = Math.Max(newer.Used[index], older.Used[index]);
            newer.Total += newer.Used[index];
        }
        return newer;
    }

    // A multiplication where the other way to know would be a division, for each of many cells.
    private bool IsNow(in Cell cell, long nowNs) => nowNs < cell.Slice * sliceNs;

    private long SliceOf(long nowNs) => nowNs / sliceNs + 1;

    private RateStanding Standing(in Cell seen, long nowNs, long keep)
    {
        var quota = count - keep;
        var left = Math.Max(0, quota - seen.Total);
        var (retryAge, resetAge) = (-1, -1);
        // The oldest slice leaves first: at the end of the slice that is now.
        var at = (int)((seen.Slice + 1) % Kept);
        var total = seen.Total;
        for (var age = Slices; age >= 0 && total > 0; age--, at = at == Slices ? 0 : at + 1)
        {
            if (seen.Used[at] == 0) continue;
            total -= seen.Used[at];
            resetAge = age;
            if (retryAge < 0 && left == 0 && total < quota) retryAge = age;
        }
        return new RateStanding(left, Ends(seen, resetAge, nowNs), Ends(seen, retryAge, nowNs));
    }

    /// <summary>Nanoseconds until a slice of this age is out of the window; 0 where there is none.</summary>
    private long Ends(in Cell seen, int age, long nowNs) => age < 0 ? 0 : Math.Max(1, (seen.Slice + Slices - age) * sliceNs - nowNs);

    private void Roll(ref Cell cell, long nowNs)
    {
        if (!IsNow(cell, nowNs)) Forget(ref cell, SliceOf(nowNs));
    }

    /// <summary>Forgets what is out of the window.</summary>
    private static void Forget(ref Cell cell, long slice)
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
