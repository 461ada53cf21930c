using System.Diagnostics;
using System.Text.Json.Nodes;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>The command line against a running system.</summary>
public sealed class CommandTests(EchoFixture fixture) : IClassFixture<EchoFixture>
{
    Installation Mainstay => fixture.Mainstay;

    [Fact]
    public async Task Status_has_what_its_readers_rely_on()
    {
        await Mainstay.ConvergedAsync();

        var front = (await JsonAsync("status"))["services"]!.AsArray().Single(s => (string)s!["name"]! == "front")!.AsObject();

        foreach (var key in new[] { "name", "version", "state", "reason", "wanted", "ready", "instances" })
        {
            front.ContainsKey(key).ShouldBeTrue(key);
        }

        var instance = front["instances"]![0]!.AsObject();
        foreach (var key in new[] { "id", "pid", "endpoint", "state", "restarts", "startedAt" })
        {
            instance.ContainsKey(key).ShouldBeTrue(key);
        }

        Proc.IsAlive((int)instance["pid"]!).ShouldBeTrue();
    }

    [Fact]
    public async Task Map_shows_who_calls_whom_and_how_much()
    {
        await using var load = Load.Get(Mainstay.Gateway, "/chain", perSecond: 50);

        var map = await Eventually.GetAsync(
            async () => await JsonAsync("map") is { } seen && Used(seen).Length == 2 ? seen : null,
            TimeSpan.FromSeconds(15),
            load.Summary);

        var nodes = map["nodes"]!.AsArray().Select(n => ((string)n!["id"]!, (string)n["kind"]!, (string)n["state"]!));
        nodes.ShouldBe([("gateway", "gateway", "run"), ("back", "service", "run"), ("front", "service", "run")], ignoreOrder: true);
        Used(map).Select(e => ((string)e["from"]!, (string)e["to"]!)).ShouldBe([("gateway", "front"), ("front", "back")], ignoreOrder: true);
        Used(map).ShouldAllBe(e => (double)e["errorRatio"]! == 0 && (double)e["p50Ms"]! > 0 && (double)e["p99Ms"]! >= (double)e["p50Ms"]!);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("map")]
    [InlineData("history")]
    [InlineData("events")]
    [InlineData("get", "services")]
    [InlineData("get", "instances")]
    [InlineData("get", "services", "front")]
    public async Task Every_reader_writes_tables_JSON_and_YAML(params string[] verb)
    {
        var table = (await Mainstay.RunAsync(verb)).ShouldBe(0);
        table.Out.Trim().ShouldNotBeEmpty();
        table.Out.ShouldNotContain("\u001b");
        JsonNode.Parse((await Mainstay.RunAsync([.. verb, "-o", "json"])).ShouldBe(0).Out).ShouldNotBeNull();
        var yaml = (await Mainstay.RunAsync([.. verb, "-o", "yaml"])).ShouldBe(0).Out;
        yaml.ShouldNotStartWith("{");
        yaml.ShouldContain(": ");
    }

    [Fact]
    public async Task Plan_apply_history_and_diff_agree()
    {
        await Mainstay.ApplyAsync(fixture.Manifest());
        var same = Mainstay.Write("same.yaml", fixture.Manifest());
        var changed = Mainstay.Write("changed.yaml", fixture.Manifest(front => front with { Env = new Dictionary<string, string> { ["MARK"] = "blue" } }));

        (await Mainstay.RunAsync("plan", same)).ShouldBe(0);
        (await Mainstay.RunAsync("plan", changed)).ShouldBe(1).Out.ShouldContain("blue");
        (await Mainstay.RunAsync("apply", changed, "--wait", "-m", "paint it blue")).ShouldBe(0);

        var newest = (await JsonAsync("history"))["items"]![0]!;
        ((string)newest["message"]!).ShouldBe("paint it blue");
        ((string)newest["by"]!).ShouldNotBeEmpty();
        (await Mainstay.RunAsync("diff")).ShouldBe(0).Out.ShouldContain("blue");
        var status = await Mainstay.ConvergedAsync();
        status["front"].Instances.ShouldAllBe(i => Proc.Environment(i.Pid)["MARK"] == "blue");
        (await Mainstay.RunAsync("apply", changed)).ShouldBe(0).Out.ShouldContain("no changes");
    }

    [Fact]
    public async Task Logs_follow_what_instances_write()
    {
        var status = await Mainstay.ConvergedAsync();
        (await Mainstay.RunAsync("logs", "back")).ShouldBe(0).Out.ShouldContain("listening on");
        using var following = Mainstay.Start("logs", "-f", "back", "--tail", "0");
        var victim = status["back"].Instances[0];
        // Not before it follows: the first line proves nothing of what comes later, so a restart makes new ones until one is seen.
        var line = ReadAsync(following, $"{victim.Id} starts as process");
        await Eventually.IsAsync(
            async () =>
            {
                if (!line.IsCompleted && (await Mainstay.ConvergedAsync())["back"].Instances.FirstOrDefault(i => i.Id == victim.Id) is { } now)
                {
                    Proc.Signal(now.Pid, Proc.SigTerm);
                    await Mainstay.UntilAsync(s => s["back"].Instances.Any(i => i.Id == victim.Id && i.Pid != now.Pid && i.State == "ready"));
                }

                return line.IsCompleted;
            },
            TimeSpan.FromSeconds(20),
            () => Mainstay.Logs());

        (await line.WaitAsync(Command.Longest)).ShouldNotBeNull();
        Proc.Signal(following.Id, Proc.SigInt);
        await following.WaitForExitAsync().WaitAsync(Command.Longest);
        following.ExitCode.ShouldBe(130);
    }

    [Fact]
    public async Task Events_tell_of_a_scale_out()
    {
        (await Mainstay.RunAsync("scale", "back", "3", "--wait")).ShouldBe(0);
        var events = (await Mainstay.RunAsync("events", "--about", "back")).ShouldBe(0).Out;
        events.ShouldContain("Scal");
        (await Mainstay.RunAsync("scale", "back", "2", "--wait")).ShouldBe(0);
        await Mainstay.UntilAsync(s => s.Converged && s["back"].Wanted == 2);
    }

    [Theory]
    [InlineData(2, "scale", "front", "many")]
    [InlineData(2, "scale", "nobody", "2")]
    [InlineData(2, "restart", "nobody")]
    [InlineData(2, "get", "unicorns")]
    [InlineData(2, "statsu")]
    [InlineData(2, "apply", "/nowhere/mainstay.yaml")]
    [InlineData(2, "get", "services", "nobody")]
    public async Task What_cannot_be_done_has_a_reason_a_remedy_and_a_code(int code, params string[] verb)
    {
        var outcome = (await Mainstay.RunAsync(verb)).ShouldBe(code);

        outcome.Out.ShouldBeEmpty();
        outcome.ErrorLines.Count.ShouldBeGreaterThanOrEqualTo(2, outcome.ToString());
    }

    [Fact]
    public async Task Without_a_server_every_command_says_so()
    {
        await using var other = new Installation();

        var outcome = (await other.RunAsync("status")).ShouldBe(1);

        outcome.ErrorLines[0].ShouldContain(other.Data);
        outcome.ErrorLines[1].ShouldContain("mainstay up");
    }

    [Fact]
    public async Task Waiting_ends_with_3_when_its_time_is_over()
    {
        var slow = Mainstay.Write("slow.yaml", fixture.Manifest(front => front with { Env = new Dictionary<string, string> { ["START_DELAY_MS"] = "15000" } }));

        var outcome = await Mainstay.RunAsync("apply", slow, "--wait", "--timeout", "1s");

        outcome.ShouldBe(3);
        await Mainstay.ApplyAsync(fixture.Manifest());
        await Mainstay.ConvergedAsync();
    }

    static JsonNode[] Used(JsonNode map) => [.. map["edges"]!.AsArray().Where(e => (double)e!["requestsPerSecond"]! > 5).Select(e => e!)];

    async Task<JsonNode> JsonAsync(params string[] verb) => JsonNode.Parse((await Mainstay.RunAsync([.. verb, "-o", "json"])).ShouldBe(0).Out)!;

    static async Task<string?> ReadAsync(Process process, string part)
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains(part, StringComparison.Ordinal))
            {
                return line;
            }
        }

        return null;
    }
}
