using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;
using Endpoint = Mainstay.Core.Kinds.Schedule.Endpoint;
using Gateway = Mainstay.Core.Kinds.Traffic.Gateway;

namespace Mainstay.Tests.Host.Api;

public sealed class GatewayEndpointsTests
{
    const string Records = "/internal/v1/records";

    internal static RecordBatch Batch(FakeTime time, long sequence, long revision = 1, params TrafficRecord[] records) =>
        new("Machine_A-7-ab", sequence, revision, ["gateway"], [], [], records, new Dictionary<string, int>(), [], 0, 0) { Pid = 7, At = time.GetUtcNow() };

    internal static TrafficRecord Traffic(string? caller, string service, string instance, long requests, long serverErrors = 0) => new(
        caller is null ? "gateway" : $"{caller}.{service}", caller, null, service, instance, "1.0.0", requests, 0, requests - serverErrors, 0, 0, serverErrors, 0, 0, 0, 0,
        [LatencyBuckets.IndexOf(2000), requests], new Dictionary<string, long>());

    internal static async Task<int> SendAsync(ApiFixture api, RecordBatch batch) =>
        (await api.SendAsync(HttpMethod.Post, Records, batch.ToJson(), client: api.Agent)).Status;

    [Fact]
    public async Task TablesComeWheneverTheirPartsChange()
    {
        await using var api = await StartAsync();
        var first = await api.PutAsync(new Gateway { Name = Gateway.TheName }, new MeshLink { Name = "web.orders", Caller = "web", Callee = "orders", Port = 30001 });
        using var tables = await api.OpenAsync("/internal/v1/table", api.Agent);
        var table = await TableAsync(api, tables, first);
        table["listeners"]!.AsArray().Select(l => (string)l!["name"]!).ShouldBe(["gateway", "web.orders"]);

        await api.PutAsync(Instance("web-1", "web"));
        var second = await api.PutAsync(new Endpoints { Name = "orders", Items = [new Endpoint("orders-1", "127.0.0.1:20001", "1.0.0")] });
        table = await TableAsync(api, tables, second);
        ((string)table["clusters"]![0]!["endpoints"]![0]!["instance"]!).ShouldBe("orders-1");

        // A deletion is newer than everything that is left.
        var third = await api.DeleteAsync("endpoints/orders");
        table = await TableAsync(api, tables, third);
        table["clusters"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task GatewaysAreToldHowInstancesOfOtherHostsAreReachedAndWhoMaySendThere()
    {
        await using var api = await StartAsync();
        await api.PutAsync(new HostIdentity { Name = "local", Key = "aa", Before = "bb" });
        await api.PutAsync(new Mainstay.Core.Kinds.Schedule.Host { Name = "local", Mesh = "10.0.0.1:7072" }, Instance("web-1", "web"));
        var first = await api.PutAsync(new Endpoints { Name = "web", Items = [new Endpoint("web-1", "127.0.0.1:20001", "1.0.0")] });
        using var tables = await api.OpenAsync("/internal/v1/table", api.Agent);
        var table = await TableAsync(api, tables, first);
        table["clusters"]![0]!["endpoints"]![0]!["via"]!.ToJsonString().ShouldBe("""{"host":"local","address":"10.0.0.1","port":7072}""");
        table["nodes"]!.ToJsonString().ShouldBe("""[{"host":"local","keys":["aa","bb"]}]""");

        // Who is removed is in no table from then on.
        var second = await api.DeleteAsync(Mainstay.Core.Kinds.CoreKinds.All.Of<HostIdentity>().KeyOf("local"));
        (await TableAsync(api, tables, second))["nodes"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task ATableThatTheGatewayHasIsNotSentAgainAndAQuietStreamBeats()
    {
        await using var api = await StartAsync();
        var revision = await api.PutAsync(new Gateway { Name = Gateway.TheName });
        using (var tables = await api.OpenAsync("/internal/v1/table?after=0", api.Agent))
        {
            await TableAsync(api, tables, revision);
        }

        using var quiet = await api.OpenAsync($"/internal/v1/table?after={revision}", api.Agent);
        (await ResourceWatchTests.AdvanceUntilAsync(api, quiet.LineAsync(), TimeSpan.FromSeconds(5))).ShouldBe("");
    }

    [Fact]
    public async Task ABurstOfChangesIsFewTables()
    {
        await using var api = await StartAsync();
        using var tables = await api.OpenAsync("/internal/v1/table", api.Agent);
        long last = 0;
        for (var i = 0; i < 200; i++)
        {
            last = await api.PutAsync(new Endpoints { Name = $"s{i}" });
        }

        var table = await TableAsync(api, tables, last);
        table["clusters"]!.AsArray().Count.ShouldBe(200);
        // One before the burst or at its start, one or two after, while the clock stood still; where the machine is slow, some while it moves on to the last of them.
        var made = (await api.Client.GetStringAsync("/metrics")).Split('\n').Single(l => l.StartsWith("mainstay_gateway_tables_total ", StringComparison.Ordinal));
        int.Parse(made.Split(' ')[1]).ShouldBeLessThanOrEqualTo(20);
    }

    [Fact]
    public async Task ANodeIsWrittenOnlyWhenItChangesAndForgottenWhenSilent()
    {
        await using var api = await StartAsync();
        (await SendAsync(api, Batch(api.Time, 1))).ShouldBe(200);
        var node = (await api.ReadAsync<GatewayNode>("machine-a-7-ab"))!;
        (node.TableRevision, node.Pid).ShouldBe((1, 7));
        var revision = api.Store.Revision;
        (await SendAsync(api, Batch(api.Time, 2))).ShouldBe(200);
        api.Store.Revision.ShouldBe(revision);

        var failing = Batch(api.Time, 3, 2) with { FailedListeners = [new Mainstay.Traffic.Path.FailedListener("gateway", 8080, "in use")] };
        (await SendAsync(api, failing)).ShouldBe(200);
        node = (await api.ReadAsync<GatewayNode>("machine-a-7-ab"))!;
        (node.TableRevision, node.FailedListeners.Single().Port).ShouldBe((2, 8080));

        using var nodes = await api.OpenAsync("/api/v1/nodes?watch=true");
        await nodes.EventAsync("list");
        await ResourceWatchTests.AdvanceUntilAsync(api, nodes.EventAsync("delete"), TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task ABatchThatComesTwiceCountsOnceAndGapsAreCounted()
    {
        await using var api = await StartAsync();
        var batch = Batch(api.Time, 1, 1, Traffic("web", "orders", "orders-1", 10));
        await SendAsync(api, batch);
        await SendAsync(api, batch);
        await SendAsync(api, batch with { Sequence = 5 });
        var metrics = await api.Client.GetStringAsync("/metrics");
        metrics.ShouldContain("mainstay_gateway_requests_total 20\n");
        metrics.ShouldContain("mainstay_gateway_batches_lost_total 3\n");
    }

    [Fact]
    public async Task AGatewayThatWasReplacedCountsFromItsFirstBatchOn()
    {
        await using var api = await StartAsync();
        var last = Batch(api.Time, 300, 1, Traffic("web", "orders", "orders-1", 10)) with { Run = "before" };
        var first = last with { Run = "after", Sequence = 1 };
        await SendAsync(api, last);
        await SendAsync(api, first);
        // The last words of the old one come late, and once.
        await SendAsync(api, last with { Sequence = 301 });
        await SendAsync(api, last with { Sequence = 301 });
        await SendAsync(api, first with { Sequence = 2 });
        var metrics = await api.Client.GetStringAsync("/metrics");
        metrics.ShouldContain("mainstay_gateway_requests_total 40\n");
        metrics.ShouldContain("mainstay_gateway_batches_lost_total 0\n");
    }

    [Fact]
    public async Task WhatIsNoBatchIsAProblem()
    {
        await using var api = await StartAsync();
        foreach (var wrong in new[] { "", "{", "null", """{"gateway":1}""", "[]" })
        {
            (await api.ProblemAsync(HttpMethod.Post, Records, wrong, client: api.Agent)).Status.ShouldBe(400, wrong);
        }

        (await api.ProblemAsync(HttpMethod.Post, Records, "{}", client: api.Agent)).Status.ShouldBe(400);
        api.Faults.ShouldBeEmpty();
    }

    // The first table may have been compiled before what the test wrote.
    internal static async Task<JsonNode> TableAsync(ApiFixture api, StreamReaderOf tables, long revision)
    {
        while (true)
        {
            var line = await ResourceWatchTests.AdvanceUntilAsync(api, tables.LineAsync(), TimeSpan.FromMilliseconds(10));
            if (line!.Length > 0 && JsonNode.Parse(line) is { } table && (long)table["revision"]! >= revision)
            {
                return table;
            }
        }
    }
}
