using Shouldly;
using Xunit;

namespace Mainstay.Tests;

public sealed class FakeTimeTests
{
    readonly FakeTime time = new();
    readonly List<string> fired = [];

    [Fact]
    public void TimersFireInOrderOfDueTimeThenOfCreation()
    {
        Start("late", 3, 0);
        Start("first", 1, 0);
        Start("second", 1, 0);
        time.Advance(TimeSpan.FromSeconds(2));
        fired.ShouldBe(["first@1", "second@1"]);
        time.Advance(TimeSpan.FromSeconds(2));
        fired.ShouldBe(["first@1", "second@1", "late@3"]);
        time.Elapsed.ShouldBe(TimeSpan.FromSeconds(4));
    }

    [Fact]
    public void APeriodicTimerFiresAtEachPeriodUntilDisposed()
    {
        var timer = Start("tick", 1, 2);
        time.Advance(TimeSpan.FromSeconds(6));
        timer.Dispose();
        time.Advance(TimeSpan.FromSeconds(6));
        fired.ShouldBe(["tick@1", "tick@3", "tick@5"]);
        timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan).ShouldBeFalse();
    }

    [Fact]
    public void TheWallClockShiftsWithoutTheMonotonicOne()
    {
        var (wall, stamp) = (time.GetUtcNow(), time.GetTimestamp());
        time.ShiftWallClock(TimeSpan.FromHours(-1));
        time.GetUtcNow().ShouldBe(wall.AddHours(-1));
        time.GetElapsedTime(stamp).ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public async Task DelaysCompleteWhenTheClockComes()
    {
        var delay = Task.Delay(TimeSpan.FromSeconds(5), time, CancellationToken.None);
        delay.IsCompleted.ShouldBeFalse();
        time.AdvanceToNext().ShouldBeTrue();
        await delay;
        time.AdvanceToNext().ShouldBeFalse();
    }

    ITimer Start(string name, int due, int period) => time.CreateTimer(
        _ => fired.Add($"{name}@{time.Elapsed.TotalSeconds}"), null, TimeSpan.FromSeconds(due), TimeSpan.FromSeconds(period));
}
