using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Api;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

public sealed class OtherEndpointsTests
{
    static Event Happened(int number, string about) => new() { Name = $"{number:D13}-test-1", At = default, About = about, Reason = "Test", Message = $"{number}" };

    static string[] Messages(JsonNode list) => [.. list["items"]!.AsArray().Select(i => (string)i!["message"]!)];

    [Fact]
    public async Task EventsAreTheLastOnesNewestLast()
    {
        await using var api = await StartAsync();
        await api.PutAsync([.. Enumerable.Range(1, 6).Select(i => Happened(i, i % 2 == 0 ? "service/web" : "service/orders"))]);
        Messages(await api.GetJsonAsync("/api/v1/events?tail=2")).ShouldBe(["5", "6"]);
        Messages(await api.GetJsonAsync("/api/v1/events?about=service/web&tail=2")).ShouldBe(["4", "6"]);
        Messages(await api.GetJsonAsync("/api/v1/events?about=service/web")).ShouldBe(["2", "4", "6"]);
        Messages(await api.GetJsonAsync("/api/v1/events?limit=3")).ShouldBe(["1", "2", "3"]);
        Messages(await api.GetJsonAsync("/api/v1/events?tail=0")).ShouldBeEmpty();
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/events?tail=x")).Status.ShouldBe(400);

        using var watch = await api.OpenAsync("/api/v1/events?watch=true&about=service/web");
        Messages((await watch.EventAsync("list")).Data).ShouldBe(["2", "4", "6"]);
        await api.PutAsync(Happened(7, "service/orders"));
        await api.PutAsync(Happened(8, "service/web"));
        ((string)(await watch.EventAsync("put")).Data["message"]!).ShouldBe("8");
    }

    [Fact]
    public async Task LogsNeedExactlyOneSourceThatExists()
    {
        using var data = new TemporaryFolder();
        await using var api = await StartAsync(with: s => s with { Data = data.Path });
        await api.PutAsync(Service("web"));
        foreach (var wrong in new[] { "", "?service=web&build=x", "?service=web&tail=-1", "?service=web&follow=1" })
        {
            (await api.ProblemAsync(HttpMethod.Get, "/api/v1/logs" + wrong)).Status.ShouldBe(400, wrong);
        }

        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/logs?service=nobody")).Status.ShouldBe(404);
        (await api.Client.GetStringAsync("/api/v1/logs?service=web")).ShouldBe("");
    }

    [Fact]
    public async Task AFollowedLogPingsAndEndsWithTheServer()
    {
        using var data = new TemporaryFolder();
        var api = await StartAsync(with: s => s with { Data = data.Path });
        using (var log = await api.OpenAsync("/api/v1/logs?instance=web-1&follow=true"))
        {
            (await ResourceWatchTests.AdvanceUntilAsync(api, log.LineAsync(), TimeSpan.FromSeconds(15))).ShouldBe("");
            var stopped = api.StopAsync();
            while (await log.LineAsync() is not null)
            {
            }

            await stopped.WaitAsync(TimeSpan.FromSeconds(1));
        }

        await api.DisposeAsync();
    }

    [Fact]
    public async Task OpenApiDocumentsEveryRouteAndResolvesEveryReference()
    {
        await using var api = await StartAsync();
        var document = await api.GetJsonAsync("/openapi/v1.json");
        ((string)document["openapi"]!).ShouldBe("3.1.0");
        var paths = document["paths"]!.AsObject();
        foreach (var kind in CoreKinds.All.All)
        {
            paths[$"/api/v1/{kind.Plural}"]!["get"].ShouldNotBeNull(kind.Plural);
            (paths[$"/api/v1/{kind.Plural}/{{name}}"]!["put"] is not null).ShouldBe(kind.Writes == KindWrites.Users, kind.Plural);
        }

        paths.ShouldNotContain(p => p.Key.StartsWith("/internal", StringComparison.Ordinal));
        paths["/api/v1/apply"]!["post"]!["requestBody"].ShouldNotBeNull();
        var text = document.ToJsonString();
        foreach (var reference in text.Split("\"$ref\":\"#/components/schemas/").Skip(1).Select(t => t[..t.IndexOf('"', StringComparison.Ordinal)]).Where(r => !r.Contains('/')).Distinct())
        {
            document["components"]!["schemas"]![reference].ShouldNotBeNull(reference);
        }
    }

    [Fact]
    public async Task ProbesMetricsAndVersion()
    {
        await using var api = await StartAsync(with: s => s with { Metrics = [m => m.Counter("my_total", "Mine.", 3, ("of", "a\"b"))] });
        await api.PutAsync(Service("web"));
        await api.GetJsonAsync("/api/v1/status");
        foreach (var probe in new[] { "/livez", "/healthz", "/readyz" })
        {
            (await api.Client.GetStringAsync(probe)).ShouldBe("ok\n");
        }

        ((string)(await api.GetJsonAsync("/api/v1/version"))["version"]!).ShouldBe("9.8.7");
        var metrics = await api.Client.GetStringAsync("/metrics");
        metrics.ShouldContain("# TYPE mainstay_store_commits_total counter\nmainstay_store_commits_total 1\n");
        metrics.ShouldContain("my_total{of=\"a\\\"b\"} 3\n");
        metrics.ShouldContain("process_resident_memory_bytes ");
    }

    [Fact]
    public async Task TheDashboardIsServedWithItsPagesAndNothingAround()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "web", "assets"));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "web", "index.html"), "<html>");
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "web", "assets", "app-1a2b.js"), "1");
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "secret"), "s");
        await using var api = await StartAsync(dashboard: Path.Combine(folder.Path, "web"));
        foreach (var page in new[] { "/", "/services/web", "/history?from=1" })
        {
            var (status, _, response) = await api.SendAsync(HttpMethod.Get, page);
            status.ShouldBe(200);
            response.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
            response.Headers.CacheControl!.ToString().ShouldBe("no-cache");
            response.Headers.GetValues("Content-Security-Policy").Single().ShouldBe(Dashboard.ContentSecurityPolicy);
            response.Headers.GetValues("X-Content-Type-Options").Single().ShouldBe("nosniff");
            (await api.SendAsync(HttpMethod.Get, page, with: r => r.Headers.IfNoneMatch.Add(response.Headers.ETag!))).Status.ShouldBe(304);
        }

        var (_, _, script) = await api.SendAsync(HttpMethod.Get, "/assets/app-1a2b.js");
        script.Headers.CacheControl!.ToString().ShouldContain("immutable");
        script.Headers.ETag.ShouldNotBeNull();
        (await api.ProblemAsync(HttpMethod.Get, "/assets/app-gone.js")).Status.ShouldBe(404);
        (await api.ProblemAsync(HttpMethod.Get, "/api/v2/x")).Status.ShouldBe(404);
        (await api.ProblemAsync(HttpMethod.Post, "/services/web")).Status.ShouldBe(404);
        (await api.Client.GetStringAsync("/..%2fsecret")).ShouldBe("<html>");
    }

    [Fact]
    public async Task WithoutADashboardTheRootSaysSo()
    {
        await using var api = await StartAsync();
        var (status, _, body) = await api.ProblemAsync(HttpMethod.Get, "/");
        (status, (string)body["detail"]!).ShouldBe((404, "the dashboard is not built"));
    }

    sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("mainstay-api-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
