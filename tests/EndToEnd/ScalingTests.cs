using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>Services that scale by themselves, on real processes and under load.</summary>
public sealed class ScalingTests
{
    /// <summary>A service that nobody uses does not run; the first request, a POST, starts it and is answered by it; unused for a while it is stopped again, and so is what it needs.</summary>
    [Fact]
    public async Task A_service_that_nobody_uses_is_stopped_and_the_first_request_starts_it()
    {
        await using var mainstay = new Installation();
        var echo = Path.Combine(Repository.Services, "echo.js");
        await mainstay.UpAsync(string.Create(CultureInfo.InvariantCulture, $$"""
            architecture: asleep
            services:
              front: { run: node {{echo}}, instances: { min: 0, max: 2 }, health: { path: /health, interval: 200ms }, needs: [back], scale: { requests: 10, idle: 5s } }
              back: { run: node {{echo}}, instances: { min: 0, max: 2 }, health: { path: /health, interval: 200ms }, scale: { requests: 10, idle: 5s } }
            gateway:
              listen: "http://127.0.0.1:{{mainstay.GatewayPort}}"
              routes:
                all: { match: { path: "/{**rest}" }, to: front }
            """));
        var status = await mainstay.ConvergedAsync();
        status.Services.ShouldAllBe(s => s.Instances.Count == 0);

        using var client = new HttpClient { BaseAddress = mainstay.Gateway, Timeout = TimeSpan.FromSeconds(60) };
        var began = Stopwatch.GetTimestamp();
        using var posted = await client.PostAsync("/things", new StringContent("first"));
        var text = await posted.Content.ReadAsStringAsync();
        posted.StatusCode.ShouldBe(System.Net.HttpStatusCode.OK, $"{text}\n{mainstay.Logs()}");
        text.ShouldContain("\"received\":5");
        posted.Headers.Contains("X-Mainstay-Parked").ShouldBeTrue();
        TestContext.Current.TestOutputHelper?.WriteLine($"the first request was answered after {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");

        // Over the mesh the same.
        (await client.GetStringAsync("/chain")).ShouldContain("\"service\":\"back\"");
        status = await mainstay.UntilAsync(s => s.Converged && s.Services.All(one => one.Instances.Count == 0), TimeSpan.FromSeconds(60));
        (await client.GetStringAsync("/")).ShouldContain("\"service\":\"front\"");
    }

    /// <summary>Five times the load: what works itself gets instances, once; what waits for a slow database gets none and says why.</summary>
    [Fact]
    public async Task A_step_in_load_is_absorbed_where_it_helps_and_held_where_it_does_not()
    {
        await using var mainstay = new Installation();
        var work = Path.Combine(Repository.Services, "work.js");
        await mainstay.UpAsync(string.Create(CultureInfo.InvariantCulture, $$"""
            architecture: scaling
            services:
              web: { run: node {{work}}, instances: { min: 1, max: 4 }, health: { path: /health, interval: 200ms }, env: { WORK_MS: "4" }, scale: { cpu: 20% } }
              shop: { run: node {{work}}, instances: { min: 1, max: 4 }, health: { path: /health, interval: 200ms }, needs: [db], scale: { requests: 2 } }
              db: { run: node {{work}}, health: { path: /health, interval: 200ms }, env: { TURN_MS: "25" } }
            gateway:
              listen: "http://127.0.0.1:{{mainstay.GatewayPort}}"
              routes:
                web: { match: { path: "/web" }, to: web }
                shop: { match: { path: "/shop" }, to: shop }
            """));
        await mainstay.ConvergedAsync();
        await using (var some = Load.Get(mainstay.Gateway, "/web", connections: 2, perSecond: 15))
        await using (var few = Load.Get(mainstay.Gateway, "/shop", connections: 2, perSecond: 10))
        {
            await some.AnsweredAsync(200);
        }

        var began = Stopwatch.GetTimestamp();
        await using var more = Load.Get(mainstay.Gateway, "/web", connections: 8, perSecond: 75);
        await using var many = Load.Get(mainstay.Gateway, "/shop", connections: 12, perSecond: 50);
        var seen = await mainstay.UntilAsync(s => s["web"] is { Wanted: >= 2 } web && web.Ready == web.Wanted, TimeSpan.FromSeconds(60));
        TestContext.Current.TestOutputHelper?.WriteLine($"{seen["web"].Ready} instances ready {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s after the step");
        await Eventually.GetAsync(async () => await mainstay.GetAsync("services/shop/scaling") is var held && (string?)held["reason"] == "HeldByCause" ? held : null, TimeSpan.FromSeconds(30), () => mainstay.Logs());
        await more.AnsweredAsync(200);

        var decisions = (JsonArray)(await mainstay.GetAsync("services/web/scaling"))["decisions"]!;
        decisions.Select(d => (string)d!["reason"]!).ShouldAllBe(r => r == "Out", decisions.ToJsonString());
        var shop = await mainstay.GetAsync("services/shop/scaling");
        ((int)shop["wanted"]!).ShouldBe(1, shop.ToJsonString());
        var told = await mainstay.RunAsync("why", "scale", "shop");
        told.Code.ShouldBe(0, told.ToString());
        told.Out.ShouldContain("lies downstream");
        TestContext.Current.TestOutputHelper?.WriteLine(told.Out);
        more.Failures.Count.ShouldBe(0, more.Summary());
    }
}
