using System.Text.Json.Nodes;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>The shop's checkout as a flow, while the server is killed in the middle: every run ends once, and every desk did its part once.</summary>
public sealed class FlowTests(EchoFixture fixture) : IClassFixture<EchoFixture>
{
    const int Runs = 12;

    Installation Mainstay => fixture.Mainstay;

    [Fact]
    public async Task A_server_that_is_killed_in_the_middle_leaves_no_run_half_done()
    {
        await Mainstay.ConvergedAsync();
        await Mainstay.ApplyAsync(fixture.Manifest() + Flow());
        await Mainstay.ConvergedAsync();
        for (var i = 0; i < Runs; i++)
        {
            var total = i % 4 == 3 ? 4000 : 100;
            // Asked again it is the same run, so that whoever got no answer asks again.
            Outcome? asked = null;
            await Eventually.IsAsync(
                async () => (asked = await Mainstay.RunAsync("flow", "start", "checkout", "--id", $"o-{i}", "--data-json", $$"""{"order":"o-{{i}}","items":[],"total":{{total}}}""")).Code == 0,
                TimeSpan.FromSeconds(30), () => $"{asked}\n{Mainstay.Logs()}");
            if (i == Runs / 2)
            {
                var server = Mainstay.KillRole("server");
                await Mainstay.RoleReplacedAsync("server", server);
            }
        }

        foreach (var i in Enumerable.Range(0, Runs))
        {
            await Eventually.IsAsync(async () => (string?)(await Mainstay.GetAsync($"flow-runs/o-{i}"))["run"]!["state"] == (i % 4 == 3 ? "compensated" : "succeeded"), TimeSpan.FromSeconds(60), () => Mainstay.Logs());
        }

        Things("warehouse").Count(t => t == "done").ShouldBe(Runs * 3 / 4);
        Things("warehouse").Count(t => t == "undone").ShouldBe(Runs / 4);
        Things("post").Count.ShouldBe(Runs * 3 / 4);
    }

    string Flow()
    {
        var yaml = File.ReadAllText(Path.Combine(Repository.Root, "examples/shop/checkout.yaml"));
        var services = string.Concat(new[] { "warehouse", "bank", "post" }.Select(desk =>
            $"  {desk}: {{ folder: {Path.Combine(Repository.Root, "examples/shop/checkout")}, run: exec node desk.js, env: {{ DESK: {desk}, DATA_DIR: {Mainstay.Folder}, SLOW_MS: \"150\" }}, health: {{ path: /health, interval: 200ms, startup: 20s }}, grace: 2s, drain: 0s }}\n"));
        return "---\nservices:\n" + services + yaml[yaml.IndexOf("flows:", StringComparison.Ordinal)..];
    }

    // How each thing of a desk stands in its journal, by the keys: a key that comes twice was done twice.
    List<string> Things(string desk)
    {
        var entries = File.ReadAllLines(Path.Combine(Mainstay.Folder, $"{desk}.jsonl")).Select(l => JsonNode.Parse(l)!).ToList();
        entries.Select(e => (string?)e["key"]).ShouldBeUnique();
        return [.. entries.Where(e => e["id"] is not null).GroupBy(e => (string)e["id"]!).Select(g => (string)g.Last()["state"]!)];
    }
}
