using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Observe.Correlate;
using Mainstay.Observe.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe;

public sealed class ObjectiveTests
{
    static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    static readonly Objective Checkout = new() { Name = "checkout", Spec = new() { Route = "orders-api", Availability = Share.Percent(99.9), P99 = TimeSpan.FromMilliseconds(500) } };

    [Fact]
    public void ABudgetIsSpentByWhatFailsAndNothingElse()
    {
        var (meter, now) = (new ObjectiveMeter(), Start);
        Hours(meter, ref now, 10, errors: 0.0005);
        var standing = ObjectiveJudge.Of(Checkout, meter, [], now);
        var availability = standing.Indicators[0];
        (availability.Of, availability.Actual, availability.BudgetLeft).ShouldBe(("availability", 0.9995, 0.5));
        availability.Nines.ShouldBe(3.3);
        availability.Burns.Select(b => Math.Round(b.LongBurn, 1)).ShouldBe([0.5, 0.5, 0.5]);
        availability.Burns.ShouldAllBe(b => !b.Firing);
        standing.Indicators[1].BudgetLeft.ShouldBe(1);
        (standing.Incidents, standing.MttrSeconds, standing.MttfSeconds).ShouldBe((0, null, null));
    }

    [Fact]
    public void FastBurningFiresAndEndsWithTheTrouble()
    {
        var (meter, now) = (new ObjectiveMeter(), Start);
        Hours(meter, ref now, 6, errors: 0);
        Minutes(meter, ref now, 20, errors: 0.05);
        Firing(meter, now).ShouldBe([true, false, false], "50 times as fast over five minutes, 17 over the hour, 2.6 over six hours");
        Minutes(meter, ref now, 6, errors: 0);
        Firing(meter, now).ShouldBe([false, false, false], "the short window is well again");
    }

    [Fact]
    public void SlowBurningFiresOnlyAfterLongAndLittleTrafficNeedsThreeFailures()
    {
        var (meter, now) = (new ObjectiveMeter(), Start);
        Hours(meter, ref now, 40, errors: 0.002);
        Firing(meter, now).ShouldBe([false, false, true]);

        (meter, now) = (new ObjectiveMeter(), Start);
        Minutes(meter, ref now, 60, errors: 0, perMinute: 0.5);
        meter.Add(now, 2, 2, 0);
        Firing(meter, now)[0].ShouldBeFalse();
        meter.Add(now, 2, 2, 0);
        Firing(meter, now)[0].ShouldBeTrue();
    }

    [Fact]
    public void NothingFiresBeforeHalfOfTheWindowIsKnown()
    {
        var (meter, now) = (new ObjectiveMeter(), Start);
        Minutes(meter, ref now, 29, errors: 0.5);
        Firing(meter, now)[0].ShouldBeFalse();
        Minutes(meter, ref now, 2, errors: 0.5);
        Firing(meter, now)[0].ShouldBeTrue();
    }

    [Fact]
    public void TimesBetweenFailuresAndToRepairComeFromIncidents()
    {
        var (meter, now) = (new ObjectiveMeter(), Start);
        Hours(meter, ref now, 10, errors: 0);
        Incident One(string name, double from, double minutes, string subject) => new()
        {
            Name = name, Title = "", Began = Start.AddHours(from), Opened = Start.AddHours(from), Ended = Start.AddHours(from).AddMinutes(minutes), State = IncidentState.Resolved, Symptoms = [new(subject, "", default)],
        };
        var standing = ObjectiveJudge.Of(Checkout, meter, [One("a", 1, 10, "route/orders-api"), One("b", 5, 20, "objective/checkout"), One("c", 6, 60, "route/other")], now);
        (standing.Incidents, standing.MttrSeconds, standing.MttfSeconds).ShouldBe((2, 900, (36_000 - 1800) / 2));
    }

    [Fact]
    public void CountsOutliveTheProcess()
    {
        using var folder = new TempFolder();
        var path = Path.Combine(folder.Path, "telemetry", "objectives.json");
        var (meter, now) = (new ObjectiveMeter(), Start);
        Hours(meter, ref now, 30, errors: 0.001);
        new ObjectiveFile(path).Write(new Dictionary<string, ObjectiveRecord> { ["checkout"] = meter.Kept() }).ShouldBeNull();
        var again = ObjectiveMeter.From(new ObjectiveFile(path).Read()["checkout"]);
        again.Since.ShouldBe(meter.Since);
        foreach (var window in (TimeSpan[])[TimeSpan.FromMinutes(5), TimeSpan.FromHours(6), TimeSpan.FromDays(30)])
        {
            again.Sum(now, window).ShouldBe(meter.Sum(now, window));
        }

        File.WriteAllText(path, "{");
        new ObjectiveFile(path).Read().ShouldBeEmpty();
    }

    static bool[] Firing(ObjectiveMeter meter, DateTimeOffset now) => [.. ObjectiveJudge.Of(Checkout, meter, [], now).Indicators[0].Burns.Select(b => b.Firing)];

    static void Hours(ObjectiveMeter meter, ref DateTimeOffset now, int hours, double errors) => Minutes(meter, ref now, hours * 60, errors);

    static void Minutes(ObjectiveMeter meter, ref DateTimeOffset now, int minutes, double errors, double perMinute = 600)
    {
        for (var i = 0; i < minutes; i++)
        {
            meter.Add(now, perMinute, perMinute * errors, 0);
            now += TimeSpan.FromMinutes(1);
        }

        now -= TimeSpan.FromSeconds(1);
    }
}
