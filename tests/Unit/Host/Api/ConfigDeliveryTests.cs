using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

/// <summary>Configuration and secrets on their way to the instances that Mainstay runs.</summary>
public sealed class ConfigDeliveryTests
{
    [Fact]
    public async Task APublishIsAskedOfTheServiceAndOnlyWhereItChangesWhatItHas()
    {
        await using var api = await StartAsync();
        await api.PutAsync(Service("web") with { Spec = Service("web").Spec with { Config = new() { Space = "web" } } }, Service("orders"));
        await PublishAsync(api, "shared", """{ "set": { "http:timeout-ms": "20", "path": "/x" } }""");
        await PublishAsync(api, "web", """{ "content": { "inherits": ["shared"], "items": { "key": { "secret": true }, "banner": {} , "http:timeout-ms": {}, "port": {} } }, "set": { "banner": "hello", "key": "secret:web-key", "port": "1" } }""");
        await Until.HoldsAsync(async () => (await api.ReadAsync<Service>("web"))!.Settings?.Env.GetValueOrDefault("BANNER") == "hello");
        var settings = (await api.ReadAsync<Service>("web"))!.Settings!;
        settings.Env.Keys.ShouldBe(["BANNER", "HTTP__TIMEOUT_MS", "PATH"], "the port is Mainstay's to give");
        settings.Secrets.ShouldBe(new Dictionary<string, string> { ["KEY"] = "web-key" });
        (await api.ReadAsync<Service>("orders"))!.Settings.ShouldBeNull();

        var template = Templates.Of((await api.ReadAsync<Service>("web"))!, new Dictionary<string, int>());
        template.Env[ConfigSettings.TagVariable].ShouldBe("web.1-shared.1");
        template.Secrets!["KEY"].ShouldBe(new GivenSecret("web-key", File: false));

        // What it inherits changes; then a description alone, which no instance has to be replaced for.
        await PublishAsync(api, "shared", """{ "set": { "http:timeout-ms": "30" } }""");
        await Until.HoldsAsync(async () => (await api.ReadAsync<Service>("web"))!.Settings!.Env["HTTP__TIMEOUT_MS"] == "30");
        var before = (await api.ReadAsync<Service>("web"))!.Revision;
        await PublishAsync(api, "web", """{ "set": { "banner": "bye" } }""");
        await Until.HoldsAsync(async () => (await api.ReadAsync<Service>("web"))!.Settings!.Env["BANNER"] == "bye");
        (await api.ReadAsync<Service>("web"))!.Settings!.Tag.ShouldBe("web.2-shared.2");
        (await api.ReadAsync<Service>("web"))!.Revision.ShouldBeGreaterThan(before);
        // Who runs what: an instance that was started before the last publish is behind.
        var old = Instance("web-1", "web");
        await api.PutAsync(old with { Template = old.Template with { Env = new Dictionary<string, string> { [ConfigSettings.TagVariable] = "web.1-shared.2" } } }, Instance("web-2", "web") with { Template = Templates.Of((await api.ReadAsync<Service>("web"))!, new Dictionary<string, int>()) });
        await Until.HoldsAsync(async () => (await api.GetJsonAsync("/api/v1/config/web/readers"))["items"]!.AsArray().Select(v => $"{v!["reader"]!["reader"]} {v["reader"]!["tag"]} {v["isCurrent"]}").SequenceEqual(["web-1 web.1-shared.2 false", "web-2 web.2-shared.2 true"]));
        api.Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task AnAgentIsGivenTheSecretsOfItsOwnInstancesAlone()
    {
        using var folder = new TempFolder();
        await using var api = await StartAsync(with: s => s with { Data = folder.Path });
        (await api.SendAsync(HttpMethod.Post, "/api/v1/secrets/db-password", """{ "value": "hunter2" }""")).Status.ShouldBe(200);
        (await api.SendAsync(HttpMethod.Post, "/api/v1/secrets/other", """{ "value": "not yours" }""")).Status.ShouldBe(200);
        var template = Instance("web-1", "web").Template with { Secrets = new Dictionary<string, GivenSecret> { ["DB_PASSWORD"] = new("db-password", false), ["TOKEN"] = new("token", true) } };
        await api.PutAsync(Instance("web-1", "web") with { Template = template }, Instance("web-2", "web", "elsewhere") with { Template = template });
        const string Path = "/internal/v1/agents/local/instances/web-1/secrets";
        await Until.HoldsAsync(async () => (await api.SendAsync(HttpMethod.Get, Path, client: api.Agent)).Status == 200);
        var (_, given, _) = await api.SendAsync(HttpMethod.Get, Path, client: api.Agent);
        given!.ToJsonString().ShouldBe("""{"values":{"db-password":"hunter2"},"missing":["token"]}""");
        (await api.ProblemAsync(HttpMethod.Get, Path)).Status.ShouldBe(403, "the agent's token is asked for");
        (await api.ProblemAsync(HttpMethod.Get, "/internal/v1/agents/local/instances/web-2/secrets", client: api.Agent)).Status.ShouldBe(404, "it is another host's");
        (await api.ProblemAsync(HttpMethod.Get, "/internal/v1/agents/local/instances/web-9/secrets", client: api.Agent)).Status.ShouldBe(404);
        (await api.Client.GetStringAsync("/api/v1/instances")).ShouldNotContain("hunter2");
    }

    [Fact]
    public async Task WhatTheManifestDeclaresIsEditedThere()
    {
        await using var api = await StartAsync();
        await api.PutAsync(new ConfigSpace { Name = "web", Version = 3, Used = 3, Content = new(), Declared = new() });
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/config/web/edit", """{ "set": { "banner": "x" } }""")).Status.ShouldBe(409);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/config/web/publish", "{}")).Status.ShouldBe(422);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/config/web/rollback", """{ "version": 1 }""")).Status.ShouldBe(422);
        (await api.ReadAsync<ConfigSpace>("web"))!.Version.ShouldBe(3);
    }

    static async Task PublishAsync(ApiFixture api, string space, string edit)
    {
        var (status, json, _) = await api.SendAsync(HttpMethod.Post, $"/api/v1/config/{space}/edit", edit);
        status.ShouldBe(200, json?.ToJsonString());
        (status, json, _) = await api.SendAsync(HttpMethod.Post, $"/api/v1/config/{space}/publish", "{}");
        status.ShouldBe(200, json?.ToJsonString());
    }
}
