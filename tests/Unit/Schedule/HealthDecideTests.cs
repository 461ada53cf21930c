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
        var view = new HealthView(HealthState.Unknown, Start);
        double After(double seconds) => HealthDecide.Pause(spec, view, Start.AddSeconds(seconds)).TotalMilliseconds;

        After(0).ShouldBe(10);
        After(0.4).ShouldBe(20);
        After(2).ShouldBe(100);
        After(30).ShouldBe(250);
        HealthDecide.Pause(spec, view with { State = HealthState.Healthy }, Start).ShouldBe(spec.Interval);
        HealthDecide.Pause(spec with { Interval = TimeSpan.FromMilliseconds(100) }, view, Start.AddSeconds(30)).TotalMilliseconds.ShouldBe(100);
        HealthDecide.Pause(spec with { Command = "check" }, view, Start).TotalMilliseconds.ShouldBe(250);
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
