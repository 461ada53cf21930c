namespace Mainstay.Traffic.Path;

/// <summary>What is counted together: the requests of one listener and route to one instance.</summary>
public sealed record SeriesKey(
    string Listener, string? Caller, string? Route, string? Service, string? Instance, string? Version);

/// <summary>Counters of one series, one cell per thread, so that counting is a plain addition.</summary>
internal sealed class Series(SeriesKey key)
{
    private readonly Lock gate = new();
    private Cell?[] cells = [];
    private Cell? reported;

    public SeriesKey Key { get; } = key;

    /// <summary>In the current table; an old series is dropped once it has nothing to report.</summary>
    public bool IsCurrent { get; set; } = true;

    /// <summary>The calling thread's cell.</summary>
    public Cell Mine()
    {
        var shard = Shard.Current;
        var seen = cells;
        return shard < seen.Length && seen[shard] is { } cell ? cell : Add(shard);
    }

    /// <summary>What was added since the last call, or null. Counters that move meanwhile are seen with the next one. One reader at a time.</summary>
    public Cell? TakeDelta()
    {
        var seen = Volatile.Read(ref cells);
        var requests = 0L;
        foreach (var cell in seen) requests += cell is null ? 0 : cell.Requests + cell.TakenOver;
        if (requests == (reported is null ? 0 : reported.Requests + reported.TakenOver)) return null;
        var delta = new Cell();
        foreach (var cell in seen)
        {
            if (cell is not null) delta.Add(cell);
        }
        reported ??= new Cell();
        delta.Subtract(reported);
        reported.Add(delta);
        return delta;
    }

    private Cell Add(int shard)
    {
        lock (gate)
        {
            var grown = new Cell?[Math.Max(cells.Length, shard + 1)];
            cells.CopyTo(grown, 0);
            var cell = grown[shard] ??= new Cell();
            Volatile.Write(ref cells, grown);
            return cell;
        }
    }
}

/// <summary>A thread's number among the threads that count. The number of a thread that ended is given to a later one.</summary>
internal sealed class Shard
{
    [ThreadStatic] private static Shard? mine;
    private readonly int number = Numbers.Take();

    ~Shard() => Numbers.Give(number);

    public static int Current => (mine ??= new Shard()).number;

    // Apart from the class, which so has nothing to initialize: its users need not look whether it is.
    private static class Numbers
    {
        private static readonly Stack<int> Free = new();
        private static int next;

        public static int Take()
        {
            lock (Free) return Free.TryPop(out var free) ? free : next++;
        }

        public static void Give(int number)
        {
            lock (Free) Free.Push(number);
        }
    }
}

/// <summary>Plain counters. They only grow (and wrap); the reader takes differences.</summary>
internal sealed class Cell
{
    public long Requests;
    public long Informational;
    public long Succeeded;
    public long Redirected;
    public long ClientErrors;
    public long ServerErrors;
    public long Retries;

    /// <summary>Requests for this instance that another version took because it could not be reached.</summary>
    public long TakenOver;
    public long BytesIn;
    public long BytesOut;
    public long LatencyMicros;
    public readonly long[] Reasons = new long[Enum.GetValues<Reason>().Length];
    public readonly long[] Latency = new long[LatencyBuckets.Count];

    public void Add(Cell other) => Combine(other, 1);

    public void Subtract(Cell other) => Combine(other, -1);

    private void Combine(Cell other, long sign)
    {
        Requests += sign * other.Requests;
        Informational += sign * other.Informational;
        Succeeded += sign * other.Succeeded;
        Redirected += sign * other.Redirected;
        ClientErrors += sign * other.ClientErrors;
        ServerErrors += sign * other.ServerErrors;
        Retries += sign * other.Retries;
        TakenOver += sign * other.TakenOver;
        BytesIn += sign * other.BytesIn;
        BytesOut += sign * other.BytesOut;
        LatencyMicros += sign * other.LatencyMicros;
        for (var index = 0; index < Reasons.Length; index++) Reasons[index] += sign * other.Reasons[index];
        for (var index = 0; index < Latency.Length; index++) Latency[index] += sign * other.Latency[index];
    }
}
