using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Observe.Ingest;
using Mainstay.Observe.Join;
using Mainstay.Observe.Query;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Observe;

public sealed class MapBuilderTests
{
    [Fact]
    public void ADatabaseThatTracesNameIsTheOneServerOfItsKindThatTheCallerNeeds()
    {
        Service[] declared = [Service("orders", needs: ["orders-db", "cache"]), Service("copier", needs: ["orders-db", "reports-db"]), Service("orders-db"), Service("reports-db"), Service("cache"), Service("stray")];
        Edges(declared, "orders>postgresql/shop orders>redis/0 orders>mongodb/shop copier>postgresql/shop stray>postgresql/shop").ShouldBe(
        [
            "copier>orders-db", "copier>postgresql/shop 1", "copier>reports-db", "orders>cache 1", "orders>mongodb/shop 1", "orders>orders-db 1", "stray>postgresql/shop 1",
        ], "copier needs two, and stray none");
        foreach (var system in (string[])["mysql", "mariadb"])
        {
            Edges([Service("orders", needs: ["stock-my"]), Service("stock-my")], $"orders>{system}/shop").ShouldBe(["orders>stock-my 1"]);
        }
    }

    static IEnumerable<string> Edges(Service[] declared, string traced)
    {
        var seen = new Snapshot(CoreKinds.All);
        foreach (var one in declared)
        {
            ProbeKind? kind = one.Name.EndsWith("-db", StringComparison.Ordinal) ? ProbeKind.Postgres : one.Name.EndsWith("-my", StringComparison.Ordinal) ? ProbeKind.Mysql : one.Name == "cache" ? ProbeKind.Redis : null;
            var service = one with { Spec = one.Spec with { Probe = kind is { } k ? new() { Kind = k } : null } };
            var key = CoreKinds.All.Of(typeof(Service)).KeyOf(one.Name);
            seen.Take(new(key, new Entry(key, Codec.Encode(service), 1, 1, 1), null), 1);
        }

        var calls = traced.Split(' ').Select(e => e.Split('>')).ToDictionary(e => new EdgeKey(e[0], e[1]), _ => new EdgeFigures(1, 0, 1, 1));
        var map = MapBuilder.Build(
            seen, new Dictionary<EdgeKey, EdgeFigures>(), new Dictionary<string, EdgeFigures>(), new(Lifecycle.Run, "", "", 1, 1), default, new TracedCalls(calls, new Dictionary<string, PeerKind>()));
        return map.Edges.Select(e => $"{e.From}>{e.To}{(e.RequestsPerSecond > 0 ? " 1" : "")}").Order(StringComparer.Ordinal);
    }
}
