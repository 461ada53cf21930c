using Mainstay.Client.Ids;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

public sealed class IdEndpointsTests
{
    [Fact]
    public async Task IdsComeInBatchesInOrderAndLeasesAreGivenAndMadeLonger()
    {
        await using var api = await StartAsync();
        var (_, made, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/ids?count=100");
        var ids = made!["ids"]!.AsArray().Select(i => (string)i!["id"]!).ToArray();
        ids.Distinct().Count().ShouldBe(100);
        ids.ShouldBe(ids.Order(StringComparer.Ordinal));
        IdShape.TryParse(ids[0], out var first).ShouldBeTrue();
        ((string)made["ids"]![0]!["number"]!).ShouldBe($"{first}");

        var (_, lease, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/ids/leases", """{ "holder": "orders-1" }""");
        ((int)lease!["worker"]!).ShouldBe(1, "the server has 0");
        var (_, longer, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/ids/leases", $$"""{ "holder": "orders-1", "worker": 1, "grant": 1, "atMs": {{(long)lease["nowMs"]!}} }""");
        ((int)longer!["worker"]!, (int)longer["grant"]!).ShouldBe((1, 1));
        var (_, other, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/ids/leases", """{ "holder": "orders-1", "worker": 1, "grant": 9, "atMs": 0 }""");
        ((int)other!["worker"]!).ShouldBe(2, "a lease that it does not have is not made longer");

        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/ids?count=0")).Status.ShouldBe(400);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/ids?count=10001")).Status.ShouldBe(400);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/ids/leases", """{ "holder": "" }""")).Status.ShouldBe(400);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/ids/leases", "{}")).Status.ShouldBe(400);
        (await api.GetJsonAsync("/api/v1/id-workers"))["items"]!.AsArray().Count.ShouldBe(3);
    }
}
