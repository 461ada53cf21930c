using System.Net;
using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>
/// What is malformed, ambiguous or belongs to one hop never passes: through a real gateway, to an endpoint that notes every byte, and to a real
/// Kestrel, which must find nothing wrong with what reaches it.
/// </summary>
public sealed class SmugglingTests
{
    const string Chunks = "0\r\n\r\n";

    /// <summary>Requests that two servers might read differently.</summary>
    public static TheoryData<string> Ambiguous =>
    [
        // Two framings, or one in disguise.
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \"chunked\"\r\n\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked;q=1\r\n\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\vchunked\r\n\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\n Transfer-Encoding: chunked\r\n\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nX: y\r\n\tTransfer-Encoding: chunked\r\n\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nX: y\rTransfer-Encoding: chunked\r\n\r\n" + Chunks,
        "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\nhello",

        // Chunks that end elsewhere for somebody.
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;a\nb\r\nhello\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n80000000\r\nhello\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n01256789abcdef\r\nhello\r\n" + Chunks,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTransfer_Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: Basic eA==\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nConnection: close\r\n\r\n",

        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: \u0080\r\n\r\n",

        // Names and values that are none.
        "GET / HTTP/1.1\r\nHost: h\r\nX\0: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX\u00e9: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX(y): z\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\u007fb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\u001bb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: \u00ff\u00fe\r\n\r\n",

        // Who is addressed, and what for.
        "GET / HTTP/1.1\r\nHost: h\r\nHost: other\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h, other\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h@other\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: %a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: ,a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a;b\r\n\r\n",
        "GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET http://h@other/ HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET //\\other HTTP/1.1 HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /\tx HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
        "GET / http/1.1\r\nHost: h\r\n\r\n",
        "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n",

        // Paths that lead elsewhere once somebody resolves them.
        "GET /public/../admin HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /public/%2e%2e/admin HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /public/.%2E/admin HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /public%2f..%2fadmin HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /public/..%2Fadmin HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /public/..%5cadmin HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /public\\..\\admin HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /public/..;/admin HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /public/.;x/admin HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /public/%2e HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /public/%00/admin HTTP/1.1\r\nHost: h\r\n\r\n",
    ];

    [Theory]
    [MemberData(nameof(Ambiguous))]
    public async Task What_can_be_read_in_two_ways_reaches_no_endpoint(string request)
    {
        var seen = new StringBuilder();
        await using var upstream = Noting(seen, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(request + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
        var status = (await client.ReadResponseAsync()).Split(' ')[1];
        status.ShouldBeOneOf("400", "404", "501", "505");
        lock (seen) seen.ToString().ShouldBeEmpty();
    }

    [Fact]
    public async Task What_belongs_to_one_hop_or_is_not_the_clients_to_say_stays_here()
    {
        var seen = new StringBuilder();
        await using var upstream = Noting(seen, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()]);
        await gateway.AskAsync(
            "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close, X-Hop, X-Forwarded-For, Host, Content-Length, TE\r\nX-Hop: secret-hop\r\nTE: trailers\r\nKeep-Alive: timeout=5\r\n"
            + "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic c2VjcmV0\r\nX_Forwarded_For: 6.6.6.6\r\nX-Forwarded_Proto: https\r\nX-Kept: yes\r\n\r\n");
        var head = seen.ToString();
        head.ShouldContain("X-Kept: yes\r\n");
        head.ShouldContain("Host: h\r\n");
        head.ShouldContain("X-Forwarded-For: 127.0.0.1\r\n");
        foreach (var hop in new[] { "X-Hop", "TE:", "Keep-Alive", "Proxy-", "6.6.6.6", "https", "Connection:" }) head.ShouldNotContain(hop, Case.Insensitive);
    }

    // A tunnel of HTTP/2 would carry requests past every policy.
    [Theory]
    [InlineData("h2c")]
    [InlineData("HTTP/2.0")]
    [InlineData("websocket, h2c")]
    [InlineData("TLS/1.0")]
    public async Task No_other_http_is_switched_to(string protocol)
    {
        var seen = new StringBuilder();
        await using var upstream = Noting(seen, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()]);
        var response = await gateway.AskAsync($"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: {protocol}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
        response.ShouldStartWith("HTTP/1.1 502 ");
        seen.ToString().ShouldNotContain("Upgrade", Case.Insensitive);
        seen.ToString().ShouldNotContain("HTTP2-Settings", Case.Insensitive);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: evil=1\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: evil=1\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 O\nK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("ICY 200 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n")]
    public async Task A_response_that_can_be_read_in_two_ways_reaches_no_client(string response)
    {
        await using var upstream = RawUpstream.Always(response);
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()]);
        var answer = await gateway.AskAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        answer.ShouldStartWith("HTTP/1.1 502 ");
        answer.ShouldContain("X-Mainstay-Reason: upstream-bad-response\r\n");
        answer.ShouldNotContain("evil");
    }

    [Fact]
    public async Task Interim_responses_end_after_a_few_and_lose_what_belongs_to_one_hop()
    {
        await using var flood = RawUpstream.Always(string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 10_000)));
        await using var gateway = new GatewayUnderTest([flood.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        var all = await client.ReadToEndAsync();
        all.Split("103 Early Hints").Length.ShouldBe(9);
        all.ShouldContain("HTTP/1.1 502 ");
        await using var leaking = RawUpstream.Always("HTTP/1.1 103 Early Hints\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 1\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await using var other = new GatewayUnderTest([leaking.Endpoint()]);
        (await other.AskAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n")).ShouldBe("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    }

    [Fact]
    public async Task Bytes_behind_a_response_are_never_anothers_answer()
    {
        await using var upstream = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        for (var index = 0; index < 3; index++)
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
            (await client.ReadResponseAsync()).ShouldEndWith("\r\n\r\nok");
        }
    }

    /// <summary>Run for ten minutes with <c>MAINSTAY_FUZZ_SECONDS=600 dotnet run --project tests/Unit -c Release -- -method '*Kestrel_finds_nothing*' -noLogo</c>.</summary>
    [Fact]
    public async Task Kestrel_finds_nothing_wrong_with_what_the_gateway_passes_on()
    {
        await using var kestrel = await StartAsync();
        var endpoint = new EndpointModel("one", "127.0.0.1", new Uri(kestrel.Urls.First()).Port);
        await using var gateway = new GatewayUnderTest([endpoint]);
        var passed = 0;
        foreach (var seed in FuzzTime.Seeds(first: 23))
        {
            foreach (var text in ParserFuzzTests.Broken(seed, count: 600))
            {
                using var client = await gateway.ConnectAsync();
                try
                {
                    await client.SendAsync(text);
                    client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
                    var response = await client.ReadToEndAsync();
                    // An endpoint's answer comes with Via; the endpoint's own refusal lacks what its application says.
                    if (!response.Contains("\r\nVia: 1.1 mainstay\r\n", StringComparison.Ordinal) || response.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal)) continue;
                    response.ShouldContain("X-Application: yes", Case.Insensitive, $"seed {seed}: {text}");
                    passed++;
                }
                catch (System.Net.Sockets.SocketException)
                {
                    // Cut by the gateway: nothing was passed on as a whole.
                }
            }
        }
        passed.ShouldBeGreaterThan(20);
    }

    static RawUpstream Noting(StringBuilder seen, string response) => new(async (peer, _) =>
    {
        while (await peer.ReadHeadAsync() is { } head)
        {
            lock (seen) seen.Append(head);
            await peer.SendAsync(response);
        }
    });

    static async Task<WebApplication> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async context =>
        {
            try
            {
                await context.Request.Body.CopyToAsync(Stream.Null);
            }
            catch (BadHttpRequestException cut) when (cut.Message.StartsWith("Unexpected end", StringComparison.Ordinal))
            {
                // The gateway found the body malformed and passed on nothing from there.
            }
            context.Response.Headers["X-Application"] = "yes";
        });
        await app.StartAsync();
        return app;
    }
}
