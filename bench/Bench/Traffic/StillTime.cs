namespace Mainstay.Bench.Traffic;

/// <summary>A clock that moves only when told: so that no delay ends in the midst of what is measured, however busy the machine is.</summary>
internal sealed class StillTime : TimeProvider
{
    private readonly List<(TimerCallback Callback, object? State)> timers = [];
    private long ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => ticks;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(ticks);

    /// <summary>Lets time pass, and all timers fire.</summary>
    public void Pass(TimeSpan span)
    {
        ticks += span.Ticks;
        foreach (var (callback, state) in timers) callback(state);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        timers.Add((callback, state));
        return new StillTimer();
    }

    private sealed class StillTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
