namespace Mainstay.Core.Time;

/// <summary>
/// A clock that moves only when told. Timers fire inside <see cref="Advance"/>, on the caller's thread, in order of due time and then of
/// creation, each seeing the clock at its own due time. The cost of a timer grows with the logarithm of how many wait.
/// </summary>
public class VirtualClock : TimeProvider
{
    readonly Lock gate = new();
    readonly SortedSet<VirtualTimer> armed = new(Comparer<VirtualTimer>.Create((a, b) => a.Due != b.Due ? a.Due!.Value.CompareTo(b.Due!.Value) : a.Order.CompareTo(b.Order)));
    TimeSpan elapsed;
    DateTimeOffset origin;
    long created;

    /// <param name="start">The first wall-clock time; null is 2026-01-01 00:00 UTC.</param>
    public VirtualClock(DateTimeOffset? start = null) => origin = start ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>How far the monotonic clock has come.</summary>
    public TimeSpan Elapsed
    {
        get { lock (gate) return elapsed; }
    }

    /// <summary>How many timers wait to fire.</summary>
    public int Pending
    {
        get { lock (gate) return armed.Count; }
    }

    /// <summary>When the first timer that waits fires, on the monotonic clock; null where none does.</summary>
    public TimeSpan? Next
    {
        get { lock (gate) return armed.Min?.Due; }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long GetTimestamp() => Elapsed.Ticks;

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
            return origin + elapsed;
    }

    /// <summary>Moves both clocks forward and fires what becomes due.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan end;
        lock (gate)
            end = elapsed + by;
        while (TakeDue(end) is { } timer)
            timer.Fire();
        lock (gate)
            elapsed = end > elapsed ? end : elapsed;
    }

    /// <summary>Moves to the next timer, if one waits, and fires it; false where none does.</summary>
    public bool AdvanceToNext()
    {
        TimeSpan? next;
        lock (gate)
            next = armed.Min?.Due - elapsed;
        if (next is not { } by)
            return false;
        Advance(by);
        return true;
    }

    /// <summary>Shifts the wall clock only, as an operator or NTP does; timers and timestamps do not notice.</summary>
    public void ShiftWallClock(TimeSpan by)
    {
        lock (gate)
            origin += by;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        lock (gate)
        {
            var timer = new VirtualTimer(this, callback, state, created++);
            timer.Change(dueTime, period);
            return timer;
        }
    }

    VirtualTimer? TakeDue(TimeSpan end)
    {
        lock (gate)
        {
            if (armed.Min is not { } first || first.Due > end)
                return null;
            elapsed = first.Due > elapsed ? first.Due!.Value : elapsed;
            Arm(first, first.Period > TimeSpan.Zero ? elapsed + first.Period : null);
            return first;
        }
    }

    // What orders the set changes only while the timer is out of it.
    void Arm(VirtualTimer timer, TimeSpan? due)
    {
        if (timer.Due is not null)
            armed.Remove(timer);
        timer.Due = due;
        if (due is not null)
            armed.Add(timer);
    }

    sealed class VirtualTimer(VirtualClock owner, TimerCallback callback, object? state, long order) : ITimer
    {
        bool disposed;

        public TimeSpan? Due { get; set; }

        public TimeSpan Period { get; private set; }

        public long Order => order;

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner.gate)
            {
                if (disposed)
                    return false;
                owner.Arm(this, dueTime == Timeout.InfiniteTimeSpan ? null : owner.elapsed + dueTime);
                Period = period;
                return true;
            }
        }

        public void Dispose()
        {
            lock (owner.gate)
            {
                owner.Arm(this, null);
                disposed = true;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
