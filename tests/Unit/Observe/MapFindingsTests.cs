using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Observe.Correlate;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Store.Traces;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Observe;

public sealed class MapFindingsTests
{
    static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void ACycleIsToldWithItsPathAndWhetherOneRequestGoesRound()
    {
        Resource[] declared = [Service("orders", needs: "stock"), Service("stock", needs: "prices"), Service("prices")];
        Of(declared, "orders>stock stock>prices").ShouldNotContain(f => f.StartsWith("Cycle", StringComparison.Ordinal));
        Of(declared, "orders>stock stock>prices prices>orders", proof: "abc").ShouldContain("Cycle orders,stock,prices,orders abc");
        Of(declared, "orders>stock stock>prices prices>orders").ShouldContain("Cycle orders,stock,prices,orders ");

        // What sends to a queue and takes from it is no cycle: the queue is no service.
        Of([Service("web")], "web>rabbitmq/mails rabbitmq/mails>web").ShouldBeEmpty();
    }

    [Fact]
    public void WhatACriticalServiceCannotDoWithoutIsAsCriticalAlongTheWholeChain()
    {
        Resource[] declared = [Service("web", Criticality.Critical, "orders"), Service("orders", Criticality.Critical, "stock"), Service("stock", Criticality.Medium, "prices"), Service("prices", Criticality.Low), Service("reviews", Criticality.Low)];
        Of(declared, "").ShouldBe(["CriticalOnLesser orders,stock,prices ", "CriticalOnLesser orders,stock "]);

        var spared = Service("web", Criticality.Critical) with { Spec = Service("web", Criticality.Critical).Spec with { Needs = new Dictionary<string, NeedSpec> { ["reviews"] = new() { Optional = true } } } };
        Of([spared, Service("reviews", Criticality.Low)], "web>reviews").ShouldBeEmpty();

        // A route may matter more than the service behind it.
        Of([Service("orders"), new Route { Name = "checkout", Spec = new() { Match = new(), To = "orders", Criticality = Criticality.Critical } }], "")
            .ShouldBe(["CriticalOnLesser route/checkout,orders "]);
    }

    [Fact]
    public void CallsAndNeedsAreCompared()
    {
        Resource[] declared = [Service("web", needs: "orders"), Service("orders"), Service("reviews")];
        Of(declared, "gateway>web web>reviews", after: TimeSpan.FromMinutes(9)).ShouldBe(["UndeclaredNeed web,reviews "]);
        Of(declared, "gateway>web web>reviews", after: TimeSpan.FromMinutes(11)).ShouldBe(["UndeclaredNeed web,reviews ", "UnusedNeed web,orders "]);
        Of(declared, "gateway>web web>orders web>reviews", after: TimeSpan.FromMinutes(11)).ShouldBe(["UndeclaredNeed web,reviews "]);
        Of(declared, "web>reviews", after: TimeSpan.FromMinutes(11)).ShouldBe(["UndeclaredNeed web,reviews "], "web was not asked for anything: its needs are not known to be unused");
    }

    [Fact]
    public void ABrokerIsCalledByItsQueues()
    {
        Service Broker() => Service("events") with { Spec = Service("events").Spec with { Probe = new() { Kind = ProbeKind.Rabbitmq } } };
        Resource[] declared = [Service("web", needs: "events"), Service("mailer", needs: "events"), Broker()];
        Of(declared, "gateway>web web>rabbitmq/mails rabbitmq/mails>mailer", after: TimeSpan.FromMinutes(11)).ShouldBeEmpty();
        Of(declared, "gateway>web rabbitmq/mails>mailer", after: TimeSpan.FromMinutes(11)).ShouldBe(["UnusedNeed web,events "]);
    }

    [Fact]
    public void ATraceProvesACycleWhenTheServicesStandBelowEachOther()
    {
        StoredSpan[] round = [Span(1, 0, "a"), Span(2, 1, "a"), Span(3, 2, "b"), Span(4, 3, "c"), Span(5, 4, "a")];
        CycleProof.Goes(round, ["a", "b", "c", "a"]).ShouldBeTrue();
        CycleProof.Goes(round, ["a", "c", "b", "a"]).ShouldBeFalse();
        CycleProof.Goes([Span(1, 0, "a"), Span(2, 1, "b"), Span(3, 0, "b"), Span(4, 3, "a")], ["a", "b", "a"]).ShouldBeFalse("two requests, each only half way");
        CycleProof.Goes([Span(1, 2, "a"), Span(2, 1, "b")], ["a", "b", "a"]).ShouldBeTrue("parents that are each other's end the walk all the same");
    }

    static IReadOnlyList<string> Of(Resource[] declared, string edges, string? proof = null, TimeSpan? after = null)
    {
        var seen = new Snapshot(CoreKinds.All);
        foreach (var one in declared)
        {
            var key = CoreKinds.All.Of(one.GetType()).KeyOf(one.Name);
            seen.Take(new(key, new Entry(key, Codec.Encode(one), 1, 1, 1), null), 1);
        }

        var ledger = new EdgeLedger(Start);
        foreach (var edge in edges.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(e => e.Split('>')))
        {
            ledger.See(new(edge[0], edge[1]), 100, Start);
        }

        return [.. MapFindings.Of(seen, ledger, new HashSet<string>(), Start + (after ?? TimeSpan.Zero), _ => proof).Select(f => $"{f.Kind} {string.Join(',', f.Path)} {f.Trace}")];
    }

    static StoredSpan Span(ulong id, ulong parent, string service) => new()
    {
        Trace = default, Span = id, Parent = parent, Service = service, Instance = "", Name = "x", Kind = SpanKind.Server, Status = SpanStatus.Unset, StatusMessage = "", Shared = false, Start = 0, End = 1,
    };
}
