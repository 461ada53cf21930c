using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Requests;
using Mainstay.State.Requests;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Requests;

/// <summary>Requests with an Idempotency-Key, through a real gateway to a service that counts what it does.</summary>
public sealed class KeyTests : IDisposable
{
    readonly TempFolder folder = new();
    int done;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task TheFirstAnswerIsGivenAgainWithStatusHeadersAndBody()
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await ReadAsync(peer) is { } body) await peer.SendAsync($"HTTP/1.1 201 Created\r\nX-Number: {++done}\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n{body.Length:x}\r\n{body}\r\n0\r\n\r\n");
        });
        await using var gateway = Gateway(upstream, new());

        var first = await PostAsync(gateway, "k1", "hello");
        first.ShouldStartWith("HTTP/1.1 201 Created\r\n");
        first.ShouldContain("X-Number: 1\r\n");
        first.ShouldEndWith("\r\n\r\nhello");
        first.ShouldNotContain("Idempotent-Replayed");
        var again = await PostAsync(gateway, "k1", "hello");
        again.ShouldContain("Idempotent-Replayed: true\r\n");
        Shared(again).ShouldBe(Shared(first));
        (await PostAsync(gateway, "\"k1\"", "hello")).ShouldContain("X-Number: 1\r\n", customMessage: "RFC 8941 writes it in quotes");

        (await PostAsync(gateway, "k1", "other")).ShouldHave("HTTP/1.1 422 ", "key-reused");
        (await PostAsync(gateway, "k2", "other")).ShouldContain("X-Number: 2\r\n");
        (await PostAsync(gateway, null, "hello")).ShouldHave("HTTP/1.1 400 ", "key-required");
        (await PostAsync(gateway, "k1\r\nIdempotency-Key: k2", "hello")).ShouldContain("key-invalid");
        (await PostAsync(gateway, new string('k', 256), "hello")).ShouldContain("key-invalid");
        (await gateway.AskAsync("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx")).ShouldContain(" 201 ", customMessage: "reads need none");
        done.ShouldBe(3);

        // Another gateway of the machine, or this one after a restart, has it, too.
        await using var other = Gateway(upstream, new());
        (await PostAsync(other, "k1", "hello")).ShouldContain("Idempotent-Replayed");
        done.ShouldBe(3);
        // What was done is in the records once, with its instance; what was told again without.
        var records = await gateway.RecordsAsync(9);
        records.Where(r => r.Instance == "one").Sum(r => r.Requests).ShouldBe(3);
        gateway.Policies().Single(p => p.Policy == "idempotency").Numbers["replayed"].ShouldBe(2);
    }

    [Fact]
    public async Task WhileItIsDoneOthersWaitAndItIsDoneAlsoWhenItsClientLeaves()
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await ReadAsync(peer) is not null)
            {
                done++;
                arrived.TrySetResult();
                await go.Task;
                await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
            }
        });
        await using var gateway = Gateway(upstream, new());
        using (var leaver = await gateway.ConnectAsync())
        {
            await leaver.SendAsync(Post("k", "hello"));
            await arrived.Task.WaitAsync(RawPeer.Patience, TimeProvider.System);
            (await PostAsync(gateway, "k", "hello")).ShouldHave("HTTP/1.1 409 ", "key-in-progress");
            (await PostAsync(gateway, "k", "other")).ShouldContain("HTTP/1.1 422 ");
        }

        go.SetResult();
        var answer = "";
        await Until.HoldsAsync(async () => !(answer = await PostAsync(gateway, "k", "hello")).Contains("key-in-progress", StringComparison.Ordinal));
        answer.ShouldContain("Idempotent-Replayed: true");
        answer.ShouldEndWith("done");
        done.ShouldBe(1);
    }

    [Fact]
    public async Task AnUnknownOutcomeIsReportedOrRepeatedWhereTheServiceAllowsIt()
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            if (await ReadAsync(peer) is null) return;
            // Done, and the connection breaks before the answer.
            if (++done % 2 == 1) return;
            await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecond");
        });
        await using var careful = Gateway(upstream, new());
        (await PostAsync(careful, "k", "hello")).ShouldContain("HTTP/1.1 502 ");
        (await PostAsync(careful, "k", "hello")).ShouldHave("HTTP/1.1 409 ", "outcome-unknown");
        done.ShouldBe(1);
        (await PostAsync(careful, "k", "other")).ShouldContain("HTTP/1.1 422 ");

        await using var repeating = Gateway(upstream, new(), new TrafficSpec { IdempotencyKeys = true });
        (await PostAsync(repeating, "k", "hello")).ShouldEndWith("second");
        (await PostAsync(repeating, "k", "hello")).ShouldEndWith("second");
        done.ShouldBe(2);

        await using var reporting = Gateway(upstream, new() { Unknown = UnknownOutcome.Report }, new TrafficSpec { IdempotencyKeys = true }, r => r with { Retry = new() { Attempts = 1 } });
        (await PostAsync(reporting, "k3", "hello")).ShouldContain("HTTP/1.1 502 ");
        (await PostAsync(reporting, "k3", "hello")).ShouldContain("outcome-unknown");
    }

    [Fact]
    public async Task WhatTheServiceDidNotTakeMayComeAgain()
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await ReadAsync(peer) is not null) await peer.SendAsync(++done == 1 ? "HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n" : "HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\nno");
        });
        await using var gateway = Gateway(upstream, new());
        gateway.Apply([new EndpointModel("dead", "127.0.0.1", RawUpstream.DeadPort())]);
        (await PostAsync(gateway, "k", "hello")).ShouldHave("HTTP/1.1 502 ", "connect-failed");
        gateway.Apply([upstream.Endpoint()]);
        (await PostAsync(gateway, "k", "hello")).ShouldHave("HTTP/1.1 503 ", "Retry-After: 3");
        (await PostAsync(gateway, "k", "hello")).ShouldContain("HTTP/1.1 400 ");
        (await PostAsync(gateway, "k", "hello")).ShouldHave("HTTP/1.1 400 ", "Idempotent-Replayed");
        done.ShouldBe(2);
    }

    [Fact]
    public async Task SizesAndOwnersAreHeldTo()
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await ReadAsync(peer) is { } body) await peer.SendAsync($"HTTP/1.1 200 OK\r\nX-Number: {++done}\r\nContent-Length: {body.Length * 1000}\r\n\r\n{new string('a', body.Length * 1000)}");
        });
        await using var gateway = Gateway(upstream, new() { MaxBody = new(1024), MaxAnswer = new(2048), Scope = "header:X-Tenant", Required = false });
        (await PostAsync(gateway, "k", new string('b', 1025))).ShouldContain("HTTP/1.1 413 ");
        (await PostAsync(gateway, "k", "abc")).Length.ShouldBeGreaterThan(3000);
        (await PostAsync(gateway, "k", "abc")).ShouldHave("HTTP/1.1 409 ", "answer-not-kept");
        (await PostAsync(gateway, "t\r\nX-Tenant: a", "x")).ShouldContain("X-Number: 2\r\n");
        (await PostAsync(gateway, "t\r\nX-Tenant: b", "x")).ShouldContain("X-Number: 3\r\n", customMessage: "another's key");
        (await PostAsync(gateway, "t\r\nX-Tenant: a", "x")).ShouldContain("X-Number: 2\r\n");
        (await PostAsync(gateway, null, "x")).ShouldContain("X-Number: 4\r\n", customMessage: "none is required");
    }

    [Fact]
    public async Task WithoutALedgerNothingIsBegun()
    {
        await using var upstream = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await using var none = new GatewayUnderTest([upstream.Endpoint()], route: Routes.All(r => r with { Idempotency = new() }));
        (await PostAsync(none, "k", "x")).ShouldHave("HTTP/1.1 503 ", "ledger-unavailable");
        Directory.CreateDirectory(folder["requests.db"]);
        await using var broken = Gateway(upstream, new());
        (await PostAsync(broken, "k", "x")).ShouldContain("ledger-unavailable");
        broken.Batch().Problems.ShouldContain(p => p.Contains("route/all", StringComparison.Ordinal));
        upstream.Accepted.ShouldBe(0);
    }

    [Fact]
    public void WhatCannotBeTogetherIsRefused()
    {
        var spec = Routes.All(r => r with { Idempotency = new() { Keep = TimeSpan.FromSeconds(1), Scope = "route", MaxBody = new(1L << 30), Methods = ["A B"] }, Fallback = new() { Status = 200, Body = "" } }).Spec;
        spec.Validate().Select(p => p.Path).ShouldBe(["idempotency.methods", "idempotency.keep", "idempotency.scope", "idempotency.maxBody", "fallback"], ignoreOrder: true);
    }

    GatewayUnderTest Gateway(RawUpstream upstream, IdempotencySpec spec, TrafficSpec? traffic = null, Func<RouteSpec, RouteSpec>? change = null)
    {
        var gateway = new GatewayUnderTest(
            [upstream.Endpoint()], route: Routes.All(r => (change ?? (s => s))(r with { Idempotency = spec })), requests: () => SqliteRequests.Open(new() { Path = folder["requests.db"] }));
        if (traffic is not null) gateway.Apply([upstream.Endpoint()], traffic);
        return gateway;
    }

    static Task<string> PostAsync(GatewayUnderTest gateway, string? key, string body) => gateway.AskAsync(Post(key, body));

    static string Post(string? key, string body) => $"POST /a?b=c HTTP/1.1\r\nHost: h\r\n{(key is null ? "" : $"Idempotency-Key: {key}\r\n")}Content-Length: {body.Length}\r\n\r\n{body}";

    // What belongs to the answer itself.
    static string Shared(string response) => string.Join('\n', response.Split("\r\n").Where(l => !l.StartsWith("X-Request-Id", StringComparison.Ordinal) && !l.StartsWith("Idempotent-Replayed", StringComparison.Ordinal)));

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

    static async Task<string?> ReadAsync(RawPeer peer)
    {
        if (await HeadAsync(peer) is not { } head) return null;
        var at = head.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
        return at < 0 ? "" : await peer.ReadAsync(int.Parse(head[(at + 16)..head.IndexOf('\r', at)]));
    }
}

static class Texts
{
    public static void ShouldHave(this string text, params string[] parts)
    {
        foreach (var part in parts) text.ShouldContain(part);
    }
}
