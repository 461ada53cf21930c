using System.Text.Json.Nodes;
using Mainstay.Client.Config;
using Mainstay.Host.Security;
using Microsoft.Extensions.Configuration;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

public sealed class ConfigEndpointsTests
{
    [Fact]
    public async Task WhatIsEditedIsSeenWhenItIsPublishedAndGoneBackTo()
    {
        await using var api = await StartAsync();
        await EditAsync(api, "web", """{ "content": { "items": { "banner": { "max": "10" } } }, "set": { "banner": "hello" } }""");
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/config/web/effective")).Status.ShouldBe(404);
        var diff = await api.GetJsonAsync("/api/v1/config/web/diff");
        diff["changes"]!.AsArray().Select(c => (string)c!["path"]!).ShouldContain("values.*.banner");
        ((int)(await PublishAsync(api, "web", "first"))["number"]!).ShouldBe(1);

        var page = await api.GetJsonAsync("/api/v1/config/web/effective");
        ((string)page["values"]!["banner"]!["value"]!, (string)page["values"]!["banner"]!["space"]!, (int)page["values"]!["banner"]!["version"]!).ShouldBe(("hello", "web", 1));

        await EditAsync(api, "web", """{ "environment": "prod", "set": { "banner": "welcome" } }""");
        await PublishAsync(api, "web", "for prod");
        ((string)(await api.GetJsonAsync("/api/v1/config/web/effective?environment=prod"))["values"]!["banner"]!["value"]!).ShouldBe("welcome");
        var (status, back, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/config/web/rollback", """{ "version": 1 }""");
        (status, (int)back!["number"]!, (string)back["reason"]!).ShouldBe((200, 3, "back to version 1"));
        await Until.HoldsAsync(async () => (string)(await api.GetJsonAsync("/api/v1/config/web/effective?environment=prod"))["values"]!["banner"]!["value"]! == "hello");
        var versions = (await api.GetJsonAsync("/api/v1/config/web/versions?after=1"))["items"]!.AsArray();
        versions.Select(v => (int)v!["number"]!).ShouldBe([2, 3]);
        (await api.GetJsonAsync("/api/v1/audits"))["items"]!.AsArray().Select(a => (string)a!["verb"]!).ShouldBe(["config-edit", "config-publish", "config-edit", "config-publish", "config-rollback"]);

        // Two who edit at the same time: the second one's publish would undo the first one's.
        await EditAsync(api, "web", """{ "set": { "banner": "mine" } }""");
        await api.SendAsync(HttpMethod.Post, "/api/v1/config/web/rollback", """{ "version": 2 }""");
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/config/web/publish", "{}")).Status.ShouldBe(422);
        (await api.SendAsync(HttpMethod.Post, "/api/v1/config/web/discard", "{}")).Status.ShouldBe(200);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/config/web/publish", "{}")).Status.ShouldBe(422);
    }

    [Fact]
    public async Task AReaderWaitsForAnythingButWhatItHasAndIsListed()
    {
        await using var api = await StartAsync();
        await EditAsync(api, "shared", """{ "set": { "a": "1" } }""");
        await PublishAsync(api, "shared");
        await EditAsync(api, "web", """{ "content": { "inherits": ["shared"] } }""");
        await PublishAsync(api, "web");
        using var feed = new ConfigFeed("web", null, api.Url, "web-1", null, api.Time);
        var first = await feed.ReadAsync();
        first.Values["A"].ShouldBe("1");

        // What it inherits changes; and twice before it asks again.
        await using var states = feed.WatchAsync(first).GetAsyncEnumerator();
        var next = states.MoveNextAsync().AsTask();
        await Until.HoldsAsync(async () => (await api.GetJsonAsync("/api/v1/config/web/readers"))["items"]!.AsArray().Count == 1);
        ((bool)(await api.GetJsonAsync("/api/v1/config/web/readers"))["items"]![0]!["isCurrent"]!).ShouldBeTrue();
        next.IsCompleted.ShouldBeFalse();
        await EditAsync(api, "shared", """{ "set": { "a": "2" } }""");
        await PublishAsync(api, "shared");
        await Until.DoneAsync(next, () => { });
        states.Current.Values["a"].ShouldBe("2");
        await EditAsync(api, "shared", """{ "set": { "a": "3" } }""");
        await PublishAsync(api, "shared");
        await EditAsync(api, "shared", """{ "set": { "a": "2" } }""");
        await PublishAsync(api, "shared");
        await Until.HoldsAsync(async () => ((string)(await api.GetJsonAsync("/api/v1/config/web/effective"))["tag"]!).EndsWith("shared.4", StringComparison.Ordinal));
        await Until.DoneAsync(states.MoveNextAsync().AsTask(), () => { });
        states.Current.Tag.ShouldNotBe(first.Tag);
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/config/web/effective?wait=61s")).Status.ShouldBe(400);
    }

    [Fact]
    public async Task DotNetsConfigurationFollowsANameSpace()
    {
        await using var api = await StartAsync();
        await EditAsync(api, "web", """{ "set": { "http:timeout": "3", "http:retries": "1", "banner": "hello" } }""");
        await PublishAsync(api, "web");
        await Until.HoldsAsync(async () => (await api.SendAsync(HttpMethod.Get, "/api/v1/config/web/effective")).Status == 200);
        using var provider = new MainstayConfigurationProvider(new ConfigFeed("web", null, api.Url, "web-1", null, api.Time));
        using var root = new ConfigurationRoot([provider]);
        root["Banner"].ShouldBe("hello");
        root.GetSection("http").GetChildren().Select(c => $"{c.Key}={c.Value}").ShouldBe(["retries=1", "timeout=3"]);
        var changed = false;
        using var _ = root.GetReloadToken().RegisterChangeCallback(_ => changed = true, null);
        await EditAsync(api, "web", """{ "set": { "banner": "bye" } }""");
        await PublishAsync(api, "web");
        await Until.HoldsAsync(() => changed && root["banner"] == "bye");
    }

    [Fact]
    public async Task OnlyTheAdministratorEditsTemplates()
    {
        await using var api = await StartAsync();
        const string Template = """{ "content": { "layer": "template", "items": { "kernel": { "options": ["a", "b"] } } } }""";
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/config/machines/edit", Template)).Word.ShouldBe("admin");
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/config/machines/edit", Template, r => r.Headers.Add(AccessRules.InternalHeader, "a forged token"))).Status.ShouldBe(403);
        (await api.SendAsync(HttpMethod.Post, "/api/v1/config/machines/edit", Template, client: api.Agent)).Status.ShouldBe(200);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/config/machines/publish", "{}")).Status.ShouldBe(403);
        (await api.SendAsync(HttpMethod.Post, "/api/v1/config/machines/publish", "{}", client: api.Agent)).Status.ShouldBe(200);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/config/machines/edit", """{ "set": { "kernel": "a" } }""")).Status.ShouldBe(403);
    }

    [Theory]
    [InlineData("..", "edit", "{}")]
    [InlineData("Web", "edit", "{}")]
    [InlineData("web", "edit", """{ "environment": "No Name", "set": { "a": "1" } }""")]
    [InlineData("web", "edit", """{ "set": { "a": null } }""")]
    [InlineData("web", "edit", """{ "content": { "layer": "half" } }""")]
    [InlineData("web", "rollback", "{}")]
    [InlineData("web", "publish", """{ "unknown": 1 }""")]
    public async Task WhatCannotBeReadIsRefusedAndLeavesNothing(string space, string verb, string body)
    {
        await using var api = await StartAsync();
        (await api.ProblemAsync(HttpMethod.Post, $"/api/v1/config/{Uri.EscapeDataString(space)}/{verb}", body)).Status.ShouldBeOneOf(400, 404, 405);
        api.Store.Revision.ShouldBe(0);
    }

    [Fact]
    public async Task SecretsAreDeliveredToTheirPlaceAndShownNowhere()
    {
        using var folder = new TempFolder();
        await using var api = await StartAsync(with: s => s with { Data = folder.Path });
        const string Value = "correct horse battery staple";
        (await api.SendAsync(HttpMethod.Post, "/api/v1/secrets/web-key", $$"""{ "value": "{{Value}}" }""")).Status.ShouldBe(200);
        await EditAsync(api, "web", """{ "content": { "items": { "key": { "secret": true }, "lost": { "secret": true } } }, "set": { "key": "secret:web-key", "lost": "secret:nothing" } }""");
        await PublishAsync(api, "web");
        await Until.HoldsAsync(async () => (await api.SendAsync(HttpMethod.Get, "/api/v1/config/web/effective")).Status == 200);
        var (_, values, _) = await api.SendAsync(HttpMethod.Get, "/internal/v1/config/web", client: api.Agent);
        values!.ToJsonString().ShouldBe($$"""{"key":"{{Value}}"}""", "a reference that leads nowhere is left out");
        (await api.SendAsync(HttpMethod.Get, "/internal/v1/config/web")).Status.ShouldBe(403);

        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/config/web/edit", """{ "set": { "key": "a bare horse" } }""")).Body.ToJsonString().ShouldNotContain("bare horse");

        // Nothing that anybody can read has it: neither the store nor any list, page or audit.
        foreach (var entry in (await api.Store.RangeAsync("")).Entries)
        {
            System.Text.Encoding.UTF8.GetString(entry.Value.Span).ShouldNotContain("horse", customMessage: entry.Key);
        }

        foreach (var path in new[] { "secrets", "audits", "events", "config-spaces", "config-versions", "config/web/effective", "config/web/versions" })
        {
            (await api.Client.GetStringAsync($"/api/v1/{path}")).ShouldNotContain("horse", customMessage: path);
        }

        var file = Path.Combine(folder.Path, "secrets.keys");
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var before = await File.ReadAllTextAsync(file);
        var (_, rotated, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/secret-keys/rotate", "{}");
        ((int)rotated!["sealed"]!).ShouldBe(1);
        (await File.ReadAllTextAsync(file)).ShouldNotBe(before);
        (_, values, _) = await api.SendAsync(HttpMethod.Get, "/internal/v1/config/web", client: api.Agent);
        ((string)values!["key"]!).ShouldBe(Value);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/secrets/web-key", """{ "value": 12, "secret": "horse" }""")).Body.ToJsonString().ShouldNotContain("horse");
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/secrets/..", """{ "value": "a" }""")).Status.ShouldBeOneOf(400, 404, 405);
        (await api.SendAsync(HttpMethod.Delete, "/api/v1/secrets/web-key")).Status.ShouldBe(200);
        (await api.ProblemAsync(HttpMethod.Delete, "/api/v1/secrets/web-key")).Status.ShouldBe(404);
    }

    static async Task EditAsync(ApiFixture api, string space, string body)
    {
        var (status, json, _) = await api.SendAsync(HttpMethod.Post, $"/api/v1/config/{space}/edit", body);
        status.ShouldBe(200, json?.ToJsonString());
    }

    static async Task<JsonNode> PublishAsync(ApiFixture api, string space, string reason = "")
    {
        var (status, json, _) = await api.SendAsync(HttpMethod.Post, $"/api/v1/config/{space}/publish", $$"""{ "reason": "{{reason}}" }""");
        status.ShouldBe(200, json?.ToJsonString());
        return json!;
    }
}
