using System.Net;
using Mainstay.Host.Api;
using Mainstay.Host.Security;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Api;

public sealed class AccessTests
{
    const string Token = "a-token-of-the-tests";
    const string Report = "/internal/v1/agents/local/report";

    [Theory]
    [InlineData("evil.example", 403)]
    [InlineData("evil.example:7070", 403)]
    [InlineData("127.0.0.1.evil.example", 403)]
    [InlineData("localhost.evil.example", 403)]
    [InlineData("10.0.0.1", 403)]
    [InlineData("localhost", 200)]
    [InlineData("LOCALHOST:1", 200)]
    [InlineData("127.0.0.1:7070", 200)]
    [InlineData("127.9.9.9", 200)]
    [InlineData("[::1]:7070", 200)]
    public async Task OnLoopbackTheHostHeaderNamesThisMachine(string host, int expected)
    {
        await using var api = await ApiFixture.StartAsync();
        var (status, _, _) = await api.SendAsync(HttpMethod.Get, "/api/v1/kinds", with: r => r.Headers.Host = host);
        status.ShouldBe(expected);
    }

    [Theory]
    [InlineData("Origin", "http://evil.example", true)]
    [InlineData("Origin", "null", true)]
    [InlineData("Sec-Fetch-Site", "cross-site", true)]
    [InlineData("Sec-Fetch-Site", "same-site", true)]
    [InlineData("Sec-Fetch-Site", "same-origin", false)]
    [InlineData("Origin", "self", false)]
    public async Task AWriteFromAnotherOriginIsRefused(string header, string value, bool refused)
    {
        await using var api = await ApiFixture.StartAsync();
        value = value == "self" ? api.Url.GetLeftPart(UriPartial.Authority) : value;
        var (status, _, _) = await api.SendAsync(HttpMethod.Post, Report, "{}", r => r.Headers.Add(header, value), api.Agent);
        status.ShouldBe(refused ? 403 : 200);
        (status, _, _) = await api.SendAsync(HttpMethod.Get, "/api/v1/kinds", with: r => r.Headers.Add(header, value));
        status.ShouldBe(200);
    }

    [Fact]
    public async Task InternalEndpointsNeedTheInternalToken()
    {
        await using var api = await ApiFixture.StartAsync();
        (await api.ProblemAsync(HttpMethod.Post, Report, "{}")).ShouldSatisfyAllConditions(p => p.Status.ShouldBe(403), p => p.Word.ShouldBe("internal-token"));
        (await api.ProblemAsync(HttpMethod.Get, "/internal/v1/anything")).Status.ShouldBe(403);
        (await api.ProblemAsync(HttpMethod.Post, Report, "{}", r => r.Headers.Add(AccessRules.InternalHeader, "wrong"))).Status.ShouldBe(403);
        var (status, _, _) = await api.SendAsync(HttpMethod.Post, Report, "{}", r => r.Headers.Authorization = new("Bearer", ApiFixture.InternalToken));
        status.ShouldBe(200);
    }

    [Fact]
    public async Task ATokenIsAskedForWhereOneIsSet()
    {
        await using var api = await ApiFixture.StartAsync(token: Token);
        foreach (var path in new[] { "/api/v1/kinds", "/api/v1/services", "/metrics", "/openapi/v1.json" })
        {
            var (status, word, _) = await api.ProblemAsync(HttpMethod.Get, path);
            (status, word).ShouldBe((401, "token"), path);
            (await api.SendAsync(HttpMethod.Get, path, with: r => r.Headers.Authorization = new("Bearer", Token + "x"))).Status.ShouldBe(401);
        }

        (await api.SendAsync(HttpMethod.Get, "/api/v1/kinds", with: r => r.Headers.Authorization = new("Bearer", Token))).Status.ShouldBe(200);
        foreach (var open in new[] { "/healthz", "/livez" })
        {
            (await api.SendAsync(HttpMethod.Get, open)).Status.ShouldBe(200);
        }
    }

    [Fact]
    public void AnAddressThatOthersCanReachNeedsAToken()
    {
        var options = new ApiOptions { Listen = "http://0.0.0.0:7070", InternalToken = ApiFixture.InternalToken };
        options.Validate().Single().Remedy.ShouldBe("set --token, or listen on 127.0.0.1");
        (options with { Token = Token }).Validate().ShouldBeEmpty();
        (options with { Token = "short" }).Validate().Single().Path.ShouldBe("token");
        (options with { Listen = "http://localhost:0" }).Validate().ShouldBeEmpty();
        foreach (var wrong in new[] { "", "127.0.0.1:1", "https://127.0.0.1", "http://example:1", "http://127.0.0.1/x" })
        {
            (options with { Listen = wrong }).Validate().Single().Path.ShouldBe("listen", wrong);
        }
    }

    [Fact]
    public async Task LimitsOfTheRequestHold()
    {
        await using var api = await ApiFixture.StartAsync();
        (await api.Client.GetAsync("/api/v1/services?continue=" + new string('a', 9000))).StatusCode.ShouldBe(HttpStatusCode.RequestUriTooLong);
        var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/kinds");
        request.Headers.Add("X-Long", new string('a', 40_000));
        (await api.Client.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.RequestHeaderFieldsTooLarge);
    }
}
