using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;
using Gateway = Mainstay.Core.Kinds.Traffic.Gateway;

namespace Mainstay.Tests.Host.Api;

public sealed class CauseEndpointsTests
{
    [Fact]
    public async Task FindingsOfTheMapAreShownAndToldOnce()
    {
        await using var api = await StartAsync();
        await api.PutAsync(new Gateway { Name = Gateway.TheName }, Service("web", Criticality.Critical, "orders"), Service("orders", Criticality.Low));
        await StepAsync(api, async () => (await api.GetJsonAsync("/api/v1/map"))["findings"]!.AsArray().Count == 1);
        var map = await api.GetJsonAsync("/api/v1/map");
        map["findings"]![0]!["kind"]!.ToString().ShouldBe("criticalOnLesser");
        map["findings"]![0]!["path"]!.ToJsonString().ShouldBe("""["web","orders"]""");
        map["nodes"]!.AsArray().Select(n => $"{n!["id"]} {n["inherited"]}").ShouldBe(["gateway ", "orders critical", "web "]);
        (await api.GetJsonAsync("/api/v1/status"))["findings"]!.AsArray().Count.ShouldBe(1);
        var count = 0;
        await StepAsync(api, async () =>
        {
            var events = (await api.GetJsonAsync("/api/v1/events?about=service/orders"))["items"]!.AsArray();
            events.Count.ShouldBeLessThanOrEqualTo(1);
            return events.Count == 1 && ++count > 3;
        });
    }

    [Fact]
    public async Task WhySaysWhatChangedWhenAServiceBecomesSlowAndImpactWhomItHurts()
    {
        await using var api = await StartAsync();
        await api.PutAsync(
            new Gateway { Name = Gateway.TheName }, new Route { Name = "shop", Spec = new() { Match = new(), To = "web" } },
            Service("web", needs: "orders") with { Status = new() { Wanted = 1, Ready = 1 } }, Service("orders") with { Status = new() { Wanted = 1, Ready = 1 } },
            Instance("web-1", "web"), Instance("orders-1", "orders"));
        var sequence = 0L;
        for (var second = 0; second < 150; second++)
        {
            await SecondAsync(api, ++sequence, 20_000, 10_000);
        }

        await Until.HoldsAsync(async () => (await api.SendAsync(HttpMethod.Get, "/api/v1/why?of=shop")).Status == 200);
        (await api.GetJsonAsync("/api/v1/why?of=shop")).ToJsonString().ShouldBe("""{"causes":[]}""");

        await api.PutAsync(Service("orders") with { Spec = Service("orders").Spec with { Version = "2.0.0" }, Status = new() { Wanted = 1, Ready = 1 } });
        await Until.HoldsAsync(async () =>
        {
            await SecondAsync(api, ++sequence, 220_000, 210_000);
            return (await api.GetJsonAsync("/api/v1/why?of=shop"))["causes"]!.AsArray().Count > 0;
        });
        var why = await api.GetJsonAsync("/api/v1/why?of=route/shop");
        ((string)why["causes"]![0]!["kind"]!, (string)why["causes"]![0]!["target"]!).ShouldBe(("change", "service/orders"));
        why["causes"]![0]!["evidence"]!.ToJsonString().ShouldContain("orders 1.0.0");
        var impact = await api.GetJsonAsync("/api/v1/impact?of=orders-1");
        ((string)impact["target"]!, (string)impact["apis"]![0]!["route"]!, (double)impact["apis"]![0]!["share"]!).ShouldBe(("instance/orders-1", "shop", 1));
    }

    [Fact]
    public async Task WhatIsNotKnownIsSaid()
    {
        await using var api = await StartAsync();
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/why?of=ghost")).Status.ShouldBe(404);
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/why")).Status.ShouldBe(400);
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/impact?of=ghost&limit=3")).Status.ShouldBe(400);
    }

    static async Task SecondAsync(ApiFixture api, long sequence, long webUs, long ordersUs)
    {
        await GatewayEndpointsTests.SendAsync(api, GatewayEndpointsTests.Batch(api.Time, sequence, 1, Record(null, "shop", "web", "web-1", webUs), Record("web", null, "orders", "orders-1", ordersUs)));
        api.Time.Advance(TimeSpan.FromSeconds(1));

        // Each step sees the second that it is of.
        var steps = (sequence / 5).ToString(System.Globalization.CultureInfo.InvariantCulture);
        await Until.HoldsAsync(async () => (await api.Client.GetStringAsync("/metrics")).Contains($"mainstay_correlate_steps_total {steps}\n", StringComparison.Ordinal));
    }

    static TrafficRecord Record(string? caller, string? route, string service, string instance, long us) =>
        GatewayEndpointsTests.Traffic(caller, service, instance, 20) with { Route = route, Latency = [LatencyBuckets.IndexOf(us), 20] };

    static Task StepAsync(ApiFixture api, Func<Task<bool>> holds) => Until.HoldsAsync(() =>
    {
        api.Time.Advance(TimeSpan.FromSeconds(5));
        return holds();
    });
}
