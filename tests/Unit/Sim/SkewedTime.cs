namespace Mainstay.Tests.Sim;

/// <summary>A machine's clock: its time of day is off by what it was set wrong, its timers and its monotonic clock run as all others'.</summary>
public sealed class SkewedTime(FakeTime time) : TimeProvider
{
    /// <summary>How far a clock is set at once.</summary>
    public static readonly TimeSpan Most = TimeSpan.FromSeconds(90);

    TimeSpan Offset { get; set; }

    public override long TimestampFrequency => time.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => time.LocalTimeZone;

    public override long GetTimestamp() => time.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + Offset;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);

    /// <summary>A clock that is right, or wrong by up to 90 s from the beginning, or is set while the run goes on, forwards or backwards.</summary>
    public static SkewedTime Draw(SimContext sim, string machine, Random dice)
    {
        var clock = new SkewedTime(sim.Time);
        if (dice.NextDouble() < 0.5)
        {
            clock.Offset = Some(dice);
        }

        if (dice.NextDouble() < 0.3)
        {
            var by = Some(dice);
            sim.After(TimeSpan.FromMilliseconds(dice.Next(5_000, 55_000)), () =>
            {
                sim.Log($"FAULT the clock of {machine} is set by {by.TotalSeconds:0.0} s");
                clock.Offset += by;
            });
        }

        return clock;
    }

    static TimeSpan Some(Random dice) => Most * ((2 * dice.NextDouble()) - 1);
}
