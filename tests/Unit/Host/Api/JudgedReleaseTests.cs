using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Api.Observe;
using Mainstay.Observe.Numbers;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Api;

/// <summary>What is counted of a release that is judged: requests by instance, calls by the address that they came by, statements by spans.</summary>
public sealed class JudgedReleaseTests
{
    static readonly ReleaseStatus Canary = new() { To = "new", Version = "2.0.0", From = "1.0.0", Strategy = ReleaseStrategy.Canary, Stage = ReleaseStage.Holding, Share = Share.Percent(20) };

    readonly JudgedRelease judged = new(Canary, new());

    [Fact]
    public void Calls_by_the_new_versions_address_are_the_new_versions()
    {
        judged.Look(Canary, Instances(true));
        for (var look = 0; look < 12; look++)
        {
            Second(calls: 10);
            judged.Look(Canary, Instances(true)).ShouldBeFalse();
        }

        judged.Harm.ShouldNotBeNull().ShouldStartWith("harm to orders: 10 calls per request against 1, in ");
        var report = judged.Report();
        (report.Verdict, report.Message).ShouldBe((ReleaseVerdict.Harmful, judged.Harm));
        var orders = report.Callees.ShouldNotBeNull().ShouldHaveSingleItem();
        (orders.Name, orders.OldRate, orders.NewRate, orders.Old.Requests, orders.New.Requests).ShouldBe(("orders", 1, 10, 12 * 40, 12 * 100));
    }

    [Fact]
    public void Where_versions_cannot_be_told_apart_or_one_gets_nothing_calls_say_nothing()
    {
        judged.Look(Canary, Instances(null));
        Second(calls: 10);
        judged.Look(Canary with { Share = default }, Instances(true));
        Second(calls: 10);
        judged.Look(Canary, Instances(true));
        judged.Report().Callees.ShouldBeNull();
    }

    [Fact]
    public void A_statement_that_takes_longer_than_the_old_versions_is_harm()
    {
        judged.Look(Canary, Instances(true));
        static InstanceWindow Window(string instance, string? statement, double ms) => new(instance, statement, 60, 0, [(ms * 1e6, 60)]);
        for (var window = 0; window < 3 && judged.Harm is null; window++)
        {
            judged.CountSpans([Window("web-1", null, 10), Window("web-1", "select *", 5), Window("web-2", null, 10), Window("web-2", "select *", 50)]);
        }

        judged.Harm.ShouldNotBeNull().ShouldStartWith("harm to select *: slower: 0.0% errors and p99 5");
    }

    static Instance[] Instances(bool? newIsOther)
    {
        static Instance Of(string name, string hash, bool? other) =>
            new() { Name = name, Service = "web", Host = "h1", Template = new() { Hash = hash, Run = "./web", Folder = "/", Health = new(), Restart = new(), Other = other } };
        return [Of("web-1", "old", null), Of("web-2", "new", newIsOther)];
    }

    // Forty requests to the old version, ten to the new one, each with so many calls of 5 ms.
    void Second(int calls)
    {
        var bucket = LatencyBuckets.IndexOf(5000);
        judged.Count("web-1", 40, 0, [bucket, 40]);
        judged.Count("web-2", 10, 0, [bucket, 10]);
        judged.CountCalls("orders", false, 40, 0, [bucket, 40]);
        judged.CountCalls("orders", true, 10 * calls, 0, [bucket, 10 * calls]);
    }
}
