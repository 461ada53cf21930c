using System.Text.Json.Nodes;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>Publishes that go out in stages to running instances, which have their configuration as a file.</summary>
public sealed class ConfigStageTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_staged_publish_that_does_harm_is_taken_back_by_itself_and_one_that_does_none_reaches_all()
    {
        await using var mainstay = new Installation();
        string Manifest(params string[] more) => mainstay.Echoes().With("front", new EchoService { Instances = 4, More = more }).Text("front");
        await mainstay.UpAsync(Manifest());
        await PublishAsync(mainstay, ["mark=one", "fails=false"]);
        await mainstay.ApplyAsync(Manifest("files: { settings.json: { from: front } }"));
        await mainstay.UntilAsync(s => s.Converged && s["front"].Version == "1.0.0", TimeSpan.FromSeconds(60));
        await using var load = Load.Get(mainstay.Gateway, longest: TimeSpan.FromMinutes(10));
        await Eventually.IsAsync(() => load.All.TakeLast(40).Count(s => MarkOf(s) == "one") == 40, TimeSpan.FromSeconds(30), load.Summary);
        load.Failures.ShouldBeEmpty();

        // Half of the instances have it, and fail all that they are asked.
        await PublishAsync(mainstay, ["mark=two", "fails=true"], "--steps", "50%", "--hold", "10m");
        var withdrawn = await Eventually.GetAsync(
            async () => (await mainstay.GetAsync("events"))["items"]!.AsArray().FirstOrDefault(e => (string?)e!["reason"] == "ConfigWithdrawn"), TimeSpan.FromSeconds(60), () => $"{load.Summary()}\n{mainstay.Logs()}");
        output.WriteLine($"{load.Failures.Count} of {load.All.Count} requests failed: {withdrawn["message"]}");
        ((string)withdrawn["message"]!).ShouldContain("more errors");
        await Eventually.IsAsync(() => load.All.TakeLast(80).Count(s => MarkOf(s) == "one") == 80, TimeSpan.FromSeconds(30), load.Summary);
        load.Failures.ShouldAllBe(f => f.Body.Contains("two"), "who has the one before fails nothing");
        load.Failures.Select(f => (string)JsonNode.Parse(f.Body)!["instance"]!).Distinct().Count().ShouldBe(2, "half of four");
        var failures = load.Failures.Count;

        // One that does no harm goes on to all, and no process is another one.
        await PublishAsync(mainstay, ["mark=three", "fails=false"], "--steps", "50%", "--hold", "2s");
        await Eventually.IsAsync(() => load.All.TakeLast(80).Count(s => MarkOf(s) == "three") == 80, TimeSpan.FromSeconds(60), load.Summary);
        load.Failures.Count.ShouldBe(failures);
        Answers(load).Select(a => (string)a["instance"]!).Distinct().Count().ShouldBe(4);
        Answers(load).Select(a => (int)a["pid"]!).Distinct().Count().ShouldBe(4);
    }

    static IEnumerable<JsonNode> Answers(Load load) => load.All.Where(s => MarkOf(s) is "one" or "three").Select(s => JsonNode.Parse(s.Body)!);

    static string? MarkOf(Sent sent) => sent.Error is null ? (string?)JsonNode.Parse(sent.Body)!["settings"]?["mark"] : null;

    static async Task PublishAsync(Installation mainstay, string[] values, params string[] how)
    {
        (await mainstay.RunAsync(["config", "set", "front", .. values])).ShouldBe(0);
        (await mainstay.RunAsync(["config", "publish", "front", .. how])).ShouldBe(0);
    }
}
