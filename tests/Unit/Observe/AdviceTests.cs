using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Observe.Correlate;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Tests.Observe;

public sealed class AdviceTests
{
    static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("cpu", "host/a", "scale service/web 2")]
    [InlineData("surge", "service/web", "scale service/web 2, admit service/web 384")]
    [InlineData("rowLock", "database/shop-db", "degrade route/shop serveStale, admit service/web 384")]
    [InlineData("slowStatement", "statement/SELECT 1", "degrade route/shop serveStale, admit service/web 384")]
    [InlineData("gc", "service/web", "restart service/web ")]
    [InlineData("instance", "instance/web-1", "replace service/web web-1, eject service/web web-1")]
    [InlineData("instance", "instance/web-2", "restart service/web ")]
    [InlineData("change", "service/web", "rollback service/web ")]
    [InlineData("databaseDown", "database/shop-db", "degrade route/shop serveStale, advice shop-db -")]
    [InlineData("cacheDown", "cache/web", "degrade route/shop serveStale, restart service/web ")]
    [InlineData("queueDown", "queue/idle", "degrade route/shop serveStale, advice service/idle -")]
    [InlineData("unknown", "service/web", "")]
    public void TheCauseDecides(string kind, string target, string actions) =>
        string.Join(", ", Advice.For(One(kind, target), Seen(InterventionMode.Suggest)).Select(a => $"{a.Do} {a.About} {a.Argument ?? "-"}")).ShouldBe(actions);

    [Fact]
    public void ADatabaseIsNeverScaledInto() =>
        ((string[])["rowLock", "slowStatement", "slowStore", "connectionPool", "databaseDown"]).SelectMany(k => Advice.For(One(k, "database/shop-db"), Seen(InterventionMode.Act))).ShouldAllBe(a => a.Do != "scale");

    [Fact]
    public void NothingIsSuggestedWhereItIsOff() => Advice.For(One("gc", "service/web"), Seen(InterventionMode.Off)).ShouldBeEmpty();

    [Fact]
    public void ItActsOnlyWhereItMayWhenItIsSureOneAtATimeAndSoOftenAnHour()
    {
        var acting = Seen(InterventionMode.Act);
        var incident = With(One("gc", "service/web"), acting);
        ActionDecide.Next(incident, acting, Now.AddSeconds(5)).ShouldBeNull("it has just begun");
        ActionDecide.Next(incident, acting, Now.AddSeconds(15))!.Do.ShouldBe("restart");
        ActionDecide.Next(incident, Seen(InterventionMode.Suggest), Now.AddSeconds(15)).ShouldBeNull();
        ActionDecide.Next(incident with { Causes = [incident.Causes[0] with { Confidence = 0.5 }] }, acting, Now.AddSeconds(15)).ShouldBeNull();
        ActionDecide.Next(incident with { State = IncidentState.Resolved }, acting, Now.AddSeconds(15)).ShouldBeNull();
        var done = incident.Actions[0] with { State = ActionState.Done, At = Now };
        ActionDecide.Next(incident with { Actions = [done, incident.Actions[0]] }, acting, Now.AddSeconds(15)).ShouldBeNull();

        var spent = Seen(InterventionMode.Act, Enumerable.Range(0, 3).Select(i => One("gc", "service/web") with { Name = $"old{i}", Actions = [done with { State = ActionState.Helped }] }));
        ActionDecide.Next(incident, spent, Now.AddSeconds(15)).ShouldBeNull();
        ActionDecide.Next(incident with { Opened = Now.AddMinutes(59) }, spent, Now.AddMinutes(61)).ShouldNotBeNull();
    }

    [Fact]
    public void WhatWasDoneIsJudged()
    {
        var incident = One("rowLock", "database/shop-db") with { Actions = [new("a1", "degrade", "route/shop", "throw it") { State = ActionState.Done, At = Now, Intervention = "x", Argument = "serveStale" }] };
        var seen = Seen(InterventionMode.Act);
        ActionDecide.Judged(incident, seen, Now.AddSeconds(89)).ShouldBeSameAs(incident);
        var failed = ActionDecide.Judged(incident, seen, Now.AddSeconds(95)).Actions[0];
        (failed.State, failed.Verdict).ShouldBe((ActionState.DidNotHelp, "the trouble went on 95 s after it; it was ended"));
        var helped = ActionDecide.Judged(incident with { State = IncidentState.Resolved, Ended = Now.AddSeconds(20) }, seen, Now.AddSeconds(50)).Actions[0];
        (helped.State, helped.Verdict).ShouldBe((ActionState.Helped, "nothing was felt any more 20 s after it"));
    }

    [Fact]
    public void WhatHelpedIsSuggestedAgainWhenTheTroubleComesBackAndWhatDidNotIsNot()
    {
        var seen = Seen(InterventionMode.Act);
        string Again(ActionState state) => string.Join(", ", ActionDecide.Advised(
            One("change", "service/web") with { Actions = [new("a1", "rollback", "service/web", "") { State = state, At = Now, Argument = "" }] }, seen).Select(a => $"{a.Id} {a.Do} {a.State}"));
        Again(ActionState.Helped).ShouldBe("a1 rollback Helped, a2 rollback Suggested");
        Again(ActionState.DidNotHelp).ShouldBe("a1 rollback DidNotHelp");
        Again(ActionState.Done).ShouldBe("a1 rollback Done");
    }

    [Fact]
    public void AMoveOfInstancesIsJudgedOnceTheyHaveComeAndGone()
    {
        var incident = One("instance", "instance/web-1") with { Actions = [new("a1", "replace", "service/web", "") { State = ActionState.Done, At = Now, Argument = "web-1" }] };
        ActionDecide.Judged(incident, Seen(InterventionMode.Act), Now.AddSeconds(100)).ShouldBeSameAs(incident, "web-1 is still there");
        var gone = Seen(InterventionMode.Act, without: "web-1", readyAt: Now.AddSeconds(70));
        ActionDecide.Judged(incident, gone, Now.AddSeconds(159)).ShouldBeSameAs(incident, "what took its place is ready for 89 s");
        ActionDecide.Judged(incident, gone, Now.AddSeconds(160)).Actions[0].State.ShouldBe(ActionState.DidNotHelp);
        ActionDecide.Judged(incident, Seen(InterventionMode.Act), Now.AddMinutes(10)).Actions[0].State.ShouldBe(ActionState.DidNotHelp, "it is no longer waited for");
        ActionDecide.Judged(incident with { State = IncidentState.Resolved, Ended = Now.AddSeconds(20) }, Seen(InterventionMode.Act), Now.AddSeconds(30)).Actions[0].State.ShouldBe(ActionState.Helped);
    }

    [Fact]
    public void WhatBurnsProcessorsAndIsSlowBesideItsPeersIsReplacedFirst()
    {
        var incident = One("cpu", "host/a");
        incident = incident with { Causes = [.. incident.Causes, new("instance", "instance/web-1", 0.5, [])] };
        string.Join(", ", Advice.For(incident, Seen(InterventionMode.Suggest)).Select(a => $"{a.Id} {a.Do} {a.Argument}")).ShouldBe("a1 replace web-1, a2 eject web-1, a3 scale 2");
    }

    static Incident One(string kind, string target) => new()
    {
        Name = "i1", Title = "", Began = Now, Opened = Now, Symptoms = [new("route/shop", "", Now), new("service/web", "", Now)], Causes = [new(kind, target, 0.9, [])],
    };

    static Incident With(Incident incident, Snapshot seen) => incident with { Actions = Advice.For(incident, seen) };

    static Snapshot Seen(InterventionMode mode, IEnumerable<Incident>? incidents = null, string? without = null, DateTimeOffset? readyAt = null)
    {
        var web = Service("web");
        Resource[] all =
        [
            web with { Status = new() { State = Lifecycle.Run, Wanted = 1, Ready = 1 }, Spec = web.Spec with { Interventions = new() { Mode = mode }, Traffic = new() { Levels = new() } } },
            Service("idle") with { Status = new() { State = Lifecycle.Ready, Wanted = 1, Ready = 0 } },
            Instance("web-1", "web", "a"), Instance("web-2", "web", "a") with { Status = new() { State = InstanceState.Ready, ReadyAt = readyAt } }, new HostRecord { Name = "a" }, new HostRecord { Name = "b" },
            new Route { Name = "shop", Spec = new() { Match = new(), To = "web", Degrade = new() { ServeStale = TimeSpan.FromMinutes(1) } } },
            .. incidents ?? [],
        ];
        var seen = new Snapshot(CoreKinds.All);
        foreach (var one in all.Where(r => r.Name != without))
        {
            var key = CoreKinds.All.Of(one.GetType()).KeyOf(one.Name);
            seen.Take(new(key, new Entry(key, Codec.Encode(one), 1, 1, 1), null), 1);
        }

        return seen;
    }
}
