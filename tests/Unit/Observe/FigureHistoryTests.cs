using Mainstay.Observe.Correlate;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe;

public sealed class FigureHistoryTests
{
    const long Start = 1_800_000_000;

    [Fact]
    public void WhatIsWrongForHoursDoesNotBecomeUsualUntilTheHourIsOver()
    {
        var history = new FigureHistory();
        var at = Start;
        for (var i = 0; i < 100; i++)
        {
            Step(history, ref at, 10);
        }

        history.Of("x", Figure.MeanMs).Rose.ShouldBeFalse();
        for (var i = 0; i < 500; i++)
        {
            Step(history, ref at, 100);
            history.Distrust(history.Step);
        }

        var after = history.Of("x", Figure.MeanMs);
        (after.Before, after.Now, after.Rose).ShouldBe((10, 100, true));

        // After an hour nothing is known that was right: what is now is what there is.
        for (var i = 0; i < 300; i++)
        {
            Step(history, ref at, 100);
            history.Distrust(history.Step);
        }

        history.Of("x", Figure.MeanMs).HasBaseline.ShouldBeFalse();
        for (var i = 0; i < 20; i++)
        {
            Step(history, ref at, 100);
        }

        history.Of("x", Figure.MeanMs).Before.ShouldBe(100);
    }

    [Fact]
    public void ACopyGoesOnByItself()
    {
        var history = new FigureHistory();
        var at = Start;
        for (var i = 0; i < 100; i++)
        {
            Step(history, ref at, 10);
        }

        var copy = history.Copy();
        copy.Of("x", Figure.MeanMs).ShouldBe(history.Of("x", Figure.MeanMs));
        for (var i = 0; i < 3; i++)
        {
            Step(copy, ref at, 100);
        }

        copy.Of("x", Figure.MeanMs).Rose.ShouldBeTrue();
        history.Of("x", Figure.MeanMs).Now.ShouldBe(10);
    }

    [Fact]
    public void SeriesAreBoundedAndForgottenWhenSilent()
    {
        var history = new FigureHistory(most: 2);
        history.Begin(DateTimeOffset.FromUnixTimeSeconds(Start));
        foreach (var name in (string[])["a", "b", "c"])
        {
            history.Add(name, Figure.Rate, 1);
        }

        history.Add("a", Figure.Rate, double.NaN);
        (history.Count, history.Dropped).ShouldBe((2, 1));
        for (var step = 1; step <= Thresholds.StepsKept + 120; step++)
        {
            history.Begin(DateTimeOffset.FromUnixTimeSeconds(Start + (step * Thresholds.StepSeconds)));
        }

        history.Count.ShouldBe(0);
        history.Of("a", Figure.Rate).IsKnown.ShouldBeFalse();
    }

    [Fact]
    public void AGapIsNoValueAndOneOutlierIsNoBaseline()
    {
        var history = new FigureHistory();
        var at = Start;
        for (var i = 0; i < 60; i++)
        {
            Step(history, ref at, i == 30 ? 5000 : 10);
        }

        history.Of("x", Figure.MeanMs).Before.ShouldBe(10);
        for (var i = 0; i < 5; i++)
        {
            at += Thresholds.StepSeconds;
            history.Begin(DateTimeOffset.FromUnixTimeSeconds(at));
        }

        history.Of("x", Figure.MeanMs).IsKnown.ShouldBeFalse();
        history.At("x", Figure.MeanMs, history.Step - 5).ShouldBe(10);
        history.At("x", Figure.MeanMs, history.Step - 2).ShouldBeNull();
    }

    static void Step(FigureHistory history, ref long at, double value)
    {
        at += Thresholds.StepSeconds;
        history.Begin(DateTimeOffset.FromUnixTimeSeconds(at));
        history.Add("x", Figure.MeanMs, value);
    }
}
