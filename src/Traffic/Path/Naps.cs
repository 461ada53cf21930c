using System.Threading.Tasks.Sources;

namespace Mainstay.Traffic.Path;

/// <summary>
/// Short waits of requests: before a repetition, or because somebody wants them delayed. Exact to about a millisecond, with one timer for all of them that runs only
/// while somebody waits. Who waited goes on on a thread of the pool; its next receive or send brings it back to its loop.
/// </summary>
internal sealed class Naps : IDisposable
{
    /// <summary>No more wait at a time.</summary>
    public const int Most = 65_536;

    private readonly Lock gate = new();
    private readonly PriorityQueue<(Due One, long Ticket), long> waiting = new();
    private readonly List<(Due One, long Ticket)> due = [];
    private readonly TimeProvider time;
    private readonly ITimer timer;
    private bool ended;

    public Naps(TimeProvider time)
    {
        this.time = time;
        timer = time.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many wait.</summary>
    public int Count
    {
        get { lock (gate) return waiting.Count; }
    }

    /// <summary>Waits; at once over for 0, and when the gateway ends.</summary>
    public ValueTask<bool> ForAsync(long ms)
    {
        if (ms <= 0) return new ValueTask<bool>(true);
        var nap = LocalPool<Nap>.Rent() ?? new Nap();
        var task = nap.Task;
        if (!Add(nap, 0, ms)) nap.End(0, ended: true);
        return task;
    }

    /// <summary>Calls it back after that time, or when the gateway ends. False where that has ended already, or too many wait.</summary>
    /// <param name="one">Who.</param>
    /// <param name="ticket">What it is given back, to know whether it still wants to hear that.</param>
    /// <param name="ms">How long.</param>
    public bool Add(Due one, long ticket, long ms)
    {
        var at = time.GetTimestamp() + ms * time.TimestampFrequency / 1000;
        lock (gate)
        {
            if (ended || waiting.Count >= Most) return false;
            waiting.Enqueue((one, ticket), at);
            if (waiting.Peek() == (one, ticket)) Arm(at);
            return true;
        }
    }

    public void Dispose()
    {
        lock (gate) ended = true;
        timer.Dispose();
        Wake();
    }

    private void Wake()
    {
        lock (gate)
        {
            due.Clear();
            var now = time.GetTimestamp();
            while (waiting.TryPeek(out var nap, out var at) && (at <= now || ended))
            {
                waiting.Dequeue();
                due.Add(nap);
            }
            // Ended here, under the lock: this only hands them to the pool.
            foreach (var (one, ticket) in due) one.End(ticket, ended);
            if (!ended && waiting.TryPeek(out _, out var next)) Arm(next);
        }
    }

    private void Arm(long at)
    {
        var span = TimeSpan.FromSeconds((double)(at - time.GetTimestamp()) / time.TimestampFrequency);
        timer.Change(TimeSpan.FromMilliseconds(Math.Max(Math.Ceiling(span.TotalMilliseconds), 0)), Timeout.InfiniteTimeSpan);
    }

    private sealed class Nap : Due, IValueTaskSource<bool>
    {
        private ManualResetValueTaskSourceCore<bool> core = new() { RunContinuationsAsynchronously = true };

        public ValueTask<bool> Task => new(this, core.Version);

        public override void End(long ticket, bool ended) => core.SetResult(true);

        bool IValueTaskSource<bool>.GetResult(short token)
        {
            var result = core.GetResult(token);
            core.Reset();
            LocalPool<Nap>.Return(this);
            return result;
        }

        ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => core.GetStatus(token);

        void IValueTaskSource<bool>.OnCompleted(Action<object?> next, object? of, short token, ValueTaskSourceOnCompletedFlags flags) =>
            core.OnCompleted(next, of, token, ValueTaskSourceOnCompletedFlags.None);
    }
}

/// <summary>What waits for its time.</summary>
internal abstract class Due
{
    /// <summary>The time has come. Called under a lock: hands over to another thread what takes time.</summary>
    /// <param name="ticket">As it was given.</param>
    /// <param name="ended">Not the time has come, but the gateway's end.</param>
    public abstract void End(long ticket, bool ended);
}
