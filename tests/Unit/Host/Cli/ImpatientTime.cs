namespace Mainstay.Tests.Host.Cli;

/// <summary>A fake clock on which short waits (the reader's before it connects again) are over at once; longer ones pass only when told.</summary>
sealed class ImpatientTime(FakeTime clock) : TimeProvider
{
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long TimestampFrequency => clock.TimestampFrequency;

    public override long GetTimestamp() => clock.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        dueTime <= TimeSpan.FromSeconds(1) && period == Timeout.InfiniteTimeSpan
            ? TimeProvider.System.CreateTimer(callback, state, TimeSpan.Zero, period)
            : clock.CreateTimer(callback, state, dueTime, period);
}
