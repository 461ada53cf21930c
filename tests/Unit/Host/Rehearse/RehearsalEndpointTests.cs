using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Tests.Host.Api;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Rehearse;

public sealed class RehearsalEndpointTests
{
    [Fact]
    public async Task ARehearsalTellsWhatWouldHappenAndChangesNothing()
    {
        await using var api = await ApiFixture.StartAsync();
        await api.PutAsync([.. RehearsalStage.Of("host h1\nhost h2\nservice web instances=2 criticality=critical\nroute shop web").Resources]);
        var (revision, before) = (api.Store.Revision, Keys(await api.Store.RangeAsync("")));

        var (status, report, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/simulate", """{ "what": "host-down", "names": ["h1"], "for": "30s", "seed": 3 }""");
        status.ShouldBe(200, report?.ToJsonString());
        ((string)report!["title"]!).ShouldBe("host-down h1");
        ((int)report["seed"]!).ShouldBe(3);
        report["lines"]!.AsArray().Select(l => (string)l!["text"]!).ShouldContain(l => l.StartsWith("h1 is lost", StringComparison.Ordinal));
        ((string)report["services"]!.AsArray().Single()!["criticality"]!).ShouldBe("critical");

        api.Store.Revision.ShouldBe(revision, "the store was written to");
        Keys(await api.Store.RangeAsync("")).ShouldBe(before);
        api.Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task EverythingThatIsWrongIsToldAtOnceWithARemedy()
    {
        await using var api = await ApiFixture.StartAsync();
        await api.PutAsync([.. RehearsalStage.Of("host h1\nservice web").Resources]);
        var (status, word, body) = await api.ProblemAsync(HttpMethod.Post, "/api/v1/simulate", """{ "what": "release", "names": ["wbe"], "version": "two", "errorRate": "5", "slow": "3", "for": "2h", "factor": "x2" }""");
        (status, word).ShouldBe((422, "invalid"));
        var problems = body["problems"]!.AsArray();
        problems.Select(p => (string)p!["path"]!).ShouldBe(["names", "factor", "version", "errorRate", "slow", "for"]);
        problems.ShouldAllBe(p => ((string)p!["remedy"]!).Length > 5);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/simulate", """{ "what": "flood" }""")).Status.ShouldBe(422);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/simulate", """{ "whats": "flood" }""")).Status.ShouldBe(400);
    }

    static IReadOnlyList<(string, long)> Keys(RangeResult range) => [.. range.Entries.Select(e => (e.Key, e.ModRevision))];
}
