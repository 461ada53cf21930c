using System.Text.Json.Nodes;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>Jobs as users run them: by the clock, when asked, after one another; their logs, and that a killed agent changes no verdict.</summary>
public sealed class JobTests(EchoFixture fixture) : IClassFixture<EchoFixture>
{
    Installation Mainstay => fixture.Mainstay;

    [Fact]
    public async Task Jobs_run_by_the_clock_when_asked_and_after_one_another()
    {
        await Mainstay.ConvergedAsync();
        var manifest = fixture.Manifest() + """
            jobs:
              tick: { run: echo tick, schedule: "* * * * * *", overlap: queue }
              shards: { run: 'test "$WHO" = you && echo part $MAINSTAY_INDEX of $MAINSTAY_COUNT', parallel: 3, parameters: { WHO: nobody } }
              after: { run: echo then, after: [shards] }
              long: { run: 'echo begun; sleep 3; echo ended; exit 0' }

            """;
        (await Mainstay.RunAsync("apply", "-f", Mainstay.Write("jobs.yaml", manifest))).Code.ShouldBe(0);

        (await Mainstay.RunAsync("job", "run", "shards", "--wait")).Code.ShouldBe(1);
        var outcome = await Mainstay.RunAsync("job", "run", "shards", "--param", "WHO=you", "--wait");
        outcome.Code.ShouldBe(0, $"{outcome}\n{Mainstay.Logs()}");
        outcome = await Mainstay.RunAsync("job", "logs", "shards.2");
        outcome.Out.ShouldContain("part 0 of 3");
        outcome.Out.ShouldContain("part 2 of 3");
        await EndedAsync("after.1", "succeeded");
        await EndedAsync("tick.2", "succeeded");

        // The agent is killed while a task runs, and another one judges it.
        (await Mainstay.RunAsync("job", "run", "long")).Code.ShouldBe(0);
        await Eventually.IsAsync(async () => (await Mainstay.RunAsync("job", "logs", "long.1")).Out.Contains("begun", StringComparison.Ordinal), TimeSpan.FromSeconds(15), () => Mainstay.Logs());
        Mainstay.KillRole("agent");
        await EndedAsync("long.1", "succeeded");
        var run = await Mainstay.GetAsync("runs/long.1");
        ((int)run["status"]!["tasks"]![0]!["attempt"]!).ShouldBe(1);
    }

    async Task EndedAsync(string run, string state) => await Eventually.IsAsync(
        async () => (string?)(await RunAsync(run))?["status"]?["state"] == state, TimeSpan.FromSeconds(30), () => Mainstay.Logs());

    // From the list, where one that is not due yet is no error.
    async Task<JsonNode?> RunAsync(string run) =>
        (await Mainstay.GetAsync("runs?limit=500"))["items"]!.AsArray().FirstOrDefault(r => (string?)r!["name"] == run);
}
