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

    static Found Found(string subject, Cause cause) =>
        new(new(subject, SymptomKind.Errors, Criticality.High, $"{subject} fails", At, 1, Deviation.Unknown(Figure.ErrorRatio)), new($"{subject} fails", At, [cause]));
}
