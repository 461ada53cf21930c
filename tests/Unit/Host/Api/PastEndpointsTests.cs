using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Observe.Query;
using Mainstay.Observe.Store.Metrics;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Api;

/// <summary>The map as it was, and changes, over the API.</summary>
public sealed class PastEndpointsTests
{
    [Fact]
    public async Task A_past_map_is_made_of_series_and_bad_moments_are_told()
    {
        await using var api = await ApiFixture.StartAsync(with: services =>
        {
            var samples = new List<MetricSample>();
            var at = services.Time.GetUtcNow().AddMinutes(-10);
            MapHistory.Write(new(1, at, [new("web", "service", "web", Criticality.High, Lifecycle.Run, "", "", 1, 2, "1.0", [], [])], []), samples);
            services.Samples.Add(samples.ToArray());
            return services;
        });
        (await api.GetJsonAsync("api/v1/map?at=10m"))["nodes"]!.AsArray().ShouldHaveSingleItem()!["version"]!.GetValue<string>().ShouldBe("1.0");
        (await api.GetJsonAsync("api/v1/map"))["nodes"]!.AsArray().ShouldBeEmpty();
        (await api.ProblemAsync(HttpMethod.Get, "api/v1/map?at=5h")).Status.ShouldBe(404);
        (await api.ProblemAsync(HttpMethod.Get, "api/v1/map?at=never")).Body["problems"]![0]!["path"]!.GetValue<string>().ShouldBe("at");
        (await api.ProblemAsync(HttpMethod.Get, "api/v1/map?at=10m&watch=true")).Status.ShouldBe(400);
        (await api.GetJsonAsync("api/v1/changes?since=1h"))["items"]!.AsArray().ShouldBeEmpty();
        (await api.ProblemAsync(HttpMethod.Get, "api/v1/changes?since=x")).Status.ShouldBe(400);
    }

    [Fact]
    public async Task Changes_outlive_the_server()
    {
        using var folder = new TempFolder();
        await using (var api = await ApiFixture.StartAsync(with: services => services with { Data = folder.Path }))
        {
            await api.PutAsync(ApiFixture.Service("web"));
            await Until.HoldsAsync(async () => (await api.GetJsonAsync("api/v1/map"))["nodes"]!.AsArray().Count > 0);
            await api.PutAsync(ApiFixture.Service("web") with { Spec = ApiFixture.Service("web").Spec with { Version = "2.0.0" } });
            await Until.HoldsAsync(() => File.Exists(Path.Combine(folder.Path, "telemetry", "changes.json")), () => api.Time.Advance(TimeSpan.FromSeconds(1)));
        }

        await using var after = await ApiFixture.StartAsync(with: services => services with { Data = folder.Path });
        (await after.GetJsonAsync("api/v1/changes"))["items"]!.AsArray().Select(c => (string)c!["what"]!).ShouldBe(["web 1.0.0 → 2.0.0"]);
    }
}
