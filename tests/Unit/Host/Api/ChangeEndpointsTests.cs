using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Host.Security;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;
using Gateway = Mainstay.Core.Kinds.Traffic.Gateway;

namespace Mainstay.Tests.Host.Api;

public sealed class ChangeEndpointsTests
{
    const string Shop = """
        architecture: shop
        services:
          web: { run: ./web, instances: { min: 1, max: 4 }, needs: { orders: {} } }
          orders: { run: ./orders }
        gateway: { routes: { all: { match: { path: "/{**rest}" }, to: web } } }
        """;

    static string Body(string text, string? message = null) => new JsonObject
    {
        ["files"] = new JsonArray(new JsonObject { ["path"] = "mainstay.yaml", ["text"] = text }),
        ["baseFolder"] = Path.GetTempPath(),
        ["message"] = message ?? "",
    }.ToJsonString();

    static async Task<ApiFixture> ShopAsync()
    {
        var api = await StartAsync();
        (await api.SendAsync(HttpMethod.Post, "/api/v1/apply", Body(Shop))).Status.ShouldBe(200);
        return api;
    }

    [Fact]
    public async Task AnApplyMakesAVersionThatSaysWhoAndWhy()
    {
        await using var api = await StartAsync();
        var (status, body, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/apply?dryRun=true", Body(Shop));
        (status, (bool)body!["dryRun"]!, (bool)body["changed"]!, (int)body["version"]!).ShouldBe((200, true, true, 1));
        api.Store.Revision.ShouldBe(0);

        (status, body, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/apply", Body(Shop, "begin"), r => r.Headers.Add(Identity.Header, "ada (cli)"));
        (status, (int)body!["version"]!, (bool)body["changed"]!).ShouldBe((200, 1, true));
        body["changes"]!.AsArray().Select(c => (string)c!["path"]!).ShouldContain("services.web");
        var version = (await api.ReadAsync<ArchitectureVersion>("1"))!;
        (version.By, version.Message).ShouldBe(("ada (cli)", "begin"));
        ((string)(await api.GetJsonAsync("/api/v1/audits"))["items"]![0]!["from"]!).ShouldStartWith("127.0.0.1");

        (_, body, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/apply", Body(Shop));
        ((int)body!["version"]!, (bool)body["changed"]!).ShouldBe((1, false));
    }

    [Fact]
    public async Task AnInvalidManifestIsAllItsProblemsWithTheirPlacesAndChangesNothing()
    {
        await using var api = await StartAsync();
        var (status, word, body) = await api.ProblemAsync(HttpMethod.Post, "/api/v1/apply", Body("architecture: shop\nservices:\n  web: { rum: ./web }\n  b: { run: x, needs: { nobody: {} } }\n"));
        (status, word).ShouldBe((422, "invalid"));
        var problems = body["problems"]!.AsArray();
        problems.Count.ShouldBeGreaterThanOrEqualTo(2);
        problems.ShouldAllBe(p => (string)p!["file"]! == "mainstay.yaml" && (int)p["line"]! > 0 && (int)p["column"]! > 0 && p["remedy"] != null);
        api.Store.Revision.ShouldBe(0);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"files":[],"baseFolder":"/"}""")]
    [InlineData("""{"files":null,"baseFolder":"/"}""")]
    [InlineData("""{"files":[{"path":"a"}],"baseFolder":"/"}""")]
    [InlineData("""{"files":[null],"baseFolder":"/"}""")]
    [InlineData("""{"files":[{"path":"a","text":"b"}],"baseFolder":null}""")]
    [InlineData("""{"files":[{"path":"a","text":"b"}],"baseFolder":"/","mesage":"typo"}""")]
    public async Task AWrongBodyIsAProblem(string json)
    {
        await using var api = await StartAsync();
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/apply", json)).Status.ShouldBe(400);
        api.Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task ABodyThatIsNoJsonOrTooLargeIsRefused()
    {
        await using var api = await StartAsync();
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/apply", with: r => r.Content = new StringContent("x"))).Status.ShouldBe(415);
        var (status, word, _) = await api.ProblemAsync(HttpMethod.Post, "/api/v1/apply", new string(' ', (12 << 20) + 1), r => r.Headers.ExpectContinue = true);
        (status, word).ShouldBe((413, "too-large"));
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/services/web/scale", new string(' ', (1 << 20) + 1), r => r.Headers.ExpectContinue = true)).Status.ShouldBe(413);
    }

    [Fact]
    public async Task ObjectivesAndRulesArePutAndTakenAwayLikeRoutes()
    {
        await using var api = await ShopAsync();
        const string body = """{"name":"fast","spec":{"route":"all","availability":"99.9%"}}""";
        (await api.SendAsync(HttpMethod.Put, "/api/v1/objectives/fast", body)).Status.ShouldBe(200);
        (await api.ReadAsync<Objective>("fast"))!.Spec.Availability.ShouldBe(Share.Percent(99.9));
        (await api.ProblemAsync(HttpMethod.Put, "/api/v1/objectives/slow", body.Replace("fast", "slow").Replace("all", "none"))).Status.ShouldBe(422);
        (await api.SendAsync(HttpMethod.Delete, "/api/v1/objectives/fast")).Status.ShouldBe(200);
        (await api.ProblemAsync(HttpMethod.Delete, "/api/v1/objectives/fast")).Status.ShouldBe(404);
        (await api.SendAsync(HttpMethod.Put, "/api/v1/rules/many", """{"name":"many","spec":{"expr":"up > 3"}}""")).Status.ShouldBe(200);
        (await api.ReadAsync<AlertRule>("many"))!.Spec.Expr.ShouldBe("up > 3");
        (await api.SendAsync(HttpMethod.Delete, "/api/v1/rules/many")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task ScaleRestartStopAndStart()
    {
        await using var api = await ShopAsync();
        var (status, body, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/services/web/scale", """{"instances":3}""");
        (status, (int)body!["version"]!).ShouldBe((200, 2));
        (await api.ReadAsync<Service>("web"))!.Wanted().ShouldBe(3);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/services/web/scale", """{"instances":9}""")).Status.ShouldBe(422);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/services/nobody/scale", """{"instances":1}""")).Status.ShouldBe(404);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/services/web/scale", "{}")).Status.ShouldBe(400);

        (await api.SendAsync(HttpMethod.Post, "/api/v1/services/web/restart", "{}")).Status.ShouldBe(200);
        (await api.ReadAsync<Service>("web"))!.Generation.ShouldBe(1);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/services/nobody/restart")).Status.ShouldBe(404);

        (await api.SendAsync(HttpMethod.Post, "/api/v1/architecture/stop")).Status.ShouldBe(200);
        (await api.ReadAsync<Architecture>(Architecture.TheName))!.Running.ShouldBeFalse();
        (await api.SendAsync(HttpMethod.Post, "/api/v1/architecture/start")).Status.ShouldBe(200);
        (await api.ReadAsync<Architecture>(Architecture.TheName))!.Running.ShouldBeTrue();
    }

    [Fact]
    public async Task PutTakesWhatGetGivesAndComparesTheRevision()
    {
        await using var api = await ShopAsync();
        var (_, body, response) = await api.SendAsync(HttpMethod.Get, "/api/v1/services/web");
        body!["spec"]!["criticality"] = "critical";
        var tag = response.Headers.ETag!;
        (await api.SendAsync(HttpMethod.Put, "/api/v1/services/web?dryRun=true", body.ToJsonString())).Body!["changed"]!.GetValue<bool>().ShouldBeTrue();
        (await api.ReadAsync<Service>("web"))!.Spec.Criticality.ShouldNotBe(Mainstay.Core.Kinds.Criticality.Critical);
        var (status, result, _) = await api.SendAsync(HttpMethod.Put, "/api/v1/services/web", body.ToJsonString(), r => r.Headers.IfMatch.Add(tag));
        (status, (int)result!["version"]!).ShouldBe((200, 2));
        (await api.ReadAsync<Service>("web"))!.Spec.Criticality.ShouldBe(Mainstay.Core.Kinds.Criticality.Critical);

        var (stale, word, _) = await api.ProblemAsync(HttpMethod.Put, "/api/v1/services/web", body.ToJsonString(), r => r.Headers.IfMatch.Add(tag));
        (stale, word).ShouldBe((412, "stale"));
        (await api.ProblemAsync(HttpMethod.Put, "/api/v1/services/web", body.ToJsonString(), r => r.Headers.TryAddWithoutValidation("If-Match", "W/\"1\""))).Status.ShouldBe(400);
    }

    [Fact]
    public async Task DeleteIsCheckedAgainstTheWhole()
    {
        await using var api = await ShopAsync();
        (await api.ProblemAsync(HttpMethod.Delete, "/api/v1/services/orders")).Status.ShouldBe(422);
        (await api.SendAsync(HttpMethod.Delete, "/api/v1/routes/all")).Status.ShouldBe(200);
        (await api.ReadAsync<Route>("all")).ShouldBeNull();
        (await api.ProblemAsync(HttpMethod.Delete, "/api/v1/routes/all")).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("PUT", "/api/v1/instances/web-1", 405)]
    [InlineData("DELETE", "/api/v1/hosts/local", 405)]
    [InlineData("PUT", "/api/v1/nothing/x", 404)]
    [InlineData("PUT", "/api/v1/routes/all", 400)]
    [InlineData("PUT", "/api/v1/services/web", 400)]
    public async Task WhatCannotBeWrittenIsAProblem(string method, string path, int expected)
    {
        await using var api = await ShopAsync();
        (await api.ProblemAsync(new(method), path, """{"name":"other","spec":{}}""")).Status.ShouldBe(expected);
        (await api.ProblemAsync(new(method), path, """{"spec":{"runn":"x"}}""")).Status.ShouldBe(expected);
        (await api.ReadAsync<Gateway>(Gateway.TheName)).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("services/web", "null")]
    [InlineData("services/web", "{\"run\":\"x\",\"instances\":null}")]
    [InlineData("services/web", "{\"run\":\"x\",\"needs\":null}")]
    [InlineData("services/web", "{\"run\":\"x\",\"env\":null}")]
    [InlineData("services/web", "{\"run\":\"x\",\"health\":null}")]
    [InlineData("routes/all", "{\"to\":\"web\",\"match\":null}")]
    [InlineData("routes/all", "{\"to\":\"web\",\"match\":{\"methods\":null}}")]
    [InlineData("routes/all", "{\"to\":\"web\",\"match\":{\"headers\":{\"a\":null}}}")]
    [InlineData("routes/all", "{\"redirect\":{\"to\":null},\"match\":{}}")]
    [InlineData("routes/all", "{\"to\":\"web\",\"match\":{},\"cors\":{\"origins\":null}}")]
    [InlineData("routes/all", "{\"to\":\"web\",\"match\":{},\"split\":{\"parts\":[null]}}")]
    [InlineData("services/web", "{\"run\":\"x\",\"needs\":{\"db\":null}}")]
    [InlineData("services/web", "{\"run\":\"x\",\"env\":{\"A\":null}}")]
    [InlineData("services/web", "{\"run\":\"x\",\"build\":{\"command\":\"y\",\"inputs\":[null]}}")]
    [InlineData("routes/all", "{\"to\":\"web\",\"match\":{\"methods\":[null]}}")]
    [InlineData("routes/all", "{\"to\":\"web\",\"match\":{},\"retry\":{\"on\":[null]}}")]
    public async Task NullWhereAValueBelongsIsAProblem(string path, string spec)
    {
        await using var api = await ShopAsync();
        (await api.ProblemAsync(HttpMethod.Put, $"/api/v1/{path}", $$"""{"spec":{{spec}}}""")).Status.ShouldBe(400);
        api.Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task DiffComparesAnyTwoVersions()
    {
        await using var api = await StartAsync();
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/diff")).Status.ShouldBe(404);
        await api.SendAsync(HttpMethod.Post, "/api/v1/apply", Body(Shop));
        await api.SendAsync(HttpMethod.Post, "/api/v1/services/web/scale", """{"instances":3}""");
        var diff = await api.GetJsonAsync("/api/v1/diff");
        ((int)diff["from"]!, (int)diff["to"]!).ShouldBe((1, 2));
        diff["changes"]!.AsArray().Select(c => (string)c!["path"]!).ShouldBe(["services.web.scaledTo"]);
        (await api.GetJsonAsync("/api/v1/diff?from=2&to=2"))["changes"]!.AsArray().ShouldBeEmpty();
        (await api.GetJsonAsync("/api/v1/diff?from=0&to=1"))["changes"]!.AsArray().Count.ShouldBeGreaterThan(2);
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/diff?to=7")).Status.ShouldBe(404);
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/diff?to=x")).Status.ShouldBe(400);
    }
}
