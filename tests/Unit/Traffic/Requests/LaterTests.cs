using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.State.Requests;
using Mainstay.Traffic.Decide;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Requests;

/// <summary>Requests that are accepted and done later, through a real gateway.</summary>
public sealed class LaterTests : IDisposable
{
    readonly TempFolder folder = new();
    int done;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task AnAcceptedRequestIsDoneAndItsAnswerKept()
    {
        var seen = new List<string>();
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await HeadAsync(peer) is { } head)
            {
                var all = head + await peer.ReadAsync(5);
                lock (seen) seen.Add(all);
                await peer.SendAsync($"HTTP/1.1 201 Created\r\nX-Number: {++done}\r\nContent-Length: 4\r\n\r\nmade");
            }
        });
        await using var gateway = Gateway(upstream, new());
        var accepted = await gateway.AskAsync("POST /orders?a=b HTTP/1.1\r\nHost: shop.test\r\nX-Color: red\r\nContent-Length: 5\r\n\r\nhello");
        accepted.ShouldStartWith("HTTP/1.1 202 Accepted\r\n");
        var location = Line(accepted, "Location");
        location.ShouldStartWith("/.mainstay/requests/all/");
        JsonOf(accepted)["status"]!.ToString().ShouldBe(location);

        var answer = "";
        await Until.HoldsAsync(async () => (answer = await GetAsync(gateway, location + "/answer")).StartsWith("HTTP/1.1 201", StringComparison.Ordinal));
        answer.ShouldHave("X-Number: 1\r\n", "\r\n\r\nmade");
        var status = JsonOf(await GetAsync(gateway, location));
        status["state"]!.ToString().ShouldBe("succeeded");
        status["answer"]!.ToString().ShouldBe(location + "/answer");
        var sent = seen.ShouldHaveSingleItem();
        sent.ShouldStartWith("POST /orders?a=b HTTP/1.1\r\n");
        sent.ShouldHave("X-Color: red\r\n", "Host: shop.test\r\n", "X-Forwarded-For: 127.0.0.1\r\n", "X-Forwarded-Proto: http\r\n", "X-Forwarded-Host: shop.test\r\n", "Mainstay-Attempt: 1\r\n", $"Idempotency-Key: {location[^32..]}\r\n", "traceparent: ");
        sent.ShouldEndWith("\r\n\r\nhello");

        (await GetAsync(gateway, location[..^1] + (location[^1] == '0' ? '1' : '0'))).ShouldHave("HTTP/1.1 404 ", "no-request");
        (await GetAsync(gateway, "/.mainstay/requests/all/../../etc")).ShouldContain("HTTP/1.1 4");
        (await gateway.AskAsync($"DELETE {location} HTTP/1.1\r\nHost: h\r\n\r\n")).ShouldHave("HTTP/1.1 409 ", "not-waiting");
    }

    [Fact]
    public async Task WhatWaitsIsTakenBackAndWhatIsTooMuchIsRefused()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await HeadAsync(peer) is not null)
            {
                Interlocked.Increment(ref done);
                await go.Task;
                await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            }
        });
        await using var gateway = Gateway(upstream, new() { Parallel = 1, Backlog = 2 });
        var first = Line(await PostAsync(gateway, "a"), "Location");
        var second = Line(await PostAsync(gateway, "b"), "Location");
        (await PostAsync(gateway, "c")).ShouldHave("HTTP/1.1 429 ", "backlog-full", "Retry-After: ");
        Line(await PostAsync(gateway, "b"), "Location").ShouldBe(second, "the same key is the same request");
        await Until.HoldsAsync(() => Volatile.Read(ref done) == 1);
        JsonOf(await GetAsync(gateway, first))["state"]!.ToString().ShouldBe("running");
        JsonOf(await GetAsync(gateway, second))["state"]!.ToString().ShouldBe("waiting");
        JsonOf(await gateway.AskAsync($"DELETE {second} HTTP/1.1\r\nHost: h\r\n\r\n"))["state"]!.ToString().ShouldBe("cancelled");
        (await PostAsync(gateway, "c")).ShouldContain("HTTP/1.1 202 ");
        go.SetResult();
        await Until.HoldsAsync(() => Volatile.Read(ref done) == 2);
        await Until.HoldsAsync(async () => JsonOf(await GetAsync(gateway, first))["state"]!.ToString() == "succeeded");
        JsonOf(await GetAsync(gateway, second))["state"]!.ToString().ShouldBe("cancelled");
    }

    [Fact]
    public async Task WhatAGatewayLeftBehindTheNextOneDoes()
    {
        string location;
        await using (var dead = new GatewayUnderTest([new EndpointModel("dead", "127.0.0.1", RawUpstream.DeadPort())], route: Route(new() { Backoff = TimeSpan.FromMilliseconds(10) }), requests: Open))
        {
            dead.Change(WithStatus);
            location = Line(await PostAsync(dead, "a"), "Location");
            await Until.HoldsAsync(async () => (int)JsonOf(await GetAsync(dead, location))["attempts"]! > 1);
            JsonOf(await GetAsync(dead, location))["why"]!.ToString().ShouldContain("connected");
        }

        await using var upstream = RawUpstream.Always("HTTP/1.1 422 No\r\nContent-Length: 2\r\n\r\nno");
        await using var next = Gateway(upstream, new() { Backoff = TimeSpan.FromMilliseconds(10) });
        await Until.HoldsAsync(async () => JsonOf(await GetAsync(next, location))["state"]!.ToString() == "failed");
        JsonOf(await GetAsync(next, location))["status"]!.GetValue<int>().ShouldBe(422);
    }

    [Fact]
    public async Task AnUnknownOutcomeIsPutOrTriedAgainWhereTheServiceAllowsIt()
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            if (await HeadAsync(peer) is null) return;
            if (Interlocked.Increment(ref done) % 2 == 1) return;
            await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        });
        await using var gateway = Gateway(upstream, new() { Backoff = TimeSpan.FromMilliseconds(10) });
        var location = Line(await PostAsync(gateway, "a"), "Location");
        await Until.HoldsAsync(async () => JsonOf(await GetAsync(gateway, location))["state"]!.ToString() == "unknown");
        Volatile.Read(ref done).ShouldBe(1);
        await Until.HoldsAsync(() => gateway.Batch().Notices.Any(n => n.Reason == "RequestParked"));

        gateway.Apply([upstream.Endpoint()], new TrafficSpec { IdempotencyKeys = true });
        gateway.Change(WithStatus);
        done = 0;
        location = Line(await PostAsync(gateway, "b"), "Location");
        await Until.HoldsAsync(async () => JsonOf(await GetAsync(gateway, location))["state"]!.ToString() == "succeeded");
    }

    [Fact]
    public async Task OnlyAllowedPlacesAreToldTheEnd()
    {
        var heads = new List<string>();
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await HeadAsync(peer) is { } head)
            {
                lock (heads) heads.Add(head);
                await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            }
        });
        await using var gateway = Gateway(upstream, new() { Callback = new() { Secret = "s", Url = "https://all.test/ends", Allow = ["https://hooks.test/a/"] } });
        await using var ledger = Open();
        async Task<string> UrlOfAsync(string lines)
        {
            var id = Line(await gateway.AskAsync($"POST / HTTP/1.1\r\nHost: h\r\n{lines}Content-Length: 0\r\n\r\n"), "Location")[^32..];
            await Until.HoldsAsync(async () => (await ledger.FindAsync(id, default))?.Callback is not null);
            return (await ledger.FindAsync(id, default))!.Callback!.Url;
        }

        (await UrlOfAsync("")).ShouldBe("https://all.test/ends");
        (await UrlOfAsync("Mainstay-Callback-Url: https://hooks.test/a/17?x=y\r\n")).ShouldBe("https://hooks.test/a/17?x=y");
        heads.ShouldAllBe(h => !h.Contains("Mainstay-Callback-Url", StringComparison.OrdinalIgnoreCase));
        foreach (var wrong in new[] { "https://hooks.test/b/", "http://hooks.test/a/", "https://hooks.test:444/a/", "https://hooks.test/a/../b", "https://hooks.test/a/..%2fb", "https://u:p@hooks.test/a/", "https://hooks.test.evil.test/a/", "/a/", "", "https://hooks.test/a/\r\nMainstay-Callback-Url: https://hooks.test/a/" })
            (await gateway.AskAsync($"POST / HTTP/1.1\r\nHost: h\r\nMainstay-Callback-Url: {wrong}\r\nContent-Length: 0\r\n\r\n")).ShouldHave("HTTP/1.1 400 ", "callback-refused");
    }

    [Fact]
    public async Task NobodySeesAnothersRequest()
    {
        await using var upstream = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await using var gateway = Gateway(upstream, new() { Scope = "header:X-Tenant" });
        var location = Line(await gateway.AskAsync("POST / HTTP/1.1\r\nHost: h\r\nX-Tenant: a\r\nContent-Length: 0\r\n\r\n"), "Location");
        (await GetAsync(gateway, location)).ShouldContain("HTTP/1.1 404 ");
        (await gateway.AskAsync($"GET {location} HTTP/1.1\r\nHost: h\r\nX-Tenant: b\r\n\r\n")).ShouldContain("HTTP/1.1 404 ");
        (await gateway.AskAsync($"GET {location} HTTP/1.1\r\nHost: h\r\nX-Tenant: a\r\n\r\n")).ShouldContain("HTTP/1.1 200 ");
    }

    GatewayUnderTest Gateway(RawUpstream upstream, AsyncSpec spec)
    {
        var gateway = new GatewayUnderTest([upstream.Endpoint()], route: Route(spec), requests: Open);
        gateway.Change(WithStatus);
        return gateway;
    }

    SqliteRequests Open() => SqliteRequests.Open(new() { Path = folder["requests.db"] });

    static RouteModel Route(AsyncSpec spec) => Routes.All(r => r with { Async = spec });

    // As the server makes it.
    static TableModel WithStatus(TableModel table) => table with { Routes = [table.Routes[0], .. StatusRoutes.Of(table.Routes[0])] };

    // A connection that is kept for later may stay silent for longer than the test has patience.
    static async Task<string?> HeadAsync(RawPeer peer)
    {
        try
        {
            return await peer.ReadHeadAsync();
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    static Task<string> PostAsync(GatewayUnderTest gateway, string key) => gateway.AskAsync($"POST /a HTTP/1.1\r\nHost: h\r\nIdempotency-Key: {key}\r\nContent-Length: 0\r\n\r\n");

    static Task<string> GetAsync(GatewayUnderTest gateway, string path) => gateway.AskAsync($"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");

    static string Line(string response, string name) => response.Split("\r\n").Single(l => l.StartsWith(name + ": ", StringComparison.Ordinal))[(name.Length + 2)..];

    static JsonNode JsonOf(string response) => JsonNode.Parse(response[(response.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..])!;
}
