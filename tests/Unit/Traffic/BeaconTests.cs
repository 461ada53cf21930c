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
using Route = Mainstay.Core.Kinds.Traffic.Route;

namespace Mainstay.Tests.Traffic;

/// <summary>The script that the front door serves, the reports that it takes, and what it tells pages.</summary>
public sealed class BeaconTests : IAsyncLifetime
{
    readonly Gateway gateway = new(OnBothTransports.Of(TransportKind.Default), time: new FakeTime());
    readonly List<string> heads = [];
    RawUpstream upstream = null!;

    public ValueTask InitializeAsync()
    {
        upstream = new(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is { } head)
            {
                heads.Add(head);
                await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            }
        });
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await gateway.DisposeAsync();
        await upstream.DisposeAsync();
        gateway.LastFault.ShouldBeNull();
    }

    [Fact]
    public async Task The_script_is_served_and_reports_wait_for_the_server()
    {
        Declare(new());
        var script = await AskAsync("GET /-/beacon.js HTTP/1.1\r\nHost: h\r\n\r\n");
        script.ShouldContain("Content-Type: text/javascript; charset=utf-8\r\n");
        script.ShouldContain("var place = \"/-/beacon\", share = 1,");
        (await PostAsync("{\"v\":1}")).ShouldStartWith("HTTP/1.1 204 ");
        (await AskAsync("POST /-/beacon HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")).ShouldStartWith("HTTP/1.1 204 ");
        (await PostAsync(new string('x', ReportGate.MostBytes + 1))).ShouldStartWith("HTTP/1.1 413 ");
        var batch = RecordBatch.FromJson(gateway.TakeRecords("g", 1, 0).ToJson());
        batch.Reports.ShouldBe(["{\"v\":1}", "{}"]);
        gateway.TakeRecords("g", 2, 0).Reports.ShouldBeEmpty();
    }

    [Fact]
    public async Task One_client_sends_so_many_and_what_there_is_no_room_for_is_counted()
    {
        Declare(new() { Path = "/told", Rate = new(2, TimeSpan.FromHours(1)) });
        for (var i = 0; i < 8; i++)
        {
            (await PostAsync("{}", "/told")).ShouldStartWith("HTTP/1.1 204 ");
        }

        (await PostAsync("{}", "/told")).ShouldStartWith("HTTP/1.1 429 ");
        var box = new ReportBox();
        for (var i = 0; i < 10; i++)
        {
            box.Add(new string('x', ReportGate.MostBytes));
        }

        box.Take().Count.ShouldBe(8);
        (box.TakeDropped(), box.TakeDropped(), box.Take().Count).ShouldBe((2, 0, 0));
    }

    [Fact]
    public async Task A_page_is_told_the_trace_that_its_service_gets()
    {
        Declare(new());
        var page = await AskAsync("GET / HTTP/1.1\r\nHost: h\r\nSec-Fetch-Mode: navigate\r\n\r\n");
        page.ShouldStartWith("HTTP/1.1 200 ");
        var told = page.Split("Server-Timing: traceparent;desc=\"")[1].Split('"')[0];
        told.ShouldMatch("^00-[0-9a-f]{32}-[0-9a-f]{16}-01$");
        heads[^1].ShouldContain($"traceparent: {told}\r\nX-Request-Id: {told[3..35]}\r\n");
        var behind = await AskAsync("GET / HTTP/1.1\r\nHost: h\r\nSec-Fetch-Mode: navigate\r\nX-Request-Id: mine\r\n\r\n");
        heads[^1].ShouldContain($"traceparent: {behind.Split("desc=\"")[1].Split('"')[0]}\r\nX-Request-Id: mine\r\n");
        (await AskAsync("GET / HTTP/1.1\r\nHost: h\r\nSec-Fetch-Mode: cors\r\n\r\n")).ShouldNotContain("Server-Timing");
        (await AskAsync("GET / HTTP/1.1\r\nHost: h\r\nSec-Fetch-Mode: navigate\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n")).ShouldNotContain("Server-Timing");
        Declare(new() { Enabled = false });
        (await AskAsync("GET / HTTP/1.1\r\nHost: h\r\nSec-Fetch-Mode: navigate\r\n\r\n")).ShouldNotContain("Server-Timing");
        (await AskAsync("GET /-/beacon.js HTTP/1.1\r\nHost: h\r\n\r\n")).ShouldContain("Content-Length: 0\r\n", customMessage: "the service's");
    }

    [Theory]
    [InlineData("beacon")]
    [InlineData("/")]
    [InlineData("/a//b")]
    [InlineData("/a/../b")]
    [InlineData("/{x}")]
    [InlineData("/a/")]
    public void A_path_that_is_none_is_told(string path) => new BeaconSpec { Path = path }.Validate().Single().Path.ShouldBe("path");

    void Declare(BeaconSpec beacon)
    {
        var door = new Mainstay.Core.Kinds.Traffic.Gateway { Name = "gateway", Listen = "http://127.0.0.1:0", Beacon = beacon };
        Route[] routes = [new() { Name = "all", Spec = new() { Match = new(), To = "s" } }];
        Endpoints[] endpoints = [new() { Name = "s", Items = [new Endpoint("s-1", $"127.0.0.1:{upstream.Port}", "1.0.0")] }];
        var table = TableDecide.Next(new(gateway.Revision + 1, door, routes, [], endpoints, new Dictionary<string, ServiceSpec>(), []));
        gateway.Apply(TableModel.FromJson(table.ToJson())).Problems.ShouldBeEmpty();
    }

    Task<string> PostAsync(string body, string path = "/-/beacon") => AskAsync($"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    async Task<string> AskAsync(string request)
    {
        using var client = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await client.SendAsync(request);
        return await client.ReadResponseAsync();
    }
}
