using System.Net.Sockets;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>What passes between a client and an endpoint, byte for byte.</summary>
public abstract class ExchangeTests(TransportKind kind) : OnBothTransports(kind)
{
    const string Get = "GET /a?b=c HTTP/1.1\r\nHost: shop.test\r\n\r\n";
    const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Fact]
    public async Task A_request_arrives_with_what_one_hop_adds_and_without_what_belongs_to_one_hop()
    {
        string? seen = null;
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            seen = await peer.ReadHeadAsync();
            await peer.SendAsync(Ok);
        });
        await using var gateway = Gateway([upstream.Endpoint()], time: new FakeTime());
        await gateway.AskAsync(
            "GET /a?b=c HTTP/1.1\r\nHost: shop.test\r\nConnection: keep-alive, X-Private\r\nKeep-Alive: timeout=5\r\nX-Private: 1\r\n" +
            "X-Kept: 1\r\nProxy-Connection: x\r\nTE: trailers\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n" +
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nX-Request-Id: mine\r\n\r\n");
        seen.ShouldBe(
            "GET /a?b=c HTTP/1.1\r\nHost: shop.test\r\nX-Kept: 1\r\n" +
            "X-Forwarded-Host: shop.test\r\nX-Forwarded-Proto: http\r\nX-Forwarded-For: 127.0.0.1\r\n" +
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nX-Request-Id: mine\r\n" +
            "X-Mainstay-Deadline: 30000\r\nVia: 1.1 mainstay\r\n\r\n");
    }

    [Fact]
    public async Task A_made_request_id_is_the_made_traces_id_and_returns_with_the_response()
    {
        string? seen = null;
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            seen = await peer.ReadHeadAsync();
            await peer.SendAsync(Ok);
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        var response = await gateway.AskAsync(Get);
        var trace = seen!.Split("traceparent: 00-")[1][..32];
        trace.ShouldMatch("^[0-9a-f]{32}$");
        seen.ShouldContain($"X-Request-Id: {trace}\r\n");
        response.ShouldBe($"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-Id: {trace}\r\nVia: 1.1 mainstay\r\n\r\nok");
    }

    [Theory]
    [InlineData("this is no HTTP\r\n\r\n", "502", "ConnectionReset")]
    [InlineData("HTTP/1.1 200 OK\r\nthis is no header\r\n\r\n", "502", "ConnectionReset")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "200", "ended")]
    public async Task Only_what_is_under_way_is_broken_off(string answer, string status, string end)
    {
        var ending = new TaskCompletionSource<string>();
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            await peer.SendAsync(answer);
            try
            {
                await peer.ReadToEndAsync();
                ending.TrySetResult("ended");
            }
            catch (SocketException e)
            {
                // A reset leaves no port in TIME_WAIT with us.
                ending.TrySetResult(e.SocketErrorCode.ToString());
            }
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        (await gateway.AskAsync(Get)).ShouldStartWith($"HTTP/1.1 {status} ");
        (await ending.Task.WaitAsync(RawPeer.Patience, TimeProvider.System)).ShouldBe(end);
    }

    [Fact]
    public async Task A_mesh_listener_trusts_its_caller_and_needs_no_route()
    {
        string? seen = null;
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            seen = await peer.ReadHeadAsync();
            await peer.SendAsync(Ok);
        });
        await using var gateway = Gateway([upstream.Endpoint()], route: Routes.Of("none", "/none", "s"));
        using var client = await RawPeer.ConnectAsync(gateway.Mesh);
        await client.SendAsync("GET /x HTTP/1.1\r\nHost: s\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\n\r\n");
        await client.ReadResponseAsync();
        seen!.ShouldContain("X-Forwarded-For: 9.9.9.9\r\n");
        seen!.ShouldContain("X-Forwarded-For: 127.0.0.1\r\n");
        seen!.ShouldNotContain("X-Forwarded-Proto: http\r\n");
        var record = (await gateway.RecordsAsync(1)).ShouldHaveSingleItem();
        (record.Listener, record.Caller, record.Route, record.Service, record.Instance).ShouldBe(("mesh", "web", null, "s", "one"));
    }

    [Fact]
    public async Task Connections_are_kept_on_both_sides_and_pipelined_requests_are_answered_in_order()
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is { } head)
            {
                var path = head.Split(' ')[1];
                await peer.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {path.Length}\r\n\r\n{path}");
            }
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        var requests = Enumerable.Range(1, 50).Select(number => $"GET /{number} HTTP/1.1\r\nHost: h\r\n\r\n");
        await client.SendAsync(string.Concat(requests));
        for (var number = 1; number <= 50; number++) (await client.ReadResponseAsync()).ShouldEndWith($"\r\n\r\n/{number}");
        upstream.Accepted.ShouldBe(1);
    }

    [Theory]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n")]
    public async Task Responses_without_a_body_end_with_their_head(string method, string response)
    {
        await using var upstream = RawUpstream.Always(response);
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        for (var count = 0; count < 3; count++)
        {
            await client.SendAsync($"{method} / HTTP/1.1\r\nHost: h\r\n\r\n");
            (await client.ReadHeadAsync())!.ShouldStartWith(response[..12]);
        }
        upstream.Accepted.ShouldBe(1);
    }

    [Fact]
    public async Task Chunked_bodies_pass_with_extensions_and_trailers_in_both_directions()
    {
        const string body = "3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nX-Sum: 4\r\n\r\n";
        string? seen = null;
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is not null)
            {
                seen = await peer.ReadUntilAsync("\r\n\r\n");
                await peer.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" + body);
            }
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        foreach (var pieces in new[] { 1, 3, body.Length })
        {
            await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
            foreach (var piece in body.Chunk((body.Length + pieces - 1) / pieces)) await client.SendAsync(new string(piece));
            (await client.ReadHeadAsync())!.ShouldContain("Transfer-Encoding: chunked\r\n");
            (await client.ReadUntilAsync("\r\n\r\n")).ShouldBe(body);
            seen.ShouldBe(body);
        }
        upstream.Accepted.ShouldBe(1);
    }

    [Fact]
    public async Task An_http_1_0_client_gets_the_bare_data_of_a_chunked_response_and_the_end()
    {
        await using var upstream = RawUpstream.Always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.0\r\n\r\n");
        var response = await client.ReadToEndAsync();
        response.ShouldEndWith("\r\n\r\nabcde");
        response.ShouldNotContain("Transfer-Encoding");
        response.ShouldContain("Connection: close\r\n");
    }

    [Fact]
    public async Task A_response_without_length_ends_with_its_connection()
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            await peer.SendAsync("HTTP/1.1 200 OK\r\n\r\nhalf ");
            await peer.SendAsync("and half");
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(Get);
        (await client.ReadToEndAsync()).ShouldEndWith("\r\n\r\nhalf and half");
    }

    [Fact]
    public async Task A_response_that_is_cut_short_is_cut_short_for_the_client_too()
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(Get);
        await client.ReadHeadAsync();
        await Should.ThrowAsync<System.Net.Sockets.SocketException>(async () => await client.ReadAsync(100));
        (await gateway.RecordsAsync(1)).ShouldHaveSingleItem().Reasons["upstream-aborted"].ShouldBe(1);
    }

    [Fact]
    public async Task Interim_responses_pass_and_the_body_follows_the_continue()
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            (await peer.ReadHeadAsync())!.ShouldContain("Expect: 100-continue\r\n");
            await peer.SendAsync("HTTP/1.1 100 Continue\r\n\r\n");
            var body = await peer.ReadAsync(5);
            await peer.SendAsync($"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{body}");
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        (await client.ReadHeadAsync()).ShouldBe("HTTP/1.1 100 Continue\r\n\r\n");
        await client.SendAsync("hello");
        (await client.ReadHeadAsync())!.ShouldStartWith("HTTP/1.1 103 ");
        (await client.ReadResponseAsync()).ShouldEndWith("hello");
    }

    [Fact]
    public async Task A_refusal_before_the_body_reaches_the_client_and_ends_the_connection()
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            await peer.SendAsync("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
        (await client.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 413 ");
        (await client.IsEndedAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task An_upgrade_passes_bytes_both_ways_and_each_way_ends_on_its_own()
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            (await peer.ReadHeadAsync())!.ShouldContain("Connection: Upgrade\r\nUpgrade: echo\r\n");
            await peer.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nwelcome");
            await peer.ReadUntilAsync("bye");
            (await peer.ReadToEndAsync()).ShouldBe("");
            await peer.SendAsync("after your end");
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
        (await client.ReadHeadAsync())!.ShouldContain("Connection: Upgrade\r\nUpgrade: echo\r\n");
        (await client.ReadAsync(7)).ShouldBe("welcome");
        await client.SendAsync("bye");
        client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        (await client.ReadToEndAsync()).ShouldBe("after your end");
    }

    [Fact]
    public async Task Events_reach_the_client_one_by_one()
    {
        var next = new SemaphoreSlim(0);
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (var count = 0; count < 3; count++)
            {
                await next.WaitAsync(RawPeer.Patience);
                await peer.SendAsync($"9\r\ndata: {count}\n\n\r\n");
            }
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(Get);
        await client.ReadHeadAsync();
        for (var count = 0; count < 3; count++)
        {
            next.Release();
            (await client.ReadUntilAsync("\n\n\r\n")).ShouldBe($"9\r\ndata: {count}\n\n\r\n");
        }
    }

    [Fact]
    public async Task A_response_flows_while_its_request_still_arrives()
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
            for (var count = 0; count < 3; count++) await peer.SendAsync(await peer.ReadAsync(2));
            while (await peer.ReadHeadAsync() is not null) await peer.SendAsync(Ok);
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n");
        await client.ReadHeadAsync();
        foreach (var piece in new[] { "ab", "cd", "ef" })
        {
            await client.SendAsync(piece);
            (await client.ReadAsync(2)).ShouldBe(piece);
        }
        await client.SendAsync(Get);
        (await client.ReadResponseAsync()).ShouldEndWith("ok");
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/2.0 200 OK\r\n\r\n")]
    [InlineData("nonsense\r\n\r\n")]
    public async Task A_malformed_response_is_a_bad_gateway(string response)
    {
        await using var upstream = RawUpstream.Always(response);
        await using var gateway = Gateway([upstream.Endpoint()]);
        (await gateway.AskAsync(Get)).ShouldContain("X-Mainstay-Reason: upstream-bad-response\r\n");
    }

    [Fact]
    public async Task Bytes_behind_a_response_are_never_taken_for_the_next_one()
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is not null) await peer.SendAsync(Ok + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        for (var count = 0; count < 5; count++)
        {
            await client.SendAsync(Get);
            (await client.ReadResponseAsync()).ShouldEndWith("\r\n\r\nok");
        }
    }

    [Theory]
    [InlineData("/none", "404", "no-route")]
    [InlineData("/%2e%2e/x", "400", "bad-request")]
    public async Task What_does_not_match_is_a_problem_document(string path, string status, string reason)
    {
        await using var gateway = Gateway([], route: Routes.Of("one", "/one", "s"));
        var response = await gateway.AskAsync($"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
        response.ShouldStartWith($"HTTP/1.1 {status} ");
        response.ShouldContain("Content-Type: application/problem+json\r\n");
        response.ShouldContain($"X-Mainstay-Reason: {reason}\r\n");
        response.ShouldContain($"\"reason\":\"{reason}\"");
    }

    [Fact]
    public async Task Without_an_endpoint_the_answer_says_when_to_come_back_and_the_connection_stays()
    {
        await using var gateway = Gateway([]);
        using var client = await gateway.ConnectAsync();
        for (var count = 0; count < 3; count++)
        {
            await client.SendAsync(Get);
            var response = await client.ReadResponseAsync();
            response.ShouldStartWith("HTTP/1.1 503 ");
            response.ShouldContain("Retry-After: 1\r\n");
        }
        (await gateway.RecordsAsync(3)).Sum(record => record.ServerErrors).ShouldBe(3);
    }
}

public sealed class ExchangeOnSockets() : ExchangeTests(TransportKind.Sockets);

public sealed class ExchangeOnLoops() : ExchangeTests(TransportKind.Epoll);
