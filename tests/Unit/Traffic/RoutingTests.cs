using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>What a route does with what it takes, through a whole gateway.</summary>
public sealed class RoutingTests
{
    static readonly string[] Own = ["Content-Type", "Set-Cookie"];

    [Fact]
    public async Task A_path_is_rewritten_from_its_variables_and_keeps_its_query()
    {
        await using var gateway = new RoutedGateway().Service("s", "1.0")
            .Route("path", new() { Path = "/a/{id}/{**rest}" }, s => s with { To = "s", Rewrite = new() { Path = "/v2/{rest}/of/{id}", Host = "inner.test:81" } })
            .Route("strip", new() { Prefix = "/shop/api" }, s => s with { To = "s", Rewrite = new() { Prefix = "/" } })
            .Route("swap", new() { Prefix = "/old" }, s => s with { To = "s", Rewrite = new() { Prefix = "/new/home/" } })
            .Start();
        var answer = await gateway.GetAsync("/a/7%2Fb/x//y/?q=1&r=%20");
        answer.ShouldContain("GET /v2/x/y/of/7%2Fb?q=1&r=%20 HTTP/1.1\r\n");
        answer.ShouldContain("Host: inner.test:81\r\n");
        answer.ShouldContain("X-Forwarded-Host: h\r\n");
        answer.ShouldNotContain("\nHost: h\r\n");
        (await gateway.GetAsync("/shop/api")).ShouldContain("GET / HTTP/1.1\r\n");
        (await gateway.GetAsync("/shop/api/x/y?z")).ShouldContain("GET /x/y?z HTTP/1.1\r\n");
        (await gateway.GetAsync("/shop/api//x")).ShouldContain("GET /x HTTP/1.1\r\n");
        (await gateway.GetAsync("/old/x")).ShouldContain("GET /new/home/x HTTP/1.1\r\n");
        (await gateway.GetAsync("/shop/api/../x")).ShouldContain("400 Bad Request");
    }

    [Fact]
    public async Task Redirects_and_fixed_responses_need_no_service()
    {
        await using var gateway = new RoutedGateway()
            .Route("tls", new() { Host = "a.test" }, s => s with { Redirect = new() { To = "https://{host}{path}" } })
            .Route("moved", new() { Path = "/old/{**rest}" }, s => s with { Redirect = new() { To = "/{rest}", Status = 302 } })
            .Route("fixed", new() { Path = "/teapot" }, s => s with { Respond = new() { Status = 418, Body = "short and stout", Headers = new Dictionary<string, string> { ["X-Pot"] = "yes" } } })
            .Start();
        var answer = await gateway.GetAsync("/x/y?z=1", host: "A.test:8080");
        answer.ShouldStartWith("HTTP/1.1 308 Permanent Redirect\r\n");
        answer.ShouldContain("Location: https://a.test/x/y?z=1\r\n");
        (await gateway.GetAsync("/old//evil.test/x")).ShouldContain("Location: /evil.test/x\r\n", customMessage: "a redirect never leaves its host by a double slash");
        (await gateway.GetAsync("/old/\\evil.test")).ShouldContain("Location: /%5Cevil.test\r\n");
        answer = await gateway.GetAsync("/teapot");
        answer.ShouldStartWith("HTTP/1.1 418 ");
        answer.ShouldContain("X-Pot: yes\r\n");
        answer.ShouldEndWith("short and stout");
        using var client = await RawPeer.ConnectAsync(gateway.Gateway.AddressOf("gateway")!);
        await client.SendAsync("HEAD /teapot HTTP/1.1\r\nHost: h\r\n\r\nGET /teapot HTTP/1.1\r\nHost: h\r\n\r\n");
        (await client.ReadHeadAsync()).ShouldNotBeNull().ShouldContain("Content-Length: 15\r\n");
        (await client.ReadResponseAsync()).ShouldEndWith("stout");
    }

    [Fact]
    public async Task Headers_are_set_added_and_removed_both_ways()
    {
        await using var gateway = new RoutedGateway().Service("s", "1.0")
            .Route("r", new(), s => s with
            {
                To = "s",
                RequestHeaders = new()
                {
                    Set = new Dictionary<string, string> { ["X-Who"] = "{client} at {host} by {route}" },
                    Add = new Dictionary<string, string> { ["X-Many"] = "two" },
                    Remove = ["Cookie"],
                },
                ResponseHeaders = new() { Set = new Dictionary<string, string> { ["Server"] = "mainstay", ["X-Id"] = "{request-id}" } },
            })
            .Start();
        var answer = await gateway.GetAsync("/", "X-Who: me\r\nX-Many: one\r\nCOOKIE: a=1\r\nX-Request-Id: id-7\r\n", "Shop.test:80");
        answer.ShouldContain("X-Who: 127.0.0.1 at shop.test by r\r\n");
        answer.ShouldNotContain("X-Who: me");
        answer.ShouldContain("X-Many: one\r\n");
        answer.ShouldContain("X-Many: two\r\n");
        answer.ShouldNotContain("a=1");
        answer.ShouldContain("Server: mainstay\r\n");
        answer.ShouldNotContain("Server: echo");
        answer.ShouldContain("X-Id: id-7\r\n");
    }

    [Fact]
    public async Task Preflights_are_answered_and_pages_of_other_origins_named()
    {
        await using var gateway = new RoutedGateway().Service("s", "1.0")
            .Route("r", new() { Path = "/api", Methods = ["GET", "PUT"] }, s => s with
            {
                To = "s",
                Cors = new() { Origins = ["https://shop.test", "https://*.shop.test"], Headers = ["X-Token"], Expose = ["X-Total"], Credentials = true },
            })
            .Start();
        var answer = await gateway.AskAsync("OPTIONS /api HTTP/1.1\r\nHost: h\r\nOrigin: https://shop.test\r\nAccess-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-token\r\n\r\n");
        answer.ShouldStartWith("HTTP/1.1 204 No Content\r\n");
        answer.ShouldContain("Access-Control-Allow-Origin: https://shop.test\r\n");
        answer.ShouldContain("Access-Control-Allow-Methods: GET, PUT\r\n");
        answer.ShouldContain("Access-Control-Allow-Headers: x-token\r\n");
        answer.ShouldContain("Access-Control-Allow-Credentials: true\r\n");
        answer.ShouldContain("Access-Control-Max-Age: 600\r\n");
        answer.ShouldContain("Vary: Origin\r\n");
        foreach (var (origin, method, header) in new[] { ("https://evil.test", "PUT", "x-token"), ("https://shop.test", "DELETE", "x-token"), ("https://shop.test", "PUT", "x-other"), ("https://evilshop.test", "PUT", "x-token"), ("https://a/.shop.test", "PUT", "x-token") })
        {
            answer = await gateway.AskAsync($"OPTIONS /api HTTP/1.1\r\nHost: h\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: {method}\r\nAccess-Control-Request-Headers: {header}\r\n\r\n");
            (answer.Contains("403 Forbidden") || answer.Contains("404 Not Found")).ShouldBeTrue(answer);
            answer.ShouldNotContain("Access-Control-Allow");
        }

        answer = await gateway.GetAsync("/api", "Origin: https://a.shop.test\r\n");
        answer.ShouldContain("Access-Control-Allow-Origin: https://a.shop.test\r\n");
        answer.ShouldContain("Access-Control-Expose-Headers: X-Total\r\n");
        answer.ShouldNotContain("https://upstream", customMessage: "what the endpoint says about CORS is replaced");
        answer = await gateway.GetAsync("/api", "Origin: https://evil.test\r\n");
        answer.ShouldStartWith("HTTP/1.1 200 OK");
        answer.ShouldNotContain("Access-Control");
        answer.ShouldContain("Vary: Origin\r\n");
    }

    [Fact]
    public async Task A_body_beyond_the_routes_limit_is_refused_declared_or_not()
    {
        await using var gateway = new RoutedGateway().Service("s", "1.0").Route("r", new(), s => s with { To = "s", MaxBody = new(10) }).Start();
        (await gateway.AskAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789")).ShouldStartWith("HTTP/1.1 200");
        (await gateway.AskAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n")).ShouldContain("X-Mainstay-Reason: body-too-large\r\n");
        (await gateway.AskAsync("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n")).ShouldStartWith("HTTP/1.1 413 Content Too Large");
        (await gateway.AskAsync("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n")).ShouldStartWith("HTTP/1.1 200");

        // The rest comes when the request is on its way already.
        using var client = await RawPeer.ConnectAsync(gateway.Gateway.AddressOf("gateway")!);
        await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n");
        await client.SendAsync("6\r\n012345\r\n0\r\n\r\n");
        (await client.ReadResponseAsync()).ShouldContain("X-Mainstay-Reason: body-too-large\r\n");
    }

    [Theory]
    [InlineData("Content-Length")]
    [InlineData("connection")]
    [InlineData("Transfer-Encoding")]
    [InlineData("X-Request-Id")]
    [InlineData("a b")]
    [InlineData("")]
    public void Headers_that_frame_or_trace_are_refused(string name) =>
        new HeaderEdit { Set = new Dictionary<string, string> { [name] = "x" } }.Validate().ShouldHaveSingleItem().Path.ShouldBe("set");

    [Fact]
    public void A_route_leads_to_exactly_one_place_and_says_so()
    {
        new RouteSpec { Match = new() }.Validate().ShouldHaveSingleItem().Path.ShouldBe("to");
        new RouteSpec { Match = new(), To = "s", Respond = new() }.Validate().ShouldHaveSingleItem().Remedy.ShouldContain("redirect, respond, files and compose");
        new HeaderEdit { Set = new Dictionary<string, string> { ["X"] = "a\r\nb" } }.Validate().ShouldHaveSingleItem();
        new HeaderEdit { Set = new Dictionary<string, string> { ["X"] = "{nobody}" }, Remove = Own }.Validate().ShouldHaveSingleItem().What.ShouldContain("nobody");
        new CorsSpec { Origins = ["*"], Credentials = true }.Validate().ShouldHaveSingleItem().Path.ShouldBe("origins");
        foreach (var to in new[] { "//evil.test", "https://{path}", "https://{rest}/", "https://a.test{rest}", "ftp://a.test/", "https://*.a.test/", "evil", "https://a.test/ b", "/a\\b" })
        {
            new RedirectSpec { To = to }.Validate(new()).ShouldNotBeEmpty(to);
        }

        foreach (var to in new[] { "/", "/{rest}", "https://{host}{path}", "https://{host}:8443{path}", "https://a.test:81/x?{query}", "{path}" })
        {
            new RedirectSpec { To = to }.Validate(new()).ShouldBeEmpty(to);
        }

        foreach (var path in new[] { "x", "/{nobody}", "/a/../{rest}", "/..{rest}", "/a?b", "/a%2e", "/{rest" })
        {
            new RewriteSpec { Path = path }.Validate(new()).ShouldNotBeEmpty(path);
        }
    }
}
