using System.Net.Http.Headers;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

public sealed class KindEndpointsTests
{
    [Fact]
    public async Task KindsAreListedWithTheirColumns()
    {
        await using var api = await StartAsync();
        var kinds = (await api.GetJsonAsync("/api/v1/kinds"))["items"]!.AsArray();
        var service = kinds.Single(k => (string)k!["name"]! == "service")!;
        ((string)service["plural"]!).ShouldBe("services");
        ((string)service["writes"]!).ShouldBe("users");
        service["columns"]!.AsArray().Select(c => (string)c!).ShouldContain("READY");
    }

    [Fact]
    public async Task EachKindTellsItsSchema()
    {
        await using var api = await StartAsync();
        var schema = await api.GetJsonAsync("/api/v1/kinds/route/schema");
        ((string)schema["$defs"]!["BreakerSpec"]!["properties"]!["errors"]!["default"]!).ShouldBe("50%");
        (await api.SendAsync(HttpMethod.Get, "/api/v1/kinds/routes/schema")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task ResourcesCarryKindAndRevision()
    {
        await using var api = await StartAsync();
        var revision = await api.PutAsync(Service("web"));
        var (status, body, response) = await api.SendAsync(HttpMethod.Get, "/api/v1/services/web");
        status.ShouldBe(200);
        ((string)body!["kind"]!).ShouldBe("service");
        ((long)body["revision"]!).ShouldBe(revision);
        ((string)body["name"]!).ShouldBe("web");
        ((string)body["spec"]!["criticality"]!).ShouldBe("medium");
        response.Headers.ETag.ShouldBe(new EntityTagHeaderValue($"\"{revision}\""));
    }

    [Fact]
    public async Task AnUnchangedResourceIsNotSentAgain()
    {
        await using var api = await StartAsync();
        var revision = await api.PutAsync(Service("web"));
        var (status, _, _) = await api.SendAsync(HttpMethod.Get, "/api/v1/services/web", with: r => r.Headers.IfNoneMatch.Add(new($"\"{revision}\"")));
        status.ShouldBe(304);
        await api.PutAsync(Service("web"));
        (status, _, _) = await api.SendAsync(HttpMethod.Get, "/api/v1/services/web", with: r => r.Headers.IfNoneMatch.Add(new($"\"{revision}\"")));
        status.ShouldBe(200);
    }

    [Fact]
    public async Task ListsPageInTheOrderOfNames()
    {
        await using var api = await StartAsync();
        string[] names = ["d", "b", "e", "a", "c"];
        await api.PutAsync([.. names.Select(n => Service(n))]);
        var seen = new List<string>();
        string? next = null;
        var pages = 0;
        do
        {
            var page = await api.GetJsonAsync($"/api/v1/services?limit=2{(next is null ? "" : "&continue=" + next)}");
            seen.AddRange(page["items"]!.AsArray().Select(i => (string)i!["name"]!));
            next = (string?)page["continue"];
            ((long)page["revision"]!).ShouldBe(1);
            pages++;
        }
        while (next is not null);
        seen.ShouldBe(["a", "b", "c", "d", "e"]);
        pages.ShouldBe(3);
    }

    [Theory]
    [InlineData("/api/v1/sevices", "there is no kind 'sevices'")]
    [InlineData("/api/v1/service", "there is no kind 'service'")]
    [InlineData("/api/v1/services/nobody", "there is no service 'nobody'")]
    [InlineData("/api/v1/services/NO%20BODY", "there is no service")]
    [InlineData("/api/v9/x/y/z", "there is nothing at /api/v9/x/y/z")]
    public async Task WhatDoesNotExistIsAProblem(string path, string detail)
    {
        await using var api = await StartAsync();
        var (status, word, body) = await api.ProblemAsync(HttpMethod.Get, path);
        status.ShouldBe(404);
        word.ShouldBe("not-found");
        ((string)body["detail"]!).ShouldContain(detail);
    }

    [Theory]
    [InlineData("/api/v1/services?limit=0", "limit")]
    [InlineData("/api/v1/services?limit=5001", "limit")]
    [InlineData("/api/v1/services?limit=ten", "limit")]
    [InlineData("/api/v1/services?limit=1&limit=2", "limit")]
    [InlineData("/api/v1/services?watch=yes", "watch")]
    [InlineData("/api/v1/services?from=-1", "from")]
    [InlineData("/api/v1/services?Watch=true", null)]
    [InlineData("/api/v1/services/web?dryrun=true", "dryrun")]
    public async Task WrongQueriesNameTheParameter(string path, string? parameter)
    {
        await using var api = await StartAsync();
        await api.PutAsync(Service("web"));
        var (status, word, body) = await api.ProblemAsync(HttpMethod.Get, path);
        (status, word).ShouldBe((400, "bad-request"));
        if (parameter is not null)
        {
            ((string)body["problems"]![0]!["path"]!).ShouldBe(parameter);
        }
    }

    [Fact]
    public async Task EveryWrongParameterIsNamedAtOnce()
    {
        await using var api = await StartAsync();
        var (_, _, body) = await api.ProblemAsync(HttpMethod.Get, "/api/v1/services?limit=0&watch=maybe&colour=red");
        body["problems"]!.AsArray().Select(p => (string)p!["path"]!).ShouldBe(["watch", "limit", "colour"], ignoreOrder: true);
    }

    [Fact]
    public async Task AForeignContinueIsRefused()
    {
        await using var api = await StartAsync();
        foreach (var place in new[] { "!!", "AAAA", new string('a', 1000) })
        {
            (await api.ProblemAsync(HttpMethod.Get, $"/api/v1/services?continue={place}")).Status.ShouldBe(400);
        }
    }

    [Fact]
    public async Task AMethodThatAPathDoesNotAnswerIsAProblem()
    {
        await using var api = await StartAsync();
        var (status, word, _) = await api.ProblemAsync(HttpMethod.Patch, "/api/v1/kinds");
        (status, word).ShouldBe((405, "method"));
    }

    [Fact]
    public async Task HeadAnswersWithoutABody()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Service("web"));
        var (status, body, response) = await api.SendAsync(HttpMethod.Head, "/api/v1/services/web");
        status.ShouldBe(200);
        body.ShouldBeNull();
        response.Content.Headers.ContentLength.ShouldNotBeNull().ShouldBeGreaterThan(10);
    }

    [Fact]
    public async Task AStoreThatIsGoneIsUnavailable()
    {
        await using var api = await StartAsync();
        await api.Store.DisposeAsync();
        var (status, word, _) = await api.ProblemAsync(HttpMethod.Get, "/healthz");
        (status, word).ShouldBe((503, "unavailable"));
    }
}
