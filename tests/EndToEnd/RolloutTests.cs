using System.Text.Json.Nodes;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>Changes of a running architecture under load.</summary>
public sealed class RolloutTests(EchoFixture fixture, ITestOutputHelper output) : IClassFixture<EchoFixture>
{
    Installation Mainstay => fixture.Mainstay;

    [Fact]
    public async Task A_new_version_takes_over_without_a_failed_request()
    {
        await ResetAsync();
        await using var load = Load.Mixed(Mainstay.Gateway);
        await load.AnsweredAsync(30);

        var manifest = Mainstay.Write("two.yaml", fixture.Manifest(front => front with { Version = "2.0.0" }));
        (await Mainstay.RunAsync("apply", manifest, "--wait", "-m", "two")).ShouldBe(0);

        await load.AnsweredAsync(50);
        var status = await Mainstay.ConvergedAsync();
        status["front"].Version.ShouldBe("2.0.0");
        await load.ShouldHaveLostNothingAsync(() => $"{status}\n{Mainstay.Logs()}");
        Versions(load).Distinct().ShouldBe(["1.0.0", "2.0.0"]);
        Versions(load).TakeLast(20).ShouldAllBe(v => v == "2.0.0");
    }

    [Fact]
    public async Task A_bad_version_is_rolled_back_with_a_reason_while_the_old_one_serves()
    {
        await ResetAsync();
        await using var load = Load.Mixed(Mainstay.Gateway);
        await load.AnsweredAsync(30);

        var manifest = Mainstay.Write("bad.yaml", fixture.Manifest(front => front with
        {
            Version = "3.0.0",
            Env = new Dictionary<string, string> { ["NEVER_READY"] = "1" },
            Health = "{ path: /health, interval: 200ms, timeout: 1s, startup: 2s }",
        }));
        var outcome = (await Mainstay.RunAsync("apply", manifest, "--wait")).ShouldBe(1);

        outcome.Error.ShouldContain("front");
        var status = await Mainstay.UntilAsync(s => s["front"] is { State: "run", Reason: "RolledBack", Ready: 2, Instances.Count: 2 });
        status["front"].Version.ShouldBe("1.0.0");
        status["front"].Message.ShouldNotBeEmpty();
        await load.AnsweredAsync(20);
        await load.ShouldHaveLostNothingAsync(() => $"{status}\n{Mainstay.Logs()}");
        Versions(load).ShouldAllBe(v => v == "1.0.0");
    }

    [Fact]
    public async Task A_canary_that_fails_is_given_up_and_nothing_fails_but_what_it_answered()
    {
        await ResetAsync();
        await using var load = Load.Get(Mainstay.Gateway);
        await load.AnsweredAsync(30);

        var manifest = Mainstay.Write("canary.yaml", fixture.Manifest(front => front with
        {
            Version = "4.0.0",
            Env = new Dictionary<string, string> { ["FAILS"] = "1" },
            More = ["release: { strategy: canary, steps: [20%], hold: 10m, judge: { minimum: 20 } }"],
        }));
        (await Mainstay.RunAsync("apply", manifest)).ShouldBe(0);

        var status = await Mainstay.UntilAsync(s => s["front"] is { State: "run", Reason: "RolledBack", Ready: 2, Instances.Count: 2 });
        status["front"].Message.ShouldContain("more errors");
        var before = load.All.Count;
        await load.AnsweredAsync(20);
        await load.StopAsync();
        load.Failures.ShouldAllBe(f => f.Body.Contains("4.0.0"), $"{status}\n{Mainstay.Logs()}");
        load.Failures.Count.ShouldBeInRange(1, before / 2);
        load.All.Skip(before + 10).ShouldAllBe(s => s.Error == null);
    }

    [Fact]
    public async Task A_canary_that_is_slow_is_given_up_and_its_figures_are_kept()
    {
        await ResetAsync();
        await using var load = Load.Get(Mainstay.Gateway);
        await load.AnsweredAsync(30);

        var manifest = Mainstay.Write("slow.yaml", fixture.Manifest(front => front with
        {
            Version = "5.0.0",
            Env = new Dictionary<string, string> { ["SLOW_MS"] = "400" },
            More = ["release: { strategy: canary, steps: [50%], hold: 10m, judge: { minimum: 20 } }"],
        }));
        (await Mainstay.RunAsync("apply", manifest)).ShouldBe(0);

        var status = await Mainstay.UntilAsync(s => s["front"] is { State: "run", Reason: "RolledBack", Ready: 2, Instances.Count: 2 });
        status["front"].Message.ShouldContain("slower");
        await load.ShouldHaveLostNothingAsync(() => $"{status}\n{Mainstay.Logs()}");
        var history = await Eventually.GetAsync(
            async () => JsonNode.Parse((await Mainstay.RunAsync("rollout", "history", "front", "-o", "json")).Out)!["items"]!.AsArray().FirstOrDefault() is { } last && last["report"] is not null ? last : null, TimeSpan.FromSeconds(20), () => Mainstay.Logs());
        ((string)history["release"]!["stage"]!).ShouldBe("aborted");
        ((double)history["report"]!["new"]!["p50Ms"]!).ShouldBeGreaterThanOrEqualTo(350);
        ((double)history["report"]!["old"]!["requests"]!).ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_canary_that_calls_others_too_often_is_given_up()
    {
        await ResetAsync();
        await using var load = Load.Get(Mainstay.Gateway, "/chain");
        await load.AnsweredAsync(30);

        var manifest = Mainstay.Write("calls.yaml", fixture.Manifest(front => front with
        {
            Version = "6.0.0",
            Env = new Dictionary<string, string> { ["CALLS"] = "3" },
            More = ["release: { strategy: canary, steps: [50%], hold: 10m, judge: { slower: 100% } }"],
        }));
        (await Mainstay.RunAsync("apply", manifest)).ShouldBe(0);

        var status = await Mainstay.UntilAsync(s => s["front"] is { State: "run", Reason: "RolledBack", Ready: 2, Instances.Count: 2 }, TimeSpan.FromSeconds(60));
        output.WriteLine(status["front"].Message);
        status["front"].Message.ShouldContain("harm to back: ");
        status["front"].Message.ShouldContain("calls per request");
        await load.ShouldHaveLostNothingAsync(() => $"{status}\n{Mainstay.Logs()}");
    }

    [Fact]
    public async Task Scaling_out_and_in_fails_no_request()
    {
        await ResetAsync();
        await using var load = Load.Mixed(Mainstay.Gateway);
        await load.AnsweredAsync(30);

        (await Mainstay.RunAsync("scale", "front", "4", "--wait")).ShouldBe(0);
        (await Mainstay.StatusAsync())["front"].Ready.ShouldBe(4);
        await Eventually.IsAsync(() => Instances(load).TakeLast(40).Distinct().Count() == 4, TimeSpan.FromSeconds(10), load.Summary);

        (await Mainstay.RunAsync("scale", "front", "2", "--wait")).ShouldBe(0);
        var status = await Mainstay.UntilAsync(s => s.Converged && s["front"].Wanted == 2);
        await load.AnsweredAsync(50);
        await load.ShouldHaveLostNothingAsync(() => $"{status}\n{Mainstay.Logs()}");
    }

    [Fact]
    public async Task A_service_that_is_restarted_gets_new_processes_without_a_failed_request()
    {
        await ResetAsync();
        var before = (await Mainstay.StatusAsync())["front"].Instances.Select(i => i.Pid).ToArray();
        await using var load = Load.Mixed(Mainstay.Gateway);
        await load.AnsweredAsync(30);

        (await Mainstay.RunAsync("restart", "front", "--wait")).ShouldBe(0);

        var status = await Mainstay.ConvergedAsync();
        status["front"].Instances.Select(i => i.Pid).ShouldNotContain(pid => before.Contains(pid));
        await load.AnsweredAsync(30);
        await load.ShouldHaveLostNothingAsync(() => $"{status}\n{Mainstay.Logs()}");
    }

    async Task ResetAsync()
    {
        await Mainstay.ApplyAsync(fixture.Manifest());
        await Mainstay.UntilAsync(s => s.Converged && s["front"].Version == "1.0.0");
    }

    static IEnumerable<string> Versions(Load load) => load.All.Where(s => s.Error is null).OrderBy(s => s.Began).Select(s => (string)JsonNode.Parse(s.Body)!["version"]!);

    static IEnumerable<string> Instances(Load load) => load.All.Where(s => s.Error is null).Select(s => (string)JsonNode.Parse(s.Body)!["instance"]!);
}
