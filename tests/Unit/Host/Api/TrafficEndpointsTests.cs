using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Kinds;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;
using Gateway = Mainstay.Core.Kinds.Traffic.Gateway;

namespace Mainstay.Tests.Host.Api;

public sealed class TrafficEndpointsTests
{
    static readonly Route Orders = new() { Name = "orders-api", Spec = new() { Match = new() { Path = "/api/orders/{**rest}", Methods = ["GET"] }, To = "orders" } };

    [Fact]
    public async Task AnInterventionBeginsWithAnAuditAndAnEventAndEnds()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Orders);
        var (status, body, _) = await api.SendAsync(
            HttpMethod.Post, "/api/v1/interventions", """{"about":"route/orders-api","reason":"the database is moved","for":"5m","breaker":"open"}""", r => r.Headers.Add("X-Mainstay-User", "ada"));
        status.ShouldBe(201);
        var name = (string)body!["name"]!;
        var kept = (await api.ReadAsync<Intervention>(name)).ShouldNotBeNull();
        (kept.Until - kept.At).ShouldBe(TimeSpan.FromMinutes(5));
        (kept.By, kept.Breaker).ShouldBe(("ada", BreakerForce.Open));
        var events = (await api.GetJsonAsync("/api/v1/events"))["items"]!.AsArray();
        events.Single(e => (string)e!["reason"]! == "InterventionBegan")!["message"]!.GetValue<string>().ShouldContain("the database is moved");
        (await api.GetJsonAsync("/api/v1/audits"))["items"]!.AsArray().Single()!["verb"]!.GetValue<string>().ShouldBe("intervene");

        (await api.SendAsync(HttpMethod.Delete, $"/api/v1/interventions/{name}")).Status.ShouldBe(200);
        (await api.ReadAsync<Intervention>(name)).ShouldBeNull();
        (await api.ProblemAsync(HttpMethod.Delete, $"/api/v1/interventions/{name}")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task EverythingWrongWithAnInterventionIsToldAtOnceAndNothingIsWritten()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Orders);
        var (status, _, body) = await api.ProblemAsync(
            HttpMethod.Post, "/api/v1/interventions", """{"about":"route/order-api","reason":" ","for":"31d","fault":{"abort":200},"breaker":"open"}""");
        status.ShouldBe(422);
        body["problems"]!.AsArray().Select(p => $"{p!["path"]}: {p["remedy"]}").ShouldBe(
        [
            "reason: say why, for whoever finds it later",
            "for: choose a duration within",
            ": give exactly one of breaker, fault, degrade, limits, admit, ban, eject",
            "fault.abort: choose a status from 400 to 599",
            "about: did you mean 'route/orders-api'?",
        ]);
        (await api.GetJsonAsync("/api/v1/interventions"))["items"]!.AsArray().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("""{"about":"route/orders-api","reason":"x","breaker":"half"}""", "the body is not what this endpoint reads: 'breaker' is not one of open, closed")]
    [InlineData("""{"about":"route/orders-api","reason":"x","admit":"high"}""", "the body is not what this endpoint reads: 'admit' is not a whole number")]
    [InlineData("""{"about":"route/orders-api","reason":"x","fault":{"reset":1}}""", "the body is not what this endpoint reads: 'fault.reset' is not true or false")]
    [InlineData("""{"about":["a"],"reason":"x"}""", "the body is not what this endpoint reads: 'about' is not text")]
    [InlineData("""{"about":"route/orders-api","reason":"x","braker":"open"}""", "the body is not what this endpoint reads: 'braker' is not known here")]
    public async Task WhatIsOfTheWrongTypeIsToldInWordsOfTheApi(string body, string what)
    {
        await using var api = await StartAsync();
        var (status, _, problem) = await api.ProblemAsync(HttpMethod.Post, "/api/v1/interventions", body);
        (status, (string)problem["detail"]!).ShouldBe((400, what));
    }

    [Fact]
    public async Task ADegradationIsThrownWhereItIsDeclared()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Orders with { Spec = Orders.Spec with { Criticality = Criticality.Low, Degrade = new() { ServeStale = TimeSpan.FromMinutes(1) } } });
        foreach (var about in new[] { "route/orders-api", "criticality/low" })
        {
            (await api.SendAsync(HttpMethod.Post, "/api/v1/interventions", $$"""{"about":"{{about}}","reason":"x","degrade":"serveStale"}""")).Status.ShouldBe(201);
        }

        foreach (var (body, remedy) in new[]
        {
            ("""{"about":"route/orders-api","reason":"x","degrade":"off"}""", "degrade: throw one of serveStale, or declare it under degrade"),
            ("""{"about":"criticality/high","reason":"x","degrade":"serveStale"}""", "degrade: declare it in the manifest under degrade"),
            ("""{"about":"criticality/low","reason":"x","breaker":"open"}""", "about: write route/NAME, need/CALLER.CALLEE or service/NAME, or throw a degradation"),
        })
        {
            var (status, _, problem) = await api.ProblemAsync(HttpMethod.Post, "/api/v1/interventions", body);
            status.ShouldBe(422);
            problem["problems"]!.AsArray().Select(p => $"{p!["path"]}: {p["remedy"]}").ShouldBe([remedy]);
        }
    }

    [Fact]
    public async Task APurgeIsNumberedWrittenDownAndSentToTheGateways()
    {
        await using var api = await StartAsync();
        var cached = Orders with { Spec = Orders.Spec with { Cache = new() } };
        await api.PutAsync(cached, Orders with { Name = "plain" }, new Gateway { Name = Gateway.TheName });
        (await GatewayEndpointsTests.SendAsync(api, GatewayEndpointsTests.Batch(api.Time, 1))).ShouldBe(200);
        for (var number = 1; number <= 40; number++)
        {
            var (status, body, _) = await api.SendAsync(
                HttpMethod.Post, "/api/v1/cache/purge", $$"""{"about":"route/orders-api","path":"/api/orders/{{number}}"}""", r => r.Headers.Add("X-Mainstay-User", "ada"));
            status.ShouldBe(200);
            ((long)body!["acts"]!.AsArray()[^1]!["number"]!).ShouldBe(number);
        }

        var kept = (await api.ReadAsync<CachePurge>("route.orders-api")).ShouldNotBeNull();
        (kept.Acts.Count, kept.Acts[0].Number, kept.Acts[^1].By).ShouldBe((CachePurge.Most, 9, "ada"));
        (await api.GetJsonAsync("/api/v1/audits"))["items"]!.AsArray().Count(a => (string)a!["verb"]! == "purge").ShouldBe(40);
        using var feed = await api.OpenAsync("/internal/v1/table", api.Agent);
        var table = await GatewayEndpointsTests.TableAsync(api, feed, kept.Revision);
        ((string)table["purges"]!.AsArray().Single()!["acts"]!.AsArray()[^1]!["path"]!).ShouldBe("/api/orders/40");

        foreach (var (body, remedy) in new[]
        {
            ("""{"about":"route/plain"}""", "about: declare cache, fallback.lastGood or degrade.serveStale in the manifest"),
            ("""{"about":"route/none"}""", "about: write route/NAME or need/CALLER.CALLEE, see 'mainstay traffic'"),
            ("""{"about":"route/orders-api","path":"orders?x"}""", "path: write a path that begins with '/', without a query; with * at the end, all that begin so"),
        })
        {
            var (status, _, problem) = await api.ProblemAsync(HttpMethod.Post, "/api/v1/cache/purge", body);
            status.ShouldBe(422);
            problem["problems"]!.AsArray().Select(p => $"{p!["path"]}: {p["remedy"]}").ShouldBe([remedy]);
        }
    }

    [Fact]
    public async Task ADryRunChecksAndWritesNothing()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Orders);
        (await api.SendAsync(HttpMethod.Post, "/api/v1/interventions?dryRun=true", """{"about":"route/orders-api","reason":"x","limits":"off"}""")).Status.ShouldBe(200);
        (await api.GetJsonAsync("/api/v1/interventions"))["items"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task TrafficShowsFiguresPoliciesAndWhatHappened()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Orders, new MeshLink { Name = "web.orders", Caller = "web", Callee = "orders", Port = 30001 });
        var record = GatewayEndpointsTests.Traffic(null, "orders", "orders-1", 10, 2) with { Route = "orders-api" };
        var batch = GatewayEndpointsTests.Batch(api.Time, 1, records: [record, GatewayEndpointsTests.Traffic("web", "orders", "orders-1", 10, 0)]) with
        {
            Policies =
            [
                new PolicyReport("route/orders-api", "breaker", "breaker", "open", "2 of 10 failed", new Dictionary<string, double> { ["errors"] = 0.2 }),
                new PolicyReport("service/orders", "limit-1", "adaptive", "limiting", "", new Dictionary<string, double> { ["limit"] = 20 }),
            ],
            Notices = [new Notice(api.Time.GetUtcNow(), "route/orders-api", "BreakerOpened", "2 of 10 failed", true)],
        };
        (await GatewayEndpointsTests.SendAsync(api, batch)).ShouldBe(200);

        var view = await api.GetJsonAsync("/api/v1/traffic");
        var way = view["ways"]![0]!;
        ((string)way["about"]!, (string)way["match"]!, (string)way["to"]!).ShouldBe(("route/orders-api", "GET /api/orders/{**rest}", "orders"));
        ((double)way["requestsPerSecond"]!, (double)way["errorRatio"]!).ShouldBe((10, 0.2));
        way["latency"]!.AsArray().Select(n => (long)n!).ToArray().ShouldBe([0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        ((string)way["policies"]![0]!["state"]!).ShouldBe("open");
        ((string)view["ways"]![1]!["about"]!).ShouldBe("need/web.orders");

        // What a service declares for all ways to it stands on a row of its own, with all that they carried.
        var service = view["ways"]![2]!;
        ((string)service["about"]!, (string)service["to"]!, (string)service["policies"]![0]!["state"]!).ShouldBe(("service/orders", "orders", "limiting"));
        ((double)service["requestsPerSecond"]!, (double)service["errorRatio"]!).ShouldBe((20, 0.1));
        service["latency"]!.AsArray().Sum(n => (long)n!).ShouldBe(20);
        ((string)view["notices"]![0]!["reason"]!).ShouldBe("BreakerOpened");
        var events = (await api.GetJsonAsync("/api/v1/events"))["items"]!.AsArray();
        ((string)events.Single()!["severity"]!).ShouldBe("warning");

        // A gateway that says nothing any more has no policies.
        api.Time.Advance(TimeSpan.FromSeconds(6));
        (await api.GetJsonAsync("/api/v1/traffic"))["ways"]![0]!["policies"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task AQuestionGoesToTheGatewaysAndTheirAnswerComesBack()
    {
        await using var api = await StartAsync();
        var revision = await api.PutAsync(Orders, new Gateway { Name = Gateway.TheName });
        (await GatewayEndpointsTests.SendAsync(api, GatewayEndpointsTests.Batch(api.Time, 1))).ShouldBe(200);
        using var feed = await api.OpenAsync("/internal/v1/table", api.Agent);
        await GatewayEndpointsTests.TableAsync(api, feed, revision);
        var asked = api.SendAsync(HttpMethod.Post, "/api/v1/explain", """{"url":"http://shop.test/api/orders/1?x=%20#part","headers":["Accept: text/html"]}""");
        var line = JsonNode.Parse((await QuestionAsync(feed))!)!["question"]!;
        ((string)line["target"]!, (string)line["host"]!).ShouldBe(("/api/orders/1?x=%20", "shop.test"));
        var answer = new QuestionAnswer((string)line["id"]!, "Machine_A-7-ab", Explanation: new(9, "route/orders-api", "orders", "orders-1", 0, "none", [new("match", "pass", "takes it")]));
        (await api.SendAsync(HttpMethod.Post, "/internal/v1/answers", answer.ToJson(), client: api.Agent)).Status.ShouldBe(200);
        var (status, body, _) = await asked;
        status.ShouldBe(200);
        ((string)body!["instance"]!).ShouldBe("orders-1");
    }

    [Fact]
    public async Task WithoutAGatewayAQuestionIsUnavailableAndAWrongOneIsRefused()
    {
        await using var api = await StartAsync();
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/explain", """{"url":"http://shop.test/"}""")).Status.ShouldBe(503);
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/requests/abc")).Status.ShouldBe(503);
        var (status, _, body) = await api.ProblemAsync(
            HttpMethod.Post, "/api/v1/explain", """{"url":"ftp://x","method":"G T","headers":["no colon"],"client":"me","need":"a.b"}""");
        status.ShouldBe(422);
        body["problems"]!.AsArray().Select(p => (string)p!["path"]!).ShouldBe(["method", "url", "headers", "client", "need"]);
    }

    // Tables may come between.
    static async Task<string?> QuestionAsync(StreamReaderOf feed)
    {
        while (await feed.LineAsync() is { } line)
        {
            if (line.StartsWith("{\"question\"", StringComparison.Ordinal))
            {
                return line;
            }
        }

        return null;
    }
}
