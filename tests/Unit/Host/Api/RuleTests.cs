using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Observe;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

/// <summary>From the expression in the manifest to the incident, over the real API.</summary>
public sealed class RuleTests
{
    [Fact]
    public async Task A_rule_that_holds_makes_an_incident_that_ends_with_it()
    {
        await using var api = await StartAsync();
        await api.PutAsync(new AlertRule
        {
            Name = "always",
            Spec = new() { Expr = "vector(7) > 3", For = TimeSpan.FromSeconds(30), Severity = Mainstay.Core.Kinds.Criticality.High, Annotations = new Dictionary<string, string> { ["summary"] = "there are {{ $value }}" } },
        });
        await Until.HoldsAsync(async () => State(await api.GetJsonAsync("/api/v1/alerts")) == "pending", () => api.Time.Advance(TimeSpan.FromSeconds(1)));
        (await api.GetJsonAsync("/prometheus/api/v1/alerts"))["data"]!["alerts"]![0]!["state"]!.ToString().ShouldBe("pending");
        (await api.GetJsonAsync("/api/v1/incidents"))["items"]!.AsArray().ShouldBeEmpty();

        await Until.HoldsAsync(async () => (await api.GetJsonAsync("/api/v1/incidents"))["items"]!.AsArray().Count == 1, () => api.Time.Advance(TimeSpan.FromSeconds(1)));
        var incident = (await api.GetJsonAsync("/api/v1/incidents"))["items"]![0]!;
        (incident["title"]!.ToString(), incident["criticality"]!.ToString(), incident["symptoms"]![0]!["subject"]!.ToString()).ShouldBe(("there are 7: a rule of your own", "high", "alert/always"));
        State(await api.GetJsonAsync("/api/v1/alerts")).ShouldBe("firing");
        (await api.GetJsonAsync("/prometheus/api/v1/rules"))["data"]!["groups"]![0]!["rules"]![0]!["state"]!.ToString().ShouldBe("firing");

        await api.DeleteAsync("rule/always");
        await Until.HoldsAsync(async () => (await api.GetJsonAsync("/api/v1/incidents"))["items"]![0]!["state"]!.ToString() == "resolved", () => api.Time.Advance(TimeSpan.FromSeconds(1)));
        (await api.GetJsonAsync("/api/v1/alerts"))["items"]!.AsArray().ShouldBeEmpty();
    }

    static string? State(JsonNode alerts) => (string?)alerts["items"]!.AsArray().FirstOrDefault()?["state"];
}
