using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Schedule.Agent;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

/// <summary>Files of configuration on their way to the agents.</summary>
public sealed class ConfigFilesTests
{
    const string Path = "/internal/v1/agents/local/files";

    [Fact]
    public async Task AnAgentIsGivenTheFilesOfItsOwnInstancesAsSoonAsTheyAreOthers()
    {
        using var folder = new TempFolder();
        await using var api = await StartAsync(with: s => s with { Data = folder.Path });
        await PublishAsync(api, "web", """{ "content": { "items": { "limit": { "type": "integer" }, "key": { "secret": true } } }, "set": { "limit": "5", "key": "secret:web-key" } }""");
        await PublishAsync(api, "open", """{ "set": { "banner": "hello" } }""");
        var files = new Dictionary<string, ConfigFile> { ["app.json"] = new() { From = "web" }, ["open.conf"] = new() { From = "open", Template = "say {{banner}};" } };
        await api.PutAsync(Service("web"), Instance("web-1", "web") with { Template = Instance("web-1", "web").Template with { Files = files } }, Instance("web-2", "web", "elsewhere") with { Template = Instance("web-2", "web").Template with { Files = files } });

        // The secret is kept by nobody yet: that is an answer, too.
        var given = await UntilGivenAsync(api, 2, Held("app.json"), Held("open.conf"), Held("no-such-file"), Held("app.json") with { Instance = "web-2" }, Held("app.json") with { Instance = "nobody" });
        given.Items.Select(i => $"{i.File} {i.Tag} {i.Text} {i.HasSecret} {i.Problem}").ShouldBe(
        [
            "app.json web.1  False there is no value of the secret 'web-key'; keep it with 'mainstay secret set web-key'",
            "open.conf open.1 say hello; False ",
        ]);
        (await api.SendAsync(HttpMethod.Post, "/api/v1/secrets/web-key", """{ "value": "hunter2" }""")).Status.ShouldBe(200);
        given = await AskAsync(api, TimeSpan.Zero, Held("app.json"), Held("open.conf", "open.1", "open.1"));
        given.Items.Single().ShouldBe(new FileGiven("web-1", "app.json", "web.1", "{\n  \"key\": \"hunter2\",\n  \"limit\": 5\n}\n", HasSecret: true, null));

        // It waits for the next publish, and says nothing of what is not another.
        var waiting = AskAsync(api, TimeSpan.FromSeconds(60), Held("app.json", "web.1", "web.1"), Held("open.conf", "open.1", "open.1"));
        await PublishAsync(api, "open", """{ "set": { "banner": "bye" } }""");
        (await waiting.WaitAsync(Until.Patience)).Items.Single().ShouldBe(new FileGiven("web-1", "open.conf", "open.2", "say bye;", HasSecret: false, null));
        api.Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task WhoRunsWhatAndWhyNotIsShown()
    {
        await using var api = await StartAsync();
        await PublishAsync(api, "open", """{ "set": { "banner": "hello" } }""");
        var files = new Dictionary<string, ConfigFile> { ["a"] = new() { From = "open" }, ["b"] = new() { From = "open" } };
        await api.PutAsync(Service("web"), Instance("web-1", "web") with { Template = Instance("web-1", "web").Template with { Files = files } });
        await UntilGivenAsync(api, 2, Held("a"), Held("b"));
        await AskAsync(api, TimeSpan.Zero, Held("a", "open.1", "open.1"), Held("b", "open.1", "open.1"));
        (await ReadersAsync(api)).ShouldBe(["web-1 open.1 true "]);

        await PublishAsync(api, "open", """{ "set": { "banner": "bye" } }""");
        for (var again = 0; again < 2; again++)
        {
            await AskAsync(api, TimeSpan.Zero, Held("a", "open.2", "open.2"), Held("b", "open.2", "open.1") with { Problem = "POST /reload was answered 500" });
        }

        (await ReadersAsync(api)).ShouldBe(["web-1 open.1 false b: POST /reload was answered 500"]);
        (await api.GetJsonAsync("/api/v1/events"))["items"]!.AsArray().Where(e => (string?)e!["reason"] == "NotConfigured").Select(e => (string?)e!["message"])
            .ShouldBe(["web-1 does not have open.2 in b: POST /reload was answered 500"], "it is told once");
        await AskAsync(api, TimeSpan.Zero, Held("a", "open.2", "open.2"), Held("b", "open.2", "open.2"));
        (await ReadersAsync(api)).ShouldBe(["web-1 open.2 true "]);
    }

    [Fact]
    public async Task WhatIsMalformedIsRefused()
    {
        await using var api = await StartAsync();
        (await api.ProblemAsync(HttpMethod.Post, Path, """{ "held": [] }""")).Status.ShouldBe(403, "the agent's token is asked for");
        (await api.ProblemAsync(HttpMethod.Post, Path, """{ "held": [], "wait": "2m" }""", client: api.Agent)).Status.ShouldBe(400);
        (await api.ProblemAsync(HttpMethod.Post, Path, """{ "held": [null] }""", client: api.Agent)).Status.ShouldBe(400);
        (await api.ProblemAsync(HttpMethod.Post, Path, """{ "hold": [] }""", client: api.Agent)).Status.ShouldBe(400);
    }

    static FileHeld Held(string file, string? seen = null, string? tag = null) => new("web-1", file, seen, tag, null);

    static async Task<FilesGiven> AskAsync(ApiFixture api, TimeSpan wait, params FileHeld[] held)
    {
        var (status, json, _) = await api.SendAsync(HttpMethod.Post, Path, System.Text.Encoding.UTF8.GetString(Codec.Encode(new FilesAsk { Held = held, Wait = wait })), client: api.Agent);
        status.ShouldBe(200, json?.ToJsonString());
        return Codec.Decode<FilesGiven>(System.Text.Encoding.UTF8.GetBytes(json!.ToJsonString()));
    }

    // The server's picture may not have the instance yet.
    static async Task<FilesGiven> UntilGivenAsync(ApiFixture api, int count, params FileHeld[] held)
    {
        var given = new FilesGiven([]);
        await Until.HoldsAsync(async () => (given = await AskAsync(api, TimeSpan.Zero, held)).Items.Count == count);
        return given;
    }

    static async Task<string[]> ReadersAsync(ApiFixture api) =>
        [.. (await api.GetJsonAsync("/api/v1/config/open/readers"))["items"]!.AsArray().Select(v => $"{v!["reader"]!["reader"]} {v["reader"]!["tag"]} {v["isCurrent"]} {v["reader"]!["problem"]}")];

    static async Task PublishAsync(ApiFixture api, string space, string edit)
    {
        var (status, json, _) = await api.SendAsync(HttpMethod.Post, $"/api/v1/config/{space}/edit", edit);
        status.ShouldBe(200, json?.ToJsonString());
        (status, json, _) = await api.SendAsync(HttpMethod.Post, $"/api/v1/config/{space}/publish", "{}");
        status.ShouldBe(200, json?.ToJsonString());
    }
}
