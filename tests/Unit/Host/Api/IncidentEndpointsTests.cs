using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Observe;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

public sealed class IncidentEndpointsTests
{
    [Fact]
    public async Task PeopleSayThatTheyAreAtItAndThatItIsOver()
    {
        await using var api = await StartAsync();
        await api.PutAsync(One("i1", api.Time.GetUtcNow()));
        (await api.GetJsonAsync("/api/v1/incidents"))["items"]!.AsArray().Count.ShouldBe(1);
        var (_, body, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/incidents/i1/ack");
        ((string)body!["state"]!).ShouldBe("acknowledged");
        ((string)body["acknowledgedBy"]!).ShouldNotBeEmpty();
        (_, body, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/incidents/i1/silence?for=4h");
        DateTimeOffset.Parse((string)body!["silentUntil"]!, System.Globalization.CultureInfo.InvariantCulture).ShouldBe(api.Time.GetUtcNow() + TimeSpan.FromHours(4));
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/incidents/i1/silence?for=1s")).Status.ShouldBe(400);
        (_, body, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/incidents/i1/resolve");
        ((string)body!["state"]!).ShouldBe("resolved");
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/incidents/i1/ack")).Status.ShouldBe(409);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/incidents/ghost/ack")).Status.ShouldBe(404);
        (await api.GetJsonAsync("/api/v1/events?about=incident/i1"))["items"]!.AsArray().Select(e => (string)e!["reason"]!).ShouldBe(["IncidentAcknowledged", "IncidentSilenced", "IncidentResolved"]);
    }

    [Fact]
    public async Task WhatWasOpenBeforeARestartIsOverWhenItIsNotFeltAgain()
    {
        await using var api = await StartAsync();
        await api.PutAsync(One("i1", api.Time.GetUtcNow()));
        await Until.HoldsAsync(async () =>
        {
            api.Time.Advance(TimeSpan.FromSeconds(5));
            return (await api.ReadAsync<Incident>("i1"))!.State == IncidentState.Resolved;
        });
    }

    internal static Incident One(string name, DateTimeOffset now) => new()
    {
        Name = name, Title = "route shop takes 480 ms on average, usually 35 ms: row lock, database/shop-db", Began = now - TimeSpan.FromSeconds(20), Opened = now,
        Criticality = Mainstay.Core.Kinds.Criticality.Critical,
        Symptoms = [new("route/shop", "route shop takes 480 ms on average, usually 35 ms", now)],
        Causes = [new("rowLock", "database/shop-db", 0.87, ["shop-db transactions that wait for locks: 0 → 6"])],
    };
}
