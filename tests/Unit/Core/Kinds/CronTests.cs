using System.Globalization;
using Mainstay.Core.Kinds.Schedule;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Kinds;

public sealed class CronTests
{
    // As in central Europe in 2026: forward on 29 March at 2:00, back on 25 October at 3:00. Made here, so that no machine's data decides.
    static readonly TimeZoneInfo Berlin = TimeZoneInfo.CreateCustomTimeZone(
        "test", TimeSpan.FromHours(1), "test", "test", "test summer",
        [
            TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(
                DateTime.MinValue.Date, DateTime.MaxValue.Date, TimeSpan.FromHours(1),
                TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new(1, 1, 1, 2, 0, 0), 3, 5, DayOfWeek.Sunday),
                TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new(1, 1, 1, 3, 0, 0), 10, 5, DayOfWeek.Sunday)),
        ]);

    [Theory]
    [InlineData("*/15 * * * *", "2026-01-01 00:07:30", "2026-01-01 00:15:00")]
    [InlineData("0 2 * * *", "2026-01-01 02:00:00", "2026-01-02 02:00:00")]
    [InlineData("30 4 1,15 * fri", "2026-01-01 12:00:00", "2026-01-02 04:30:00")]
    [InlineData("0 0 * * mon-fri", "2026-01-02 00:00:00", "2026-01-05 00:00:00")]
    [InlineData("0 0 * * 7", "2026-01-01 00:00:00", "2026-01-04 00:00:00")]
    [InlineData("0 0 29 2 *", "2026-01-01 00:00:00", "2028-02-29 00:00:00")]
    [InlineData("*/10 * * * * *", "2026-01-01 00:00:05", "2026-01-01 00:00:10")]
    [InlineData("5/20 9-17/4 * dec *", "2026-12-31 17:45:00", "2027-12-01 09:05:00")]
    [InlineData("@monthly", "2026-01-31 23:59:59", "2026-02-01 00:00:00")]
    [InlineData("@weekly", "2026-01-01 00:00:00", "2026-01-04 00:00:00")]
    public void TheNextMatchIs(string text, string after, string next)
    {
        Cron.TryParse(text, out var cron, out var why).ShouldBeTrue(why);
        cron!.Next(Utc(after), TimeZoneInfo.Utc).ShouldBe(Utc(next));
    }

    [Theory]
    [InlineData("30 2 * * *", "2026-03-28 12:00:00", "2026-03-29 01:30:00 2026-03-30 00:30:00")]
    [InlineData("30 2 * * *", "2026-10-24 12:00:00", "2026-10-25 00:30:00 2026-10-26 01:30:00")]
    [InlineData("30 * * * *", "2026-03-28 23:00:00", "2026-03-28 23:30:00 2026-03-29 00:30:00 2026-03-29 01:30:00")]
    [InlineData("30 * * * *", "2026-10-24 23:00:00", "2026-10-24 23:30:00 2026-10-25 00:30:00 2026-10-25 01:30:00 2026-10-25 02:30:00")]
    [InlineData("0 */6 * * *", "2026-10-24 20:00:00", "2026-10-24 22:00:00 2026-10-25 05:00:00 2026-10-25 11:00:00")]
    public void ClocksThatAreMovedLoseNoRunAndDoubleNone(string text, string after, string next)
    {
        Cron.TryParse(text, out var cron, out var why).ShouldBeTrue(why);
        var at = Utc(after);
        foreach (var expected in next.Split(' ').Chunk(2))
        {
            at = cron!.Next(at, Berlin)!.Value;
            at.ShouldBe(Utc(string.Join(' ', expected)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("* * * *")]
    [InlineData("60 * * * *")]
    [InlineData("* 24 * * *")]
    [InlineData("* * 0 * *")]
    [InlineData("* * * 13 *")]
    [InlineData("* * * * 8")]
    [InlineData("*/0 * * * *")]
    [InlineData("5-2 * * * *")]
    [InlineData("a * * * *")]
    [InlineData("1,,2 * * * *")]
    [InlineData("0 0 31 2 *")]
    [InlineData("@often")]
    public void WhatIsNoScheduleIsRefusedWithAReason(string text)
    {
        Cron.TryParse(text, out var cron, out var why).ShouldBeFalse();
        cron.ShouldBeNull();
        why.ShouldNotBeEmpty();
    }

    static DateTimeOffset Utc(string text) => DateTimeOffset.ParseExact(text, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
