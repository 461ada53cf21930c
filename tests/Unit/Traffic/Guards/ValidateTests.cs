using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Guards;

/// <summary>Requests that are not as their route asks for: what they are told, and that the service sees nothing of them.</summary>
public sealed class ValidateTests : IAsyncDisposable
{
    const string Schema = """
        {"type":"object","properties":{"item":{"type":"string","minLength":1},"count":{"type":"integer","minimum":1},"a/b c":{"type":"string"}},"required":["item"],"additionalProperties":false}
        """;

    readonly RawUpstream upstream;
    GatewayUnderTest gateway = null!;
    int asked;
    string body = "";

    public ValidateTests() => upstream = new RawUpstream(async (peer, _) =>
    {
        while (await peer.ReadHeadAsync() is { } head)
        {
            Interlocked.Increment(ref asked);
            if (head.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase) is >= 0 and var at) body = await peer.ReadAsync(int.Parse(head[(at + 16)..head.IndexOf('\r', at)]));
            if (head.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase)) body = await peer.ReadUntilAsync("0\r\n\r\n");
            await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    });

    [Fact]
    public async Task A_body_that_fits_reaches_the_service_as_it_was_sent()
    {
        With(new ValidateSpec { Body = FreeValue.Parse(Schema) });
        (await StatusAsync(Post("""{"item":"x", "count":2}"""))).ShouldBe("200");
        body.ShouldBe("""{"item":"x", "count":2}""");
        (await StatusAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/vnd.x+json; charset=\"UTF-8\"\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"item\":\r\n4\r\n\"x\"}\r\n0\r\n\r\n")).ShouldBe("200");
        body.ShouldContain("{\"item\":\r\n4\r\n\"x\"}");
        // What has no body is not asked for one, unless its method brings one.
        (await StatusAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n")).ShouldBe("200");
        (await StatusAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")).ShouldBe("400");
        asked.ShouldBe(3);
    }

    [Fact]
    public async Task What_does_not_fit_is_told_all_at_once()
    {
        With(new ValidateSpec { Body = FreeValue.Parse(Schema) });
        var answer = await AskAsync(Post("""{"count":0,"a/b c":1,"other":null}"""));
        answer.ShouldStartWith("HTTP/1.1 422 Unprocessable Content\r\n");
        answer.ShouldContain("Content-Type: application/problem+json\r\nX-Mainstay-Reason: invalid-body\r\n");
        answer.ShouldEndWith(
            """{"type":"about:blank","title":"Unprocessable Content","status":422,"reason":"invalid-body","detail":"The request\u0027s body does not fit its schema.","errors":["""
            + """{"pointer":"#/count","detail":"must be at least 1"},{"pointer":"#/a~1b%20c","detail":"must be string"},{"pointer":"#/other","detail":"is not known here"},{"pointer":"#","detail":"must have \u0027item\u0027"}]}""");
        asked.ShouldBe(0);
    }

    [Theory]
    [InlineData("""{"item":"x","item":"y"}""", "has a map with the same name twice")]
    [InlineData("""{"item":"x",}""", "is not JSON that can be read: line 1, byte 13")]
    [InlineData("""{"item":"x"} {}""", "is not JSON that can be read: line 1, byte 14")]
    [InlineData("{item:'x'}", "is not JSON that can be read: line 1, byte 2")]
    [InlineData("{\"item\":\"\\ud800\"}", "has a text that is no Unicode: half of a surrogate pair")]
    [InlineData("{\"item\":\"\u00ff\"}", "is not UTF-8")]
    [InlineData("// x\n{}", "is not JSON that can be read: line 1, byte 1")]
    public async Task What_two_readers_might_read_differently_is_no_JSON(string text, string why)
    {
        With(new ValidateSpec { Body = FreeValue.Parse(Schema) });
        var answer = await AskAsync(Post(text));
        answer.ShouldStartWith("HTTP/1.1 400 Bad Request\r\n");
        answer.ShouldContain($$"""{"pointer":"#","detail":"{{why}}"}""");
        asked.ShouldBe(0);
    }

    [Fact]
    public async Task What_is_nested_too_deeply_or_too_large_is_refused()
    {
        With(new ValidateSpec { Body = FreeValue.Parse("true"), MaxBody = new ByteSize(1000) });
        (await StatusAsync(Post(new string('[', 65) + new string(']', 65)))).ShouldBe("400");
        (await StatusAsync(Post(new string('[', 64) + new string(']', 64)))).ShouldBe("200");
        (await StatusAsync(Post($"\"{new string('x', 999)}\""))).ShouldBe("413");
        (await StatusAsync($"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n{new string(' ', 1024)}\r\n0\r\n\r\n")).ShouldBe("413");
        asked.ShouldBe(1);
    }

    [Fact]
    public async Task A_large_body_is_judged_like_a_small_one()
    {
        With(new ValidateSpec { Body = FreeValue.Parse("""{"items":{"type":"integer"}}""") });
        var large = $"[{string.Join(',', Enumerable.Range(0, 50_000))}]";
        (await StatusAsync(Post(large))).ShouldBe("200");
        body.ShouldBe(large);
        (await StatusAsync(Post(large.Replace(",49999", ",\"49999\"", StringComparison.Ordinal)))).ShouldBe("422");
        asked.ShouldBe(1);
    }

    [Theory]
    [InlineData("Content-Type: text/plain\r\n", "415")]
    [InlineData("", "415")]
    [InlineData("Content-Type: application/json\r\nContent-Type: application/json\r\n", "415")]
    [InlineData("Content-Type: application/json; charset=utf-16\r\n", "415")]
    [InlineData("Content-Type: application/json\r\nContent-Encoding: gzip\r\n", "415")]
    [InlineData("Content-Type: application/json\r\nContent-Encoding: identity\r\n", "200")]
    [InlineData("Content-Type: Application/JSON;q=1\r\n", "200")]
    public async Task Only_JSON_is_read_as_JSON(string lines, string status)
    {
        With(new ValidateSpec { Body = FreeValue.Parse("true") });
        (await StatusAsync($"POST / HTTP/1.1\r\nHost: h\r\n{lines}Content-Length: 2\r\n\r\n{{}}")).ShouldBe(status);
    }

    [Fact]
    public async Task Headers_and_query_are_looked_at_before_the_body_arrives()
    {
        With(new ValidateSpec
        {
            Headers = new Dictionary<string, string> { ["X-Tenant"] = "/[a-z]+/", ["X-Debug"] = "!" },
            Query = new Dictionary<string, string> { ["v"] = "2", ["id"] = "*" },
            MediaTypes = ["text/*"],
            MaxHeaders = 6,
            MaxHeaderBytes = new ByteSize(200),
        });
        (await StatusAsync("GET /?v=2&id= HTTP/1.1\r\nHost: h\r\nX-Tenant: acme\r\n\r\n")).ShouldBe("200");
        var answer = await AskAsync("POST /?v=3&id=1&i%64=2 HTTP/1.1\r\nHost: h\r\nX-Tenant: ACME\r\nX-Debug: 1\r\nContent-Type: text/csv\r\nContent-Length: 5000\r\n\r\n");
        answer.ShouldStartWith("HTTP/1.1 400 ");
        answer.ShouldContain("""[{"header":"X-Debug","detail":"must not be there"},{"header":"X-Tenant","detail":"must match [a-z]\u002B"},{"query":"id","detail":"is there more than once"},{"query":"v","detail":"must be 2"}]""");
        (await StatusAsync("GET /?v=2&id=1 HTTP/1.1\r\nHost: h\r\nX-Tenant: a\r\nX-Tenant: b\r\n\r\n")).ShouldBe("400");
        (await StatusAsync("GET /?v=2&id=1 HTTP/1.1\r\nHost: h\r\n\r\n")).ShouldBe("400");
        (await StatusAsync("GET /?v=2&id=1 HTTP/1.1\r\nHost: h\r\nX-Tenant: a\r\nA: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\n\r\n")).ShouldBe("431");
        (await StatusAsync($"GET /?v=2&id=1 HTTP/1.1\r\nHost: h\r\nX-Tenant: a\r\nA: {new string('a', 200)}\r\n\r\n")).ShouldBe("431");
        asked.ShouldBe(1);
    }

    [Fact]
    public async Task Nothing_of_a_body_is_passed_on_while_it_arrives()
    {
        With(new ValidateSpec { Body = FreeValue.Parse(Schema) });
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 12\r\n\r\n");
        (await client.ReadHeadAsync())!.ShouldStartWith("HTTP/1.1 100 ");
        await client.SendAsync("{\"item\":");
        upstream.Accepted.ShouldBe(0);
        await client.SendAsync("123}");
        (await client.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 422 ");
        upstream.Accepted.ShouldBe(0);
        // The connection goes on.
        await client.SendAsync(Post("""{"item":"x"}"""));
        (await client.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200 ");
    }

    [Fact]
    public async Task Explain_tells_what_would_be_asked_for()
    {
        With(new ValidateSpec { Body = FreeValue.Parse(Schema), Query = new Dictionary<string, string> { ["v"] = "2" } });
        gateway.Gateway.Answer("g", new Question("1", Method: "POST", Target: "/?v=2")).Explanation!.Steps.Single(s => s.Station == "validate").Why
            .ShouldBe("its head is as the route asks; its body, up to 1Mi, would have to fit the schema");
        var refused = gateway.Gateway.Answer("g", new Question("1", Method: "POST", Target: "/?v=1")).Explanation!.Steps.Single(s => s.Station == "validate");
        (refused.Verdict, refused.Why).ShouldBe(("refuse", "query v must be 2"));
        await Task.CompletedTask;
    }

    void With(ValidateSpec spec)
    {
        spec.Validate().ShouldBeEmpty();
        gateway = new GatewayUnderTest([upstream.Endpoint()], route: Routes.All(route => route with { Valid = spec }));
    }

    static string Post(string text) => $"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: {Encoding.Latin1.GetByteCount(text)}\r\n\r\n{text}";

    async Task<string> AskAsync(string request)
    {
        using var client = await gateway.ConnectAsync();
        await client.Socket.SendAsync(Encoding.Latin1.GetBytes(request));
        return await client.ReadResponseAsync();
    }

    async Task<string> StatusAsync(string request) => (await AskAsync(request)).Split(' ')[1];

    public async ValueTask DisposeAsync()
    {
        await gateway.DisposeAsync();
        await upstream.DisposeAsync();
    }
}
