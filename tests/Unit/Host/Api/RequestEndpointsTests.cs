using System.Text.Json.Nodes;
using Mainstay.Core.Requests;
using Mainstay.State.Requests;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

/// <summary>What people see of requests that gateways remember, and do with them.</summary>
public sealed class RequestEndpointsTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task RequestsAreListedTakenBackDoneAgainAndForgotten()
    {
        await using var api = await StartAsync(with: s => s with { Data = folder.Path });
        (await api.GetJsonAsync("/api/v1/state/requests"))["items"]!.AsArray().ShouldBeEmpty();
        File.Exists(folder["gateway/requests.db"]).ShouldBeFalse("who looks makes no file");

        Directory.CreateDirectory(folder["gateway"]);
        await using var gateway = SqliteRequests.Open(new() { Path = folder["gateway/requests.db"] });
        var waiting = (await gateway.ClaimAsync(Claim("w") with { Later = new("x"u8.ToArray(), 10, 1000) }, default)).Id;
        var keyed = await gateway.ClaimAsync(Claim("k"), default);
        await gateway.EndAsync(new(keyed.Id, keyed.Attempt, RequestEnding.Unknown) { Why = "it broke" });

        var list = await api.GetJsonAsync("/api/v1/state/requests");
        list["items"]!.AsArray().Select(i => $"{i!["key"]} {i["state"]} {i["accepted"]} {i["why"]}").ShouldBe(["w waiting true ", "k unknown false it broke"], ignoreOrder: true);
        list["counts"]!.AsArray().Count.ShouldBe(2);
        (await api.GetJsonAsync("/api/v1/state/requests?state=unknown&route=r"))["items"]!.AsArray().Count.ShouldBe(1);
        (await PostAsync(api, waiting, "retry")).Status.ShouldBe(409);
        (await PostAsync(api, waiting, "cancel")).Body!["state"]!.ToString().ShouldBe("cancelled");
        (await PostAsync(api, waiting, "retry")).Body!["state"]!.ToString().ShouldBe("waiting");
        (await PostAsync(api, keyed.Id, "retry")).Status.ShouldBe(409, "its client comes again itself");
        (await PostAsync(api, keyed.Id, "forget")).Status.ShouldBe(200);
        (await PostAsync(api, keyed.Id, "forget")).Status.ShouldBe(404);
        (await gateway.ClaimAsync(Claim("k"), default)).Verdict.ShouldBe(ClaimVerdict.Begun, "the key is free");
        (await api.SendAsync(HttpMethod.Get, "/api/v1/state/requests?state=asleep")).Status.ShouldBe(400);
        (await api.GetJsonAsync("/api/v1/audits"))["items"]!.AsArray().Select(a => $"{a!["verb"]} {a["about"]}").ShouldBe([$"cancel request/{waiting}", $"retry request/{waiting}", $"forget request/{keyed.Id}"], ignoreOrder: true);
        api.Faults.ShouldBeEmpty();
    }

    static RequestClaim Claim(string key) => new() { Route = "r", Owner = "0123456789abcdef", Key = key, Fingerprint = new byte[] { 1 }, Keep = TimeSpan.FromHours(1) };

    static Task<(int Status, JsonNode? Body, HttpResponseMessage Response)> PostAsync(ApiFixture api, string id, string verb) => api.SendAsync(HttpMethod.Post, $"/api/v1/state/requests/{id}/{verb}");
}
