using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Store;
using Mainstay.Deliver;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Deliver;

/// <summary>A manifest with as many routes as it may have is read, applied and applied again; with one more it is refused.</summary>
public sealed class ManyRoutesTests
{
    [Fact]
    public async Task Ten_thousand_routes_are_applied()
    {
        await using var store = new MemoryStore(new FakeTime());
        var applier = new Applier(store, CoreKinds.All, new FakeTime(), ManifestScenarios.Around.Folders, 7070);
        var outcome = await applier.ApplyAsync(Request(ArchitectureSpec.MostRoutes, "2s"), new("ann", "test"));
        outcome.Problems.ShouldBeEmpty();
        outcome.Result.ShouldBe(ApplyResult.Applied);
        (await store.RangeAsync("route/")).Entries.Count.ShouldBe(ArchitectureSpec.MostRoutes);

        // All of them changed at once is the largest commit and the largest version.
        outcome = await applier.ApplyAsync(Request(ArchitectureSpec.MostRoutes, "3s"), new("ann", "test"));
        outcome.Result.ShouldBe(ApplyResult.Applied);
        outcome = await applier.ApplyAsync(Request(ArchitectureSpec.MostRoutes + 1, "3s"), new("ann", "test"));
        outcome.Problems.ShouldContain(p => p.ToString().Contains("more than 10000", StringComparison.Ordinal));
    }

    static ApplyRequest Request(int routes, string timeout)
    {
        var text = new StringBuilder("architecture: many\nservices: { web: { run: ./web } }\ngateway:\n  routes:\n");
        for (var i = 0; i < routes; i++)
        {
            text.Append($"    tenant-{i}: {{ match: {{ host: h{i % 200}.example.test, path: '/tenants/{i}/{{**rest}}', methods: [GET, POST] }}, to: web, timeout: {timeout} }}\n");
        }

        return new() { Files = [new("m.yaml", text.ToString())], BaseFolder = "/shop" };
    }
}
