using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Numbers;

/// <summary>Sums in windows of ten seconds, kept for five minutes, and of a minute, kept for an hour. Not safe for several callers at a time.</summary>
sealed class PathWindows
{
    const int Short = 10;
    const int Long = 60;
    const int ShortKept = 30;
    const int LongKept = 60;

    readonly Cell[] shorts = new Cell[ShortKept];
    readonly Cell[] longs = new Cell[LongKept];
    long newest;

    public void Add(long second, in Sum more)
    {
        newest = Math.Max(newest, second);
        Add(shorts, second / Short, more);
        Add(longs, second / Long, more);
    }

    /// <summary>Whether nothing of it is in any window.</summary>
    public bool IsOver(long second) => newest < second - (Long * LongKept);

    public Sum Over(in Span window)
    {
        var sum = default(Sum);
        long exemplarOf = -1;
        foreach (ref readonly var cell in (window.IsShort ? shorts : longs).AsSpan())
        {
            if (cell.Sum.Requests == 0 || cell.Number < window.First || cell.Number > window.Last)
            {
                continue;
            }

            var isNewer = cell.Number > exemplarOf;
            exemplarOf = isNewer ? cell.Number : exemplarOf;
            sum = new()
            {
                Requests = sum.Requests + cell.Sum.Requests, Calls = sum.Calls + cell.Sum.Calls, Errors = sum.Errors + cell.Sum.Errors, Nanoseconds = sum.Nanoseconds + cell.Sum.Nanoseconds,
                Slowest = isNewer ? cell.Sum.Slowest : sum.Slowest, Exemplar = isNewer ? cell.Sum.Exemplar : sum.Exemplar,
            };
        }

        return sum;
    }

    static void Add(Cell[] ring, long number, in Sum more)
    {
        ref var cell = ref ring[number % ring.Length];
        if (cell.Number < number)
        {
            cell = new() { Number = number };
        }

        ref var sum = ref cell.Sum;
        sum.Requests += more.Requests;
        sum.Calls += more.Calls;
        sum.Errors += more.Errors;
        sum.Nanoseconds += more.Nanoseconds;
        if (more.Slowest >= sum.Slowest)
        {
            (sum.Slowest, sum.Exemplar) = (more.Slowest, more.Exemplar);
        }
    }

    /// <summary>A window that ends now, in numbers of its parts.</summary>
    public readonly struct Span
    {
        public Span(int seconds, long now)
        {
            IsShort = seconds <= Short * ShortKept;
            var (length, kept) = IsShort ? (Short, ShortKept) : (Long, LongKept);
            Last = now / length;
            First = Last - Math.Clamp((seconds + length - 1) / length, 1, kept) + 1;
        }

        public bool IsShort { get; }

        public long First { get; }

        public long Last { get; }
    }

    public struct Sum
    {
        public long Requests;
        public long Calls;
        public long Errors;
        public double Nanoseconds;
        public long Slowest;
        public TraceId Exemplar;
    }

    struct Cell
    {
        public long Number;
        public Sum Sum;
    }
}
