using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Decide;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule;

public sealed class HealthDecideTests
{
    static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    readonly HealthSpec spec = new() { Failures = 3 };

    [Fact]
    public void OneGoodCheckIsEnoughToBeHealthy() => States(".").ShouldBe("H");

    [Fact]
    public void OnlyFailuresInARowMakeUnhealthy() => States(".xx.xxx.").ShouldBe("HHHHHHUH");

    [Fact]
    public void WhatWasNeverHealthyDoesNotBecomeUnhealthy() => States("xxxxxx").ShouldBe("??????");

    [Fact]
    public void SinceIsTheTimeOfTheTransition()
    {
        var first = HealthDecide.After(spec, new(HealthState.Unknown, Start), null, Start.AddSeconds(1));
        HealthDecide.After(spec, first, null, Start.AddSeconds(2)).Since.ShouldBe(Start.AddSeconds(1));
    }

    [Fact]
    public void AStartIsCheckedQuicklyAndThenMoreSlowly()
    {
        var pauses = new List<double>();
        var view = new HealthView(HealthState.Unknown, Start);
        for (var i = 0; i < 40; i++)
        {
            view = HealthDecide.After(spec, view, "refused", Start);
            pauses.Add(HealthDecide.Pause(spec, view).TotalMilliseconds);
        }

        pauses[0].ShouldBe(50);
        pauses[^1].ShouldBe(250);
        pauses.ShouldBeInOrder(SortDirection.Ascending);
        HealthDecide.Pause(spec, view with { State = HealthState.Healthy }).ShouldBe(spec.Interval);
        HealthDecide.Pause(spec with { Interval = TimeSpan.FromMilliseconds(100) }, view).TotalMilliseconds.ShouldBe(100);
        HealthDecide.Pause(spec with { Command = "check" }, new(HealthState.Unknown, Start)).TotalMilliseconds.ShouldBe(250);
    }

    [Fact]
    public void OnlyTransitionsAndTheCauseOfALateStartAreNews()
    {
        var unknown = new HealthView(HealthState.Unknown, Start, Message: "refused");
        HealthDecide.IsNews(unknown, unknown with { Checks = 2 }).ShouldBeFalse();
        HealthDecide.IsNews(unknown, unknown with { Message = "503" }).ShouldBeTrue();
        var healthy = unknown with { State = HealthState.Healthy };
        HealthDecide.IsNews(unknown, healthy).ShouldBeTrue();
        HealthDecide.IsNews(healthy, healthy with { Message = "503", Failures = 1 }).ShouldBeFalse();
    }

    string States(string results)
    {
        var view = new HealthView(HealthState.Unknown, Start);
        var states = "";
        foreach (var result in results)
        {
            view = HealthDecide.After(spec, view, result == '.' ? null : "refused", Start);
            states += view.State switch { HealthState.Healthy => 'H', HealthState.Unhealthy => 'U', _ => '?' };
        }

        return states;
    }
}
