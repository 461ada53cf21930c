using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

/// <summary>A publish in stages, over the API: readers that take up what they are to have, and gateways that tell how their instances fare.</summary>
public sealed class ConfigStagingTests
{
    const string Web = "/api/v1/config/web";

    [Fact]
    public async Task AShareHasItFirstAndAllWhenItDoesNoHarm()
    {
        await using var api = await StartAsync();
        var readers = await BegunAsync(api, """{ "stages": { "steps": ["25%", "50%"], "hold": "30s" } }""");
        await HasAsync(api, readers, "two", 1);
        var view = await api.GetJsonAsync($"{Web}/staging");
        ((int)view["staged"]!["number"]!, (int)view["chosen"]!, (int)view["others"]!).ShouldBe((2, 1, 3));

        // Nobody else publishes over it, and what was given up is never the same number again.
        await EditAsync(api, "three");
        (await api.ProblemAsync(HttpMethod.Post, $"{Web}/publish", "{}")).Status.ShouldBe(422);
        (await api.SendAsync(HttpMethod.Post, $"{Web}/discard", "{}")).Status.ShouldBe(200);

        await Until.HoldsAsync(async () =>
        {
            api.Time.Advance(TimeSpan.FromSeconds(1));
            return await readers.CountAsync("two") == 2;
        });
        await Until.HoldsAsync(async () =>
        {
            api.Time.Advance(TimeSpan.FromSeconds(1));
            return await readers.CountAsync("two") == 4;
        });
        await Until.HoldsAsync(async () => (int?)(await api.ReadAsync<ConfigSpace>("web"))?.Version == 2);
        (await api.ReadAsync<ConfigVersion>("web.2"))!.Outcome.ShouldBe(ConfigOutcome.Published);
        (await api.GetJsonAsync("/api/v1/audits"))["items"]!.AsArray().Select(a => (string)a!["verb"]!).ShouldContain("config-promote");
        api.Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task WhatDoesHarmIsTakenBackByItselfWithTheReason()
    {
        await using var api = await StartAsync();
        var readers = await BegunAsync(api, """{ "stages": { "steps": ["50%"], "hold": "1h" } }""");
        await HasAsync(api, readers, "two", 2);
        var sequence = 0L;
        await Until.HoldsAsync(async () =>
        {
            // Whoever has it fails every fifth request.
            var records = readers.Tags.Keys.Select(r => GatewayEndpointsTests.Traffic(null, "web", r, 200, readers.Values[r] == "two" ? 40 : 0)).ToArray();
            (await GatewayEndpointsTests.SendAsync(api, GatewayEndpointsTests.Batch(api.Time, ++sequence, 1, records))).ShouldBe(200);
            api.Time.Advance(TimeSpan.FromSeconds(1));
            await readers.ReadAsync();
            return (await api.ReadAsync<ConfigVersion>("web.2"))!.Outcome == ConfigOutcome.Withdrawn;
        });
        (await api.ReadAsync<ConfigVersion>("web.2"))!.Withdrawn.ShouldStartWith("web: more errors");
        await HasAsync(api, readers, "two", 0);

        // The number of what was taken back names nothing else.
        await EditAsync(api, "three");
        var (_, next, _) = await api.SendAsync(HttpMethod.Post, $"{Web}/publish", "{}");
        ((int)next!["number"]!).ShouldBe(3);
        (await api.GetJsonAsync("/api/v1/events"))["items"]!.AsArray().Select(e => (string)e!["reason"]!).ShouldContain("ConfigWithdrawn");
    }

    [Fact]
    public async Task PeoplePromoteAndAbortIt()
    {
        await using var api = await StartAsync();
        var readers = await BegunAsync(api, """{ "stages": { "steps": ["25%"], "hold": "1h", "pause": true } }""");
        await HasAsync(api, readers, "two", 1);
        (await api.SendAsync(HttpMethod.Post, $"{Web}/staging", """{ "act": "abort", "reason": "looks odd" }""")).Status.ShouldBe(200);
        await HasAsync(api, readers, "two", 0);
        (await api.ReadAsync<ConfigVersion>("web.2"))!.Withdrawn.ShouldBe("looks odd");
        (await api.ProblemAsync(HttpMethod.Post, $"{Web}/staging", """{ "act": "promote" }""")).Status.ShouldBe(409);

        await EditAsync(api, "three");
        (await api.SendAsync(HttpMethod.Post, $"{Web}/publish", """{ "stages": { "hosts": ["local"], "labels": { "tier": "front" } } }""")).Status.ShouldBe(200);
        await HasAsync(api, readers, "three", 0);
        (await api.SendAsync(HttpMethod.Post, $"{Web}/staging", """{ "act": "promote" }""")).Status.ShouldBe(200);
        await HasAsync(api, readers, "three", 4);
    }

    [Theory]
    [InlineData("publish", """{ "stages": { "steps": ["50%", "25%"] } }""")]
    [InlineData("publish", """{ "stages": { "steps": ["0%"] } }""")]
    [InlineData("publish", """{ "stages": { "hold": "365d" } }""")]
    [InlineData("publish", """{ "stages": { "hosts": ["../.."] } }""")]
    [InlineData("publish", """{ "stages": { "labels": { "": "x" } } }""")]
    [InlineData("publish", """{ "stages": { "judge": { "minimum": 1 } } }""")]
    [InlineData("publish", """{ "stages": { "often": true } }""")]
    [InlineData("publish", """{ "stages": {} }""")]
    [InlineData("staging", """{ "act": "explode" }""")]
    [InlineData("staging", """{ }""")]
    public async Task WhatIsNoStageIsRefusedAndLeavesNothing(string verb, string body)
    {
        await using var api = await StartAsync();
        await EditAsync(api, "one");
        var before = api.Store.Revision;
        (await api.ProblemAsync(HttpMethod.Post, $"{Web}/{verb}", body)).Status.ShouldBeOneOf(400, 404, 409, 422);
        api.Store.Revision.ShouldBe(before);
    }

    // Four instances of a service read a name space that is published; then something else goes out in stages.
    static async Task<Readers> BegunAsync(ApiFixture api, string stages)
    {
        await api.PutAsync([.. Enumerable.Range(1, 4).Select(i => Instance($"web-{i}", "web")), Service("web")]);
        await EditAsync(api, "one");
        (await api.SendAsync(HttpMethod.Post, $"{Web}/publish", "{}")).Status.ShouldBe(200);
        await Until.HoldsAsync(async () => (await api.SendAsync(HttpMethod.Get, $"{Web}/effective")).Status == 200);
        var readers = new Readers(api, ["web-1", "web-2", "web-3", "web-4"]);
        await HasAsync(api, readers, "one", 4);
        await EditAsync(api, "two");
        var (status, json, _) = await api.SendAsync(HttpMethod.Post, $"{Web}/publish", stages);
        (status, (string)json!["outcome"]!).ShouldBe((200, "staged"));
        return readers;
    }

    static async Task EditAsync(ApiFixture api, string banner) => (await api.SendAsync(HttpMethod.Post, $"{Web}/edit", $$"""{ "set": { "banner": "{{banner}}" } }""")).Status.ShouldBe(200);

    static Task HasAsync(ApiFixture api, Readers readers, string banner, int count) => Until.HoldsAsync(async () => await readers.CountAsync(banner) == count);

    sealed class Readers(ApiFixture api, string[] names)
    {
        public Dictionary<string, string> Tags { get; } = names.ToDictionary(n => n, _ => "none");

        public Dictionary<string, string> Values { get; } = names.ToDictionary(n => n, _ => "");

        public async Task<int> CountAsync(string banner)
        {
            await ReadAsync();
            return Values.Values.Count(v => v == banner);
        }

        // Each says what it has, and takes what it gets: once more, so that it is known that it has it.
        public async Task ReadAsync()
        {
            foreach (var name in names.Concat(names))
            {
                var (status, page, _) = await api.SendAsync(HttpMethod.Get, $"{Web}/effective?reader={name}", with: r => r.Headers.TryAddWithoutValidation("If-None-Match", $"\"{Tags[name]}\""));
                if (status == 200)
                {
                    Tags[name] = (string)page!["tag"]!;
                    Values[name] = (string)page["values"]!["banner"]!["value"]!;
                }
            }
        }
    }
}
