using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>What is seen of instances that tell nothing themselves.</summary>
public sealed class SightTests
{
    [Fact]
    public async Task A_busy_instance_and_its_host_show_what_they_use_within_three_seconds()
    {
        await using var mainstay = new Installation();
        await mainstay.UpAsync($$"""
            architecture: sight
            services:
              burner:
                version: 1.0.0
                run: node -e "require('http').createServer((_, r) => r.end()).listen(process.env.PORT, '127.0.0.1'); setInterval(() => { const end = Date.now() + 40; while (Date.now() < end); }, 50)"
            gateway: { listen: "http://127.0.0.1:{{mainstay.GatewayPort}}" }
            """);

        var burner = await Eventually.GetAsync(
            async () => Busy(await JsonAsync(mainstay, "instances")),
            TimeSpan.FromSeconds(3) + TimeSpan.FromSeconds(Math.Max(0, LoadOfOthers() - 1)));

        ((string)burner["service"]!, (string)burner["version"]!).ShouldBe(("burner", "1.0.0"));
        ((double)burner["memory"]!).ShouldBeGreaterThan(10_000_000);
        var host = (await JsonAsync(mainstay, "hosts"))[0]!;
        ((double)host["processors"]!).ShouldBe(Environment.ProcessorCount);
        ((double)host["memoryAvailable"]!).ShouldBeInRange(1, (double)host["memoryTotal"]!);
        var query = JsonNode.Parse((await mainstay.RunAsync("query", "rate(process.cpu.time{service.name=\"burner\"}[5s])", "-o", "json")).ShouldBe(0).Out)!;
        query["series"]!.AsArray().Count.ShouldBe(2, "user and system");
    }

    static JsonObject? Busy(JsonArray instances) => instances.SingleOrDefault(i => i!["cpu"] is { } cpu && (double)cpu > 0.05)?.AsObject();

    static async Task<JsonArray> JsonAsync(Installation mainstay, string what) => JsonNode.Parse((await mainstay.RunAsync("top", what, "-o", "json")).ShouldBe(0).Out)!.AsArray();

    // On a machine that others keep busy everything takes its time, sampling too.
    static double LoadOfOthers() => double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture) / Environment.ProcessorCount;
}
