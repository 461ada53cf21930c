using Mainstay.Observe.Correlate;
using Mainstay.Observe.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe;

public sealed class UsualBookTests
{
    const int Hour = 3600;
    const int Week = 168 * Hour;

    // A whole number of weeks and hours since 1970.
    const long Start = (1_800_000_000 / Week) * (long)Week;

    [Fact]
    public void WhatComesEveryWeekIsNoTrouble()
    {
        var history = new FigureHistory();
        Run(history, Start, Hour, 10);
        Run(history, Start + Hour, Hour, 80);
        Run(history, Start + (2 * Hour), Hour, 10);
        history.Of("route/shop", Figure.Rate).Rose.ShouldBeFalse();

        // The same an hour later has never been, a week later it has.
        Run(history, Start + (3 * Hour), 60, 80);
        history.Of("route/shop", Figure.Rate).Rose.ShouldBeTrue();
        Run(history, Start + Week, Hour, 10);
        Run(history, Start + Week + Hour, 60, 80);
        history.Of("route/shop", Figure.Rate).ShouldSatisfyAllConditions(d => d.Rose.ShouldBeFalse(), d => d.Before.ShouldBe(80));

        // More than ever at this hour is trouble still, and so is what is measured of anything else.
        Run(history, Start + Week + Hour + 60, 60, 200);
        history.Of("route/shop", Figure.Rate).Rose.ShouldBeTrue();
    }

    [Fact]
    public void WhatIsUsualOutlivesTheProcessButFirstOneMinuteIsForWarmingUp()
    {
        using var folder = new TempFolder();
        var file = new UsualFile(Path.Combine(folder.Path, "telemetry", "usual.bin"));
        file.Read().ShouldBeEmpty();
        var before = new FigureHistory();
        Run(before, Start, 2 * Hour, 10);
        var kept = before.ToKeep(DateTimeOffset.FromUnixTimeSeconds(Start + (2 * Hour)));
        file.Write(kept).ShouldBeNull();
        var read = file.Read();
        read.Select(u => $"{u.Subject} {u.Figure} {u.Last.Median} {string.Join(',', u.Hours.Keys)}").ShouldBe(kept.Select(u => $"{u.Subject} {u.Figure} {u.Last.Median} {string.Join(',', u.Hours.Keys)}"));
        read.Single(u => u.Subject == "route/shop").Hours.Keys.ShouldBe([0]);

        var after = new FigureHistory();
        after.Long.Restore(read);
        Run(after, Start + (3 * Hour), 55, 300);
        after.Of("route/shop", Figure.Rate).HasBaseline.ShouldBeFalse();
        Run(after, Start + (3 * Hour) + 55, 10, 300);
        after.Of("route/shop", Figure.Rate).ShouldSatisfyAllConditions(d => d.Rose.ShouldBeTrue(), d => d.Before.ShouldBe(10));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(40)]
    public void AFileThatIsCutOffIsNone(int length)
    {
        using var folder = new TempFolder();
        var path = Path.Combine(folder.Path, "usual.bin");
        var history = new FigureHistory();
        Run(history, Start, Hour, 10);
        new UsualFile(path).Write(history.ToKeep(DateTimeOffset.FromUnixTimeSeconds(Start + Hour))).ShouldBeNull();
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..length]);
        new UsualFile(path).Read().ShouldBeEmpty();
    }

    [Fact]
    public void WhatWasNotLookedAtForLongIsForgotten()
    {
        var book = new UsualBook();
        var now = DateTimeOffset.FromUnixTimeSeconds(Start);
        book.Note("route/shop", Figure.Rate, new(10, 1, 100), now);
        book.All(now + TimeSpan.FromDays(14)).Count.ShouldBe(1);
        book.All(now + TimeSpan.FromDays(16)).ShouldBeEmpty();
    }

    [Fact]
    public void ChangesOutliveTheProcess()
    {
        using var folder = new TempFolder();
        var file = new ChangeFile(Path.Combine(folder.Path, "telemetry", "changes.json"));
        file.Read().ShouldBeEmpty();
        SeenChange[] all = [new(DateTimeOffset.FromUnixTimeSeconds(Start), "web", ChangeKind.Release, "web 1 → 2"), new(DateTimeOffset.FromUnixTimeSeconds(Start + 5), "web", ChangeKind.Scale, "web scaled")];
        file.Write(all).ShouldBeNull();
        file.Read().ShouldBe(all);
        File.WriteAllText(Path.Combine(folder.Path, "telemetry", "changes.json"), "[{");
        file.Read().ShouldBeEmpty();
    }

    static void Run(FigureHistory history, long from, int seconds, double value)
    {
        for (var at = from + Thresholds.StepSeconds; at <= from + seconds; at += Thresholds.StepSeconds)
        {
            history.Begin(DateTimeOffset.FromUnixTimeSeconds(at));
            history.Add("route/shop", Figure.Rate, value);
            history.Add("host/a", Figure.Busy, 0.2);
        }
    }
}
