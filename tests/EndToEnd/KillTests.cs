using System.Diagnostics;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>What a steady load notices when a process is killed or replaced.</summary>
public sealed class KillTests(EchoFixture fixture, ITestOutputHelper output) : IClassFixture<EchoFixture>
{
    Installation Mainstay => fixture.Mainstay;

    [Fact]
    public async Task A_killed_instance_fails_no_GET_and_is_replaced()
    {
        var before = await Mainstay.ConvergedAsync();
        var victim = before["front"].Instances[0];
        await using var load = Load.Get(Mainstay.Gateway);
        await load.AnsweredAsync(30);

        Proc.Signal(victim.Pid, Proc.SigKill);

        await Mainstay.UntilAsync(s => s.Converged && s["front"].Instances.Any(i => i.Id == victim.Id && i.Restarts == victim.Restarts + 1 && i.Pid != victim.Pid));
        await load.AnsweredAsync(50);
        await load.ShouldHaveLostNothingAsync(() => Mainstay.Logs());
    }

    [Fact]
    public async Task A_killed_instance_that_others_need_fails_no_GET_through_the_mesh()
    {
        var victim = (await Mainstay.ConvergedAsync())["back"].Instances[0];
        await using var load = Load.Get(Mainstay.Gateway, "/chain", perSecond: 50);
        await load.AnsweredAsync(20);

        Proc.Signal(victim.Pid, Proc.SigKill);

        await Mainstay.UntilAsync(s => s.Converged && s["back"].Instances.Any(i => i.Id == victim.Id && i.Restarts == victim.Restarts + 1));
        await load.AnsweredAsync(30);
        await load.ShouldHaveLostNothingAsync(() => Mainstay.Logs());
        load.All.ShouldAllBe(s => s.Body.Contains("\"service\":\"back\""));
    }

    [Fact]
    public async Task A_killed_server_fails_no_GET_and_finds_the_same_instances()
    {
        var before = await Mainstay.ConvergedAsync();
        await using var load = Load.Get(Mainstay.Gateway);
        await load.AnsweredAsync(30);

        var server = Mainstay.KillRole("server");

        await Mainstay.RoleReplacedAsync("server", server);
        var after = await Mainstay.ConvergedAsync();
        await load.AnsweredAsync(50);
        after.Pids.ShouldBe(before.Pids, ignoreOrder: true);
        await load.ShouldHaveLostNothingAsync(() => Mainstay.Logs());
        (await Mainstay.ConvergedAsync()).Pids.ShouldBe(before.Pids, ignoreOrder: true);
    }

    [Fact]
    public async Task A_killed_agent_fails_no_GET_and_adopts_the_same_instances()
    {
        var before = await Mainstay.ConvergedAsync();
        await using var load = Load.Get(Mainstay.Gateway);
        await load.AnsweredAsync(30);

        var agent = Mainstay.KillRole("agent");

        await Mainstay.RoleReplacedAsync("agent", agent);
        await load.AnsweredAsync(100);
        (await Mainstay.ConvergedAsync()).Pids.ShouldBe(before.Pids, ignoreOrder: true);
        await load.ShouldHaveLostNothingAsync(() => Mainstay.Logs());

        // It does watch them again: one that ends now is started anew.
        var victim = before["back"].Instances[0];
        Proc.Signal(victim.Pid, Proc.SigKill);
        await Mainstay.UntilAsync(s => s.Converged && s["back"].Instances.Any(i => i.Id == victim.Id && i.Pid != victim.Pid));
    }

    [Fact]
    public async Task An_instance_that_ends_while_the_server_is_away_is_replaced_without_it()
    {
        var victim = (await Mainstay.ConvergedAsync())["front"].Instances[0];
        await using var load = Load.Get(Mainstay.Gateway);
        await load.AnsweredAsync(30);

        var server = Mainstay.KillRole("server");
        Proc.Signal(victim.Pid, Proc.SigKill);

        await Eventually.IsAsync(
            () => Mainstay.InstanceProcesses()[victim.Id].Any(pid => pid != victim.Pid), TimeSpan.FromSeconds(10), () => Mainstay.Logs());
        await Mainstay.RoleReplacedAsync("server", server);
        await Mainstay.ConvergedAsync();
        await load.AnsweredAsync(30);
        await load.ShouldHaveLostNothingAsync(() => Mainstay.Logs());
    }

    [Fact]
    public async Task A_gateway_that_is_restarted_fails_no_request_of_any_method()
    {
        await Mainstay.ConvergedAsync();
        // MAINSTAY_RESTARTS=100 makes it a trial of patience.
        var restarts = int.TryParse(Environment.GetEnvironmentVariable("MAINSTAY_RESTARTS"), out var given) ? given : 3;
        await using var load = Load.Mixed(Mainstay.Gateway, longest: TimeSpan.FromMinutes(2) + (TimeSpan.FromSeconds(10) * restarts));
        await load.AnsweredAsync(30);
        for (var count = 0; count < restarts; count++)
        {
            var old = Mainstay.Role("gateway");
            (await Mainstay.RunAsync("restart", "--role", "gateway")).ShouldBe(0);
            Mainstay.Role("gateway").ShouldNotBe(old);
            await Eventually.IsAsync(() => !Proc.IsAlive(old), TimeSpan.FromSeconds(15));
        }
        await load.AnsweredAsync(50);
        await load.ShouldHaveLostNothingAsync(() => Mainstay.Logs());
        load.All.Select(s => s.Request.Method).Distinct().Order().ShouldBe(["DELETE", "GET", "POST", "PUT"]);
    }

    [Fact]
    public async Task A_killed_gateway_is_back_within_half_a_second()
    {
        await Mainstay.ConvergedAsync();
        await using var load = Load.Get(Mainstay.Gateway, perSecond: 200);
        await load.AnsweredAsync(50);

        // One is warm and stands by; a moment's work of others on a busy machine counts once of three times.
        var backs = new List<TimeSpan>();
        for (var kill = 0; kill < 3; kill++)
        {
            await Mainstay.SpareReadyAsync();
            var gateway = Mainstay.KillRole("gateway");
            backs.Add(await load.BackAsync(Stopwatch.GetTimestamp()));
            await Mainstay.RoleReplacedAsync("gateway", gateway);
            await load.AnsweredAsync(50);
        }

        output.WriteLine($"back after {string.Join(", ", backs.Select(b => $"{b.TotalMilliseconds:0}"))} ms; {load.Summary()}");
        backs.Min().ShouldBeLessThan(TimeSpan.FromMilliseconds(500));
        // Connections wait in the backlog that the supervisor holds: only what was on the way through the killed process is lost.
        load.Failures.ShouldAllBe(f => f.Error!.Contains("closed") || f.Error.Contains("reset"), load.Summary());
        load.Failures.Count.ShouldBeLessThanOrEqualTo(3 * 4);

        // What the last of them serves is counted as what the first one served: for longer than figures look back, there is no other.
        await load.AnsweredAsync(1_250);
        await load.AnsweredAsync(1_250);
        await Eventually.IsAsync(
            async () => (await Mainstay.GetAsync("traffic"))["ways"]!.AsArray().Sum(way => (double)way!["requestsPerSecond"]!) > 50, TimeSpan.FromSeconds(10), () => Mainstay.Logs());
    }
}
