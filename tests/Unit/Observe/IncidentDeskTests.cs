using Mainstay.Core.Kinds;
using Mainstay.Observe.Correlate;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe;

/// <summary>Which symptoms belong to one incident.</summary>
public sealed class IncidentDeskTests
{
    static readonly DateTimeOffset At = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void WhatIsSeenOfOneDatabaseIsOneIncident()
    {
        var opened = new IncidentDesk().Next(
            [],
            [
                Found("route/shop", new(CauseKind.SlowStatement, "statement/select 1", 0.6, []) { Store = "database/orders-db" }),
                Found("service/orders", new(CauseKind.SlowStore, "database/orders-db", 0.33, [])),
                Found("service/web", new(CauseKind.DatabaseDown, "database/orders-db", 0.77, [])),
            ],
            At);
        var one = opened.ShouldHaveSingleItem();
        one.Causes[0].ShouldSatisfyAllConditions(c => c.Kind.ShouldBe("databaseDown"), c => c.Target.ShouldBe("database/orders-db"));
        one.Symptoms.Select(s => s.Subject).ShouldBe(["route/shop", "service/orders", "service/web"]);
    }

    [Fact]
    public void TwoDatabasesAndAServiceWithoutConnectionsAreThree() =>
        new IncidentDesk().Next(
            [],
            [
                Found("service/a", new(CauseKind.SlowStore, "database/one", 0.6, [])),
                Found("service/b", new(CauseKind.RowLock, "database/two", 0.6, [])),
                Found("service/c", new(CauseKind.ConnectionPool, "service/c", 0.6, [])),
            ],
            At).Count.ShouldBe(3);

    [Fact]
    public void WhatIsFaintInTheSymptomThatIsTheSurestIsTakenFromAnother() =>
        new IncidentDesk().Next(
            [],
            [
                Found("route/shop", Busy(0.9)),
                Found("service/orders", Busy(0.6), Burner),
                Found("service/web", new Cause(CauseKind.Unknown, "service/web", 0.2, [])),
            ],
            At).SelectMany(i => i.Causes).Select(c => (c.Kind, c.Confidence)).ShouldBe([("cpu", 0.9), ("instance", 0.5)], ignoreOrder: true);

    [Fact]
    public void ACauseThatComesInIsWrittenAtOnceWhileTheIncidentIsYoung()
    {
        var desk = new IncidentDesk();
        var opened = desk.Next([], [Found("service/orders", Busy(0.6))], At);
        desk.Next(opened, [Found("service/orders", Busy(0.6))], At.AddSeconds(5)).ShouldBeEmpty();
        desk.Next(opened, [Found("service/orders", Busy(0.6), Burner)], At.AddSeconds(10)).ShouldHaveSingleItem().Causes.Count.ShouldBe(2);
        desk.Next(opened, [Found("service/orders", Busy(0.6))], At.AddSeconds(45)).ShouldNotBeEmpty();
        desk.Next(opened, [Found("service/orders", Busy(0.6), Burner)], At.AddMinutes(3)).ShouldBeEmpty();
    }

    static Cause Busy(double confidence) => new(CauseKind.Cpu, "host/a", confidence, []);

    static Cause Burner => new(CauseKind.Instance, "instance/orders-1", 0.5, []);

    static Found Found(string subject, Cause first, params Cause[] others) =>
        new(new(subject, SymptomKind.Errors, Criticality.High, $"{subject} fails", At, 1, Deviation.Unknown(Figure.ErrorRatio)), new($"{subject} fails", At, [first, .. others]));
}
