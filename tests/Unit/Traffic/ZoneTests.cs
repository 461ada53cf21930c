using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Decide;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;
using Endpoint = Mainstay.Core.Kinds.Schedule.Endpoint;
using Gateway = Mainstay.Traffic.Path.Gateway;

namespace Mainstay.Tests.Traffic;

/// <summary>Zones through the whole path, and from the hosts into the table.</summary>
public sealed class ZoneTests
{
    readonly FakeTime time = new();

    [Fact]
    public async Task Requests_stay_in_the_gateways_zone_and_leave_it_when_nobody_there_can_be_reached()
    {
        await using var near = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnear");
        await using var far = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nfar");
        await using var gateway = new Gateway(OnBothTransports.Of(TransportKind.Default), time: time, zone: "east");
        EndpointModel[] endpoints = [far.Endpoint("f") with { Zone = "west" }, near.Endpoint("n") with { Zone = "east" }];
        Apply(gateway, 1, endpoints, new ZoneSpec());
        using var client = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        (await AskAsync(client, 20)).ShouldAllBe(answer => answer == "near");
        gateway.TakeRecords("test", 1, 0).Policies.ShouldContain(policy => policy.About == "service/s" && policy.Kind == "zone" && policy.State == "near");

        endpoints[1] = new EndpointModel("n", "127.0.0.1", RawUpstream.DeadPort(), Zone: "east");
        Apply(gateway, 2, endpoints, new ZoneSpec());
        (await AskAsync(client, 20)).ShouldAllBe(answer => answer == "far");
        await Until.HoldsAsync(() => gateway.TakeRecords("test", 2, 0).Notices.Any(notice => notice.Reason == "ZoneSpills"), () => time.Advance(TimeSpan.FromMilliseconds(100)));

        // Without the preference, and for a gateway without a zone, all take part.
        endpoints[1] = near.Endpoint("n") with { Zone = "east" };
        Apply(gateway, 3, endpoints, null);
        (await AskAsync(client, 40)).Distinct().Order().ShouldBe(["far", "near"]);
        await using var nowhere = new Gateway(OnBothTransports.Of(TransportKind.Default), time: time);
        Apply(nowhere, 1, endpoints, new ZoneSpec());
        using var other = await RawPeer.ConnectAsync(nowhere.AddressOf("gateway")!);
        (await AskAsync(other, 40)).Distinct().Order().ShouldBe(["far", "near"]);
    }

    [Fact]
    public void The_table_tells_the_zone_of_each_instance_whose_host_has_one()
    {
        var endpoints = new Endpoints { Name = "s", Items = [new Endpoint("s-1", "127.0.0.1:5001", ""), new Endpoint("s-2", "127.0.0.1:5002", "")] };
        var table = TableDecide.Next(new TableView(1, null, [], [], [endpoints], new Dictionary<string, ServiceSpec>(), []) { Zones = new Dictionary<string, string> { ["s-1"] = "east" } });
        table.Clusters.Single().Endpoints.Select(endpoint => endpoint.Zone).ShouldBe(["east", null]);
    }

    [Theory]
    [InlineData("s-1", "s-2")]
    [InlineData("s-1 s-2", "s-1 s-2")]
    public void The_table_leaves_out_who_is_ejected_but_never_the_last(string ejected, string kept)
    {
        var endpoints = new Endpoints { Name = "s", Items = [new Endpoint("s-1", "127.0.0.1:5001", ""), new Endpoint("s-2", "127.0.0.1:5002", "")] };
        var interventions = ejected.Split(' ').Select(instance => new Intervention { Name = instance, About = "service/s", Reason = "slow", At = default, Until = default, Eject = instance });
        var table = TableDecide.Next(new TableView(1, null, [], [], [endpoints], new Dictionary<string, ServiceSpec>(), interventions));
        string.Join(' ', table.Clusters.Single().Endpoints.Select(endpoint => endpoint.Instance)).ShouldBe(kept);
    }

    [Fact]
    public void The_table_gives_a_group_of_releases_the_part_of_the_least()
    {
        static Endpoints Of(string name, int weight, string? group) =>
            new() { Name = name, Items = [new Endpoint(name + "-1", "127.0.0.1:5001", ""), new Endpoint(name + "-2", "127.0.0.1:5002", "")], Split = new([name + "-2"], weight) { Group = group } };
        var view = new TableView(1, null, [], [], [Of("a", 10_000, "g"), Of("b", 0, "g"), Of("c", 5000, null), Of("d", 700, "h")], new Dictionary<string, ServiceSpec>(), []);
        TableDecide.Next(view).Clusters.Select(cluster => cluster.Release!.Weight).ShouldBe([0, 0, 5000, 700]);
    }

    [Fact]
    public void Of_a_group_of_releases_each_version_calls_its_own()
    {
        static Endpoints Of(string name, string? group, bool? other) => new()
        {
            Name = name, Items = [new Endpoint(name + "-1", "127.0.0.1:5001", ""), new Endpoint(name + "-2", "127.0.0.1:5002", "")], Split = new([name + "-2"], 2000) { Group = group, Other = other },
        };
        string[] Listeners(string? group, bool? other, bool? both)
        {
            var link = new MeshLink { Name = "web.orders", Caller = "web", Callee = "orders", Port = 30_001, Both = both };
            var table = TableDecide.Next(new TableView(1, null, [], [link], [Of("web", "g", other), Of("orders", group, null)], new Dictionary<string, ServiceSpec>(), []));
            return [.. table.Listeners.Select(l => $"{l.Name} {l.Address}:{l.Port} of {l.Link ?? "-"} to {(l.ToNew is { } isNew ? isNew ? "new" : "old" : "both")}")];
        }

        Listeners("g", true, null).ShouldBe(["web.orders 127.0.0.1:30001 of - to both"]);
        Listeners("g", true, true).ShouldBe(["web.orders 127.0.0.1:30001 of - to old", "web.orders+ 127.0.0.2:30001 of web.orders to new"]);
        Listeners("g", null, true).ShouldBe(["web.orders 127.0.0.1:30001 of - to new", "web.orders+ 127.0.0.2:30001 of web.orders to old"]);
        Listeners("h", true, true).ShouldBe(["web.orders 127.0.0.1:30001 of - to both", "web.orders+ 127.0.0.2:30001 of web.orders to both"]);
    }

    [Fact]
    public void Wrong_terms_are_all_told() =>
        new ZoneSpec { Healthy = default, InFlight = 0 }.Validate().Select(problem => problem.Path).ShouldBe(["healthy", "inFlight"]);

    static void Apply(Gateway gateway, int revision, EndpointModel[] endpoints, ZoneSpec? zone) => gateway.Apply(new TableModel(
        revision,
        [new ListenerModel("gateway", "127.0.0.1", 0, ListenerKind.Gateway)],
        [Routes.All()],
        [new ClusterModel("s", endpoints, Routes.RoundRobin with { Zone = zone })])).Problems.ShouldBeEmpty();

    static async Task<List<string>> AskAsync(RawPeer client, int times)
    {
        var answers = new List<string>();
        for (var count = 0; count < times; count++)
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
            var response = await client.ReadResponseAsync();
            answers.Add(response[(response.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
        }

        return answers;
    }
}
