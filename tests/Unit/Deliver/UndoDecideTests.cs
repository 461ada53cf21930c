using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Deliver.Decide;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Deliver;

public sealed class UndoDecideTests
{
    static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void TheNewestVersionInWhichItWasOtherIsGoneBackTo()
    {
        ArchitectureVersion[] history = [Version(4, "web 2", "api 1"), Version(3, "web 2", "api 2"), Version(2, "web 1", "api 2"), Version(1, "web 0")];
        Said(UndoDecide.Next(history, "web", "mainstay", Now)).ShouldBe("2");
        Said(UndoDecide.Next(history, "api", "mainstay", Now)).ShouldBe("3");
    }

    [Fact]
    public void WhatMainstayDidItselfIsNotUndoneNorWhatIsOldOrWasNeverOther()
    {
        Said(UndoDecide.Next([Version(2, "web 2") with { By = "mainstay" }, Version(1, "web 1")], "web", "mainstay", Now)).ShouldBe("the last change of web, version 2, was made by mainstay itself");
        Said(UndoDecide.Next([Version(2, "web 2") with { At = Now.AddMinutes(-16) }, Version(1, "web 1")], "web", "mainstay", Now)).ShouldBe("the last change of web, version 2, is older than 15m");
        Said(UndoDecide.Next([Version(2, "web 1", "api 1"), Version(1, "web 1")], "web", "mainstay", Now)).ShouldBe("no earlier version has another 'web'");
        Said(UndoDecide.Next([Version(2, "web 1", "api 1"), Version(1, "web 1")], "api", "mainstay", Now)).ShouldBe("no earlier version has another 'api'");
        Said(UndoDecide.Next([], "web", "mainstay", Now)).ShouldBe("there is no service 'web'");
    }

    [Fact]
    public void OtherNumbersOfInstancesAndOtherModesAreNoChangeThatIsUndone()
    {
        var version = Version(2, "web 1");
        var web = version.Services["web"];
        var other = version with { Services = new Dictionary<string, VersionedService> { ["web"] = web with { Spec = web.Spec with { Interventions = new() { Mode = InterventionMode.Act } } } } };
        Said(UndoDecide.Next([other, Version(1, "web 1")], "web", "mainstay", Now)).ShouldBe("no earlier version has another 'web'");
    }

    static string Said((ArchitectureVersion? To, Mainstay.Core.Kinds.Problem? Why) next) => next.To?.Name ?? next.Why!.What;

    static ArchitectureVersion Version(int number, params string[] services) => new()
    {
        Name = $"{number}", Number = number, At = Now.AddMinutes(-1), By = "root (cli)", Title = "shop", BaseFolder = "/shop",
        Services = services.Select(s => s.Split(' ')).ToDictionary(s => s[0], s => new VersionedService(new ServiceSpec { Run = "run", Version = $"{s[1]}.0.0" }, null, null)),
    };
}
