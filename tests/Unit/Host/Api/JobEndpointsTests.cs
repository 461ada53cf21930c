using Mainstay.Core.Kinds.Schedule;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

public sealed class JobEndpointsTests
{
    [Fact]
    public async Task ARunIsAskedForWithParametersAndCancelled()
    {
        await using var api = await StartAsync();
        await api.PutAsync(new Job { Name = "report", BaseFolder = "/shop", Spec = new() { Run = "./report", Parameters = new Dictionary<string, string> { ["DAY"] = "today" } } });
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/jobs/report/run", "{}")).Status.ShouldBe(409);
        await api.PutAsync(new Architecture { Name = Architecture.TheName, Title = "shop", Running = true });

        var (_, run, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/jobs/report/run", """{ "parameters": { "DAY": "monday" } }""");
        ((string)run!["name"]!).ShouldBe("report.1");
        ((string)run["parameters"]!["DAY"]!).ShouldBe("monday");
        (_, run, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/jobs/report/run", "{}");
        ((string)run!["name"]!).ShouldBe("report.2");
        (await api.ReadAsync<Job>("report"))!.Status.NextRun.ShouldBe(3);

        var (wrong, _, problems) = await api.ProblemAsync(HttpMethod.Post, "/api/v1/jobs/report/run", """{ "parameters": { "NIGHT": "x", "DAYS": "y" } }""");
        wrong.ShouldBe(422);
        problems["problems"]!.AsArray().Select(p => $"{p!["path"]}: {p["remedy"]}").ShouldBe(["parameters.DAYS: did you mean 'DAY'? It takes DAY", "parameters.NIGHT: it takes DAY"]);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/jobs/ghost/run", "{}")).Status.ShouldBe(404);

        (_, run, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/runs/report.2/cancel");
        ((string)run!["goal"]!).ShouldBe("cancel");
        (await api.ReadAsync<JobRun>("report.2"))!.Goal.ShouldBe(RunGoal.Cancel);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/runs/report.9/cancel")).Status.ShouldBe(404);
        (await api.GetJsonAsync("/api/v1/events?about=job/report"))["items"]!.AsArray().Select(e => (string)e!["reason"]!).ShouldBe(["JobAsked", "JobAsked", "JobCancelAsked"]);
    }
}
