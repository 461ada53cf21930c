using System.Text.Json.Nodes;
using Mainstay.Client.Locks;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;
using Gateway = Mainstay.Core.Kinds.Traffic.Gateway;

namespace Mainstay.Tests.Host.Api;

public sealed class LockEndpointsTests
{
    [Fact]
    public async Task ALockIsGrantedRenewedGivenBackAndBroken()
    {
        await using var api = await StartAsync();
        var (status, grant, _) = await PostAsync(api, "acquire", """{ "owner": "a", "lease": "10s" }""");
        (status, (string)grant!["state"]!, (long)grant["token"]!, (long)grant["leaseMs"]!).ShouldBe((200, "granted", 1, 10_000));
        ((string)grant["fencingToken"]!).ShouldStartWith("1x-");
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/locks/nightly/acquire", """{ "owner": "b" }""")).Status.ShouldBe(409);
        (await PostAsync(api, "renew", """{ "owner": "a", "token": 1 }""")).Status.ShouldBe(200);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/locks/nightly/renew", """{ "owner": "b", "token": 1 }""")).Status.ShouldBe(409);
        (await PostAsync(api, "release", """{ "owner": "a", "token": 1 }""")).Status.ShouldBe(200);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/locks/nightly/release", """{ "owner": "a", "token": 1 }""")).Status.ShouldBe(409);

        ((long)(await PostAsync(api, "acquire", """{ "owner": "b" }""")).Body!["token"]!).ShouldBe(2);
        (await PostAsync(api, "break", """{ "reason": "stuck" }""")).Status.ShouldBe(200);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/locks/nightly/break", "{}")).Status.ShouldBe(409);
        var audit = (await api.GetJsonAsync("/api/v1/audits"))["items"]!.AsArray().Single()!;
        ((string)audit["verb"]!, (string)audit["about"]!, (string)audit["after"]!).ShouldBe(("break", "lock/nightly", "stuck"));
        var told = (await api.GetJsonAsync("/api/v1/events?about=lock/nightly"))["items"]!.AsArray().Single()!;
        ((string)told["reason"]!).ShouldBe("LockLost");
        (await api.GetJsonAsync("/api/v1/locks/nightly/line"))["waiting"]!.AsArray().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("nightly", """{ "owner": "" }""")]
    [InlineData("nightly", """{ "owner": "a", "lease": "999ms" }""")]
    [InlineData("nightly", """{ "owner": "a", "lease": "61m" }""")]
    [InlineData("nightly", """{ "owner": "a", "wait": "61s" }""")]
    [InlineData("nightly", """{ "owner": "a", "form": "permits", "permits": 1001 }""")]
    [InlineData("nightly", """{ "owner": "a", "permits": 2 }""")]
    [InlineData("nightly", """{ "owner": "a", "form": "half" }""")]
    [InlineData("nightly", """{ "owner": "a", "unknown": 1 }""")]
    [InlineData("..", """{ "owner": "a" }""")]
    [InlineData("Nightly", """{ "owner": "a" }""")]
    public async Task WhatCannotBeAskedForIsRefusedAndLeavesNothing(string name, string body)
    {
        await using var api = await StartAsync();
        var (status, _, _) = await api.ProblemAsync(HttpMethod.Post, $"/api/v1/locks/{Uri.EscapeDataString(name)}/acquire", body);
        status.ShouldBeOneOf(400, 404, 405);
        api.Store.Revision.ShouldBe(0);
    }

    [Fact]
    public async Task AServiceHoldsALockAsLongAsItLivesAndIsToldWhenItLosesIt()
    {
        await using var api = await StartAsync();
        using var locks = new LockSource(api.Url, "worker", null, api.Time);
        // Far longer than a step: on a busy machine a renewal may be under way while many steps are made.
        var first = (await locks.AcquireAsync("nightly", TimeSpan.Zero, new() { Lease = TimeSpan.FromMinutes(30) }))!;
        (await locks.AcquireAsync("nightly", TimeSpan.Zero)).ShouldBeNull("another asking of the same process is another one");
        first.FencingToken.ShouldStartWith($"{first.Token}x-");

        // Renewed far beyond its lease: each step waits for the renewal that it brings about.
        for (var step = 0; step < 10; step++)
        {
            var commits = await RenewalsAsync(api);
            await Until.HoldsAsync(async () => await RenewalsAsync(api) > commits, () => api.Time.Advance(TimeSpan.FromSeconds(10)));
        }

        first.Lost.IsCancellationRequested.ShouldBeFalse();
        (await PostAsync(api, "break", "{}")).Status.ShouldBe(200);
        await Until.HoldsAsync(() => first.Lost.IsCancellationRequested, () => api.Time.Advance(TimeSpan.FromSeconds(10)));
        await first.DisposeAsync();

        await using var second = await locks.AcquireAsync("nightly", TimeSpan.Zero);
        second!.Token.ShouldBe(first.Token + 1);
        (await locks.LeaderAsync("nightly"))!.Token.ShouldBe(second.Token);
        (await locks.LeaderAsync("nobody-asked")).ShouldBeNull();
    }

    [Fact]
    public async Task OneLeadsAtATimeAndTheNextTakesOver()
    {
        await using var api = await StartAsync();
        using var first = new LockSource(api.Url, "one", null, api.Time);
        using var second = new LockSource(api.Url, "two", null, api.Time);
        using var stop = new CancellationTokenSource();
        using var stopFirst = new CancellationTokenSource();
        var led = new List<(string Who, long Token)>();
        Task Lead(string who, HeldLock office, CancellationToken end)
        {
            lock (led) led.Add((who, office.Token));
            return Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, end);
        }

        var one = first.RunForAsync("leader", (o, end) => Lead("one", o, end), stop: stopFirst.Token);
        await Until.HoldsAsync(() => led.Count == 1);
        var two = second.RunForAsync("leader", (o, end) => Lead("two", o, end), stop: stop.Token);
        await Until.HoldsAsync(async () => (await api.GetJsonAsync("/api/v1/locks/leader/line"))["waiting"]!.AsArray().Count == 1);
        await stopFirst.CancelAsync();
        await Until.HoldsAsync(() => led.Count == 2);
        led.ShouldBe([("one", 1), ("two", 2)]);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(one);
        await Should.ThrowAsync<OperationCanceledException>(two);
    }

    [Fact]
    public async Task GatewaysAreToldOfGrantsWithoutANewTable()
    {
        await using var api = await StartAsync();
        await api.PutAsync(
            new Gateway { Name = Gateway.TheName },
            new Route { Name = "orders", Spec = new RouteSpec { Match = new RouteMatch { Path = "/" }, To = "orders", Fence = new FenceSpec { Lock = "nightly" } } });
        using var tables = await api.OpenAsync("/internal/v1/table", api.Agent);
        var table = await LineAsync(api, tables, l => l["fenceKey"] is not null);
        ((string)table["fences"]![0]!["lock"]!, (long)table["fences"]![0]!["last"]!).ShouldBe(("nightly", 0));
        // Time goes on while a line is waited for.
        await PostAsync(api, "acquire", """{ "owner": "a", "lease": "1h" }""");
        var line = await LineAsync(api, tables, l => l["revision"] is null && (long)l["fences"]![0]!["last"]! == 1);
        line["fences"]![0]!["live"]!.AsArray().Select(l => (long)l!).ShouldBe([1]);
        await PostAsync(api, "release", """{ "owner": "a", "token": 1 }""");
        await LineAsync(api, tables, l => l["revision"] is null && l["fences"]![0]!["live"]!.AsArray().Count == 0);

        // Who comes later has all of it in its table, or hears it at once.
        using var later = await api.OpenAsync($"/internal/v1/table?after={(long)table["revision"]!}", api.Agent);
        await LineAsync(api, later, l => l["revision"] is null && (long)l["fences"]![0]!["last"]! == 1);
    }

    static async Task<JsonNode> LineAsync(ApiFixture api, StreamReaderOf lines, Func<JsonNode, bool> wanted)
    {
        while (true)
        {
            var line = await Until.DoneAsync(lines.LineAsync(), () => api.Time.Advance(TimeSpan.FromMilliseconds(5)));
            if (line is { Length: > 0 } && JsonNode.Parse(line) is { } json && wanted(json))
            {
                return json;
            }
        }
    }

    // How far its lease reaches says whether it was renewed.
    static async Task<long> RenewalsAsync(ApiFixture api) =>
        (long)api.Time.Elapsed.TotalMilliseconds + (await api.GetJsonAsync("/api/v1/locks/nightly/line"))["leftMs"]!.AsObject().Max(l => (long)l.Value!);

    static async Task<(int Status, JsonNode? Body, HttpResponseMessage Response)> PostAsync(ApiFixture api, string verb, string body) =>
        await api.SendAsync(HttpMethod.Post, $"/api/v1/locks/nightly/{verb}", body);
}
