using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;
using Gateway = Mainstay.Core.Kinds.Traffic.Gateway;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Tests.Host.Api;

public sealed class ViewEndpointsTests
{
    [Fact]
    public async Task StatusTellsOfEverything()
    {
        await using var api = await StartAsync();
        await api.PutAsync(
            new Architecture { Name = Architecture.TheName, Title = "shop", Environment = "dev", Version = 3 },
            new Gateway { Name = Gateway.TheName },
            new HostRecord { Name = "local" },
            Service("web", Criticality.Critical) with { Status = new() { State = Lifecycle.Run, Reason = Reasons.Serving, Wanted = 2, Ready = 1, Version = "0.9.0" } },
            Instance("web-1", "web") with { Status = new() { State = InstanceState.Ready, Pid = 77, Endpoint = "127.0.0.1:20001", Restarts = 4 } });
        await GatewayEndpointsTests.SendAsync(api, GatewayEndpointsTests.Batch(api.Time, 1, 12));
        var status = await api.GetJsonAsync("/api/v1/status");
        status["architecture"]!.ToJsonString().ShouldBe("""{"title":"shop","environment":"dev","version":3,"running":true}""");
        var web = status["services"]![0]!;
        ((string)web["state"]!, (string)web["criticality"]!, (string)web["version"]!, (int)web["wanted"]!, (int)web["ready"]!).ShouldBe(("run", "critical", "0.9.0", 2, 1));
        var instance = web["instances"]![0]!;
        ((string)instance["id"]!, (int)instance["pid"]!, (string)instance["endpoint"]!, (string)instance["host"]!, (string)instance["state"]!, (int)instance["restarts"]!)
            .ShouldBe(("web-1", 77, "127.0.0.1:20001", "local", "ready", 4));
        ((string)status["gateway"]!["state"]!, (string)status["gateway"]!["listen"]!, (long)status["gateway"]!["tableRevision"]!).ShouldBe(("run", "http://127.0.0.1:8080", 12));
        status["hosts"]!.ToJsonString().ShouldBe("""[{"name":"local","state":"ready","address":"127.0.0.1"}]""");
    }

    [Fact]
    public async Task StatusShowsWhatWasJustWritten()
    {
        await using var api = await StartAsync();
        for (var i = 0; i < 50; i++)
        {
            await api.PutAsync(Service($"s{i}"));
            (await api.GetJsonAsync("/api/v1/status"))["services"]!.AsArray().Count.ShouldBe(i + 1);
        }
    }

    [Fact]
    public async Task StatusEventsCarryTheNewestAndBurstsAreFew()
    {
        await using var api = await StartAsync();
        using var watch = await api.OpenAsync("/api/v1/status?watch=true");
        (await watch.EventAsync("status")).Data["services"]!.AsArray().ShouldBeEmpty();
        for (var i = 0; i < 100; i++)
        {
            await api.PutAsync(Service($"s{i:D3}"));
        }

        var events = 0;
        JsonNode services;
        do
        {
            services = (await ResourceWatchTests.AdvanceUntilAsync(api, watch.EventAsync("status"), TimeSpan.FromMilliseconds(200))).Data["services"]!;
            events++;
        }
        while (services.AsArray().Count < 100);
        events.ShouldBeLessThanOrEqualTo(3);
    }

    [Fact]
    public async Task TheMapShowsWhatFlows()
    {
        await using var api = await StartAsync();
        await api.PutAsync(
            new Gateway { Name = Gateway.TheName },
            new Route { Name = "all", Spec = new() { Match = new(), To = "web" } },
            Service("web", Criticality.High, "orders"),
            Service("orders"),
            Instance("web-1", "web"),
            Instance("web-2", "web", "other"));
        await GatewayEndpointsTests.SendAsync(api, GatewayEndpointsTests.Batch(
            api.Time, 1, 1, GatewayEndpointsTests.Traffic(null, "web", "web-1", 30, 3), GatewayEndpointsTests.Traffic("orders", "web", "web-2", 5), GatewayEndpointsTests.Traffic("ghost", "web", "web-2", 5)));
        var map = await api.GetJsonAsync("/api/v1/map");
        var nodes = map["nodes"]!.AsArray();
        nodes.Select(n => (string)n!["id"]!).ShouldBe(["gateway", "orders", "web"]);
        ((string)nodes[0]!["kind"]!, (string)nodes[0]!["state"]!, (string)nodes[0]!["criticality"]!).ShouldBe(("gateway", "run", "high"));
        nodes[2]!["hosts"]!.ToJsonString().ShouldBe("""["local","other"]""");
        ((double)nodes[2]!["instances"]![0]!["requestsPerSecond"]!).ShouldBe(30);
        map["edges"]!.AsArray().Select(e => $"{e!["from"]}>{e["to"]} {e["requestsPerSecond"]} {e["errorRatio"]} {e["declared"]}").ShouldBe(
            ["gateway>web 30 0.1 true", "orders>web 5 0 false", "web>orders 0 0 true"]);
        ((double)map["edges"]![0]!["p50Ms"]!).ShouldBe(2, 0.07);
    }

    [Fact]
    public async Task MapEventsAreMadeOnceForAllAndNotAtAllForNobody()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Service("web"));
        api.Time.Advance(TimeSpan.FromMinutes(1));
        (await MadeAsync(api)).ShouldBe(0);
        var watches = new List<StreamReaderOf>();
        for (var i = 0; i < 5; i++)
        {
            watches.Add(await api.OpenAsync("/api/v1/map?watch=true"));
            await watches[i].EventAsync("map");
        }

        (await MadeAsync(api)).ShouldBe(1);
        await api.PutAsync(Service("web") with { Status = new() { Ready = 1 } });
        await ResourceWatchTests.AdvanceUntilAsync(api, watches[0].EventAsync("map"), TimeSpan.FromSeconds(1));
        foreach (var watch in watches.Skip(1))
        {
            ((int)(await watch.EventAsync("map")).Data["nodes"]![0]!["ready"]!).ShouldBe(1);
        }

        watches.ForEach(w => w.Dispose());
        await Until.HoldsAsync(async () => (await api.Client.GetStringAsync("/metrics")).Contains("mainstay_api_streams{of=\"clients\"} 0", StringComparison.Ordinal));

        var made = await MadeAsync(api);
        api.Time.Advance(TimeSpan.FromMinutes(1));
        (await MadeAsync(api)).ShouldBe(made);
    }

    [Fact]
    public async Task AGatewayThatFailsOrIsSilentIsSeen()
    {
        await using var api = await StartAsync();
        await api.PutAsync(new Gateway { Name = Gateway.TheName });
        (await StateAsync(api)).ShouldBe("provision Starting");
        await GatewayEndpointsTests.SendAsync(api, GatewayEndpointsTests.Batch(api.Time, 1) with { FailedListeners = [new Mainstay.Traffic.Path.FailedListener("gateway", 8080, "in use")] });
        (await StateAsync(api)).ShouldBe("failed ListenFailed");
        await GatewayEndpointsTests.SendAsync(api, GatewayEndpointsTests.Batch(api.Time, 2));
        (await StateAsync(api)).ShouldBe("run Serving");
        using var watch = await api.OpenAsync("/api/v1/nodes?watch=true");
        await watch.EventAsync("list");
        await ResourceWatchTests.AdvanceUntilAsync(api, watch.EventAsync("delete"), TimeSpan.FromSeconds(1));
        (await StateAsync(api)).ShouldBe("failed Silent");
    }

    static async Task<string> StateAsync(ApiFixture api)
    {
        var gateway = (await api.GetJsonAsync("/api/v1/status"))["gateway"]!;
        return $"{gateway["state"]} {gateway["reason"]}";
    }

    static async Task<int> MadeAsync(ApiFixture api) =>
        int.Parse((await api.Client.GetStringAsync("/metrics")).Split('\n').Single(l => l.StartsWith("mainstay_api_views_total ", StringComparison.Ordinal)).Split(' ')[1]);
}
