using Mainstay.Core.Kinds.State;
using Mainstay.Tests.State.Flows;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Host.Api.ApiFixture;

namespace Mainstay.Tests.Host.Api;

public sealed class FlowEndpointsTests
{
    const string Waits = """
        waits:
          steps:
            - { name: go, wait: { signal: go, timeout: 1h } }
            - { name: ok, wait: { approval: "Really {input.x}?" } }
          output: { go: "{go}", by: "{ok.by}" }
        """;

    [Fact]
    public async Task A_run_is_started_once_helped_by_people_and_waited_for()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["store"]);
        await using var api = await StartAsync(with: s => s with { Data = folder.Path });
        await api.PutAsync(new Flow { Name = "waits", Spec = FlowBench.Read(Waits, "a").Flows!["waits"] });
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/flow-runs/o-1")).Status.ShouldBe(404);

        var (status, run, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/flows/waits/runs", """{ "id": "o-1", "input": { "x": 1 } }""");
        ((int)status).ShouldBe(201);
        ((string)run!["state"]!).ShouldBe("waiting");
        (status, _, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/flows/waits/runs", """{ "id": "o-1", "input": { "x": 1 } }""");
        ((int)status).ShouldBe(200);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/flows/waits/runs", """{ "id": "o-1", "input": { "x": 2 } }""")).Status.ShouldBe(409);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/flows/waits/runs", """{ "id": "../x" }""")).Status.ShouldBe(400);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/flows/wait/runs", "{}")).Status.ShouldBe(404);
        (await api.ProblemAsync(HttpMethod.Get, "/api/v1/flow-runs?state=asleep")).Status.ShouldBe(400);

        (_, run, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/flow-runs/o-1/signals/go", """{ "n": 5 }""");
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/flow-runs/o-1/approve?step=go", "\"fine\"")).Status.ShouldBe(409);
        (await api.ProblemAsync(HttpMethod.Post, "/api/v1/flow-runs/o-1/approve", "\"fine\"")).Status.ShouldBe(400);
        var seen = await api.GetJsonAsync("/api/v1/flow-runs/o-1");
        seen["steps"]!.AsArray().Select(s => $"{s!["path"]} {s["stage"]} {s["why"]}").ShouldBe(["go done ", "ok waiting Really 1?"], ignoreOrder: true);
        (_, run, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/flow-runs/o-1/approve?step=ok", "\"fine\"");
        ((string)run!["state"]!).ShouldBe("succeeded");
        seen = await api.GetJsonAsync("/api/v1/flow-runs/o-1?wait=1");
        ((int)seen["run"]!["output"]!["go"]!["n"]!).ShouldBe(5);

        (_, run, _) = await api.SendAsync(HttpMethod.Post, "/api/v1/flows/waits/runs", "{}");
        var made = (string)run!["id"]!;
        (_, run, _) = await api.SendAsync(HttpMethod.Post, $"/api/v1/flow-runs/{made}/cancel");
        ((string)run!["state"]!).ShouldBe("compensated");
        (await api.ProblemAsync(HttpMethod.Post, $"/api/v1/flow-runs/{made}/cancel")).Status.ShouldBe(409);
        (await api.GetJsonAsync("/api/v1/flow-runs?flow=waits&state=compensated"))["items"]!.AsArray().Count.ShouldBe(1);
        (await api.GetJsonAsync("/api/v1/flow-counts"))["items"]!.AsArray().Count.ShouldBe(2);
        (await api.GetJsonAsync("/api/v1/audits"))["items"]!.AsArray().Select(a => (string)a!["verb"]!).ShouldBe(["approval", "cancelled", "signalled"], ignoreOrder: true);
    }
}
