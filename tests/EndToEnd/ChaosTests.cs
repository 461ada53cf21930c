using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>
/// Random <c>kill -9</c> of every kind of process while the architecture changes. A longer run: <c>CHAOS_KILLS=200 ./test end-to-end</c>; a run is
/// repeated with the <c>CHAOS_SEED</c> that it printed.
/// </summary>
public sealed class ChaosTests(ITestOutputHelper output)
{
    static readonly string[] Victims = ["server", "gateway", "agent", "instance", "instance"];
    static readonly int Kills = Number("CHAOS_KILLS", 40);
    static readonly int Seed = Number("CHAOS_SEED", 20_240_229);

    [Fact]
    public async Task Random_kills_lose_no_acknowledged_change_and_leave_no_orphan()
    {
        await using var mainstay = new Installation();
        await mainstay.UpAsync(Manifest(mainstay, "start"));
        await mainstay.ConvergedAsync();
        output.WriteLine($"seed {Seed}, {Kills} kills");

        using var over = new CancellationTokenSource();
        var applying = ApplyAsync(mainstay, over.Token);
        var killed = await KillAsync(mainstay, new Random(Seed));
        await over.CancelAsync();
        var acknowledged = await applying;
        output.WriteLine($"killed {string.Join(", ", killed.GroupBy(k => k).Select(k => $"{k.Key} {k.Count()}"))}; {acknowledged.Count} acknowledged changes");

        await mainstay.UntilAsync(s => s.Services.Count > 0);
        var final = await mainstay.ApplyAsync(Manifest(mainstay, "final"), "final");
        await mainstay.ConvergedAsync(TimeSpan.FromSeconds(60));
        var status = await mainstay.UntilAsync(s => s.Converged && s.Architecture!.Version == final && AllHave(mainstay, s, "final"), TimeSpan.FromSeconds(60));

        acknowledged.Count.ShouldBeGreaterThan(5);
        await ShouldKnowAsync(mainstay, acknowledged);
        ShouldRunOnce(mainstay, status);
        // A gateway that was killed last has its newest table a moment after its start.
        await Eventually.IsAsync(
            async () => (string?)(await mainstay.AskAsync("/chain"))?["called"]?["BACK_URL"]?["service"] == "back", TimeSpan.FromSeconds(10), () => mainstay.Logs());
        await mainstay.DownAsync();
    }

    // Changes one after another; what was acknowledged, by its message.
    static async Task<IReadOnlyDictionary<string, int>> ApplyAsync(Installation mainstay, CancellationToken stop)
    {
        var acknowledged = new Dictionary<string, int>();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(300));
        for (var i = 1; !stop.IsCancellationRequested; i++)
        {
            try
            {
                acknowledged[$"change {i}"] = await mainstay.ApplyAsync(Manifest(mainstay, $"change-{i}"), $"change {i}");
            }
            catch (Exception unknown) when (unknown is HttpRequestException or TaskCanceledException)
            {
                // Not acknowledged: it may be in force or not.
            }

            await timer.WaitForNextTickAsync(CancellationToken.None);
        }

        return acknowledged;
    }

    static async Task<IReadOnlyList<string>> KillAsync(Installation mainstay, Random random)
    {
        var killed = new List<string>();
        while (killed.Count < Kills)
        {
            await Eventually.PassAsync(TimeSpan.FromMilliseconds(random.Next(50, 500)));
            var victim = Victims[random.Next(Victims.Length)];
            var instances = mainstay.InstanceProcesses();
            instances.Where(i => i.Count() > 1).ShouldBeEmpty(mainstay.Logs());
            var pid = victim == "instance" ? instances.SelectMany(i => i).OrderBy(p => p).ElementAtOrDefault(random.Next(4)) : mainstay.Role(victim);
            if (pid > 0)
            {
                Proc.Signal(pid, Proc.SigKill);
                killed.Add(victim);
            }
        }

        return killed;
    }

    static async Task ShouldKnowAsync(Installation mainstay, IReadOnlyDictionary<string, int> acknowledged)
    {
        var outcome = (await mainstay.RunAsync("history", "--limit", "10000", "-o", "json")).ShouldBe(0);
        var history = JsonNode.Parse(outcome.Out)!["items"]!.AsArray().ToDictionary(v => (int)v!["number"]!, v => (string)v!["message"]!);
        foreach (var (message, version) in acknowledged)
        {
            history[version].ShouldBe(message);
        }

        history.Keys.Order().ShouldBe(Enumerable.Range(1, history.Count));
    }

    // Exactly the supervisor, one of each role, and one process for each instance that the status names.
    static void ShouldRunOnce(Installation mainstay, Snapshot status)
    {
        var instances = mainstay.InstanceProcesses();
        instances.ToDictionary(i => i.Key, i => i.Single()).ShouldBe(status.Pids, ignoreOrder: true);
        int[] roles = [mainstay.Role("supervise"), mainstay.Role("server"), mainstay.Role("gateway"), mainstay.Role("agent")];
        var spares = mainstay.Spares();
        spares.Count.ShouldBeLessThanOrEqualTo(1);
        mainstay.Processes().Except(spares).Order().ShouldBe(roles.Concat(status.Pids.Values).Order());
    }

    static bool AllHave(Installation mainstay, Snapshot status, string mark) =>
        status["front"].Instances.All(i => Proc.Environment(i.Pid).GetValueOrDefault("MARK") == mark);

    static string Manifest(Installation mainstay, string mark)
    {
        var service = new EchoService { Instances = 2, More = ["restart: { backoff: 50ms, maxBackoff: 300ms, crashLoop: 100 }"] };
        var front = service with { Needs = ["back"], Env = new Dictionary<string, string> { ["MARK"] = mark } };
        return mainstay.Echoes().With("front", front).With("back", service).Text("front");
    }

    static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
