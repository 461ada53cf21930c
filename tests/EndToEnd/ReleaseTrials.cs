using System.Diagnostics;
using System.Globalization;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>
/// Many releases by each strategy under load, one after the other, of a front door and of a service behind it, in turn; and the same with instances killed meanwhile. <c>MAINSTAY_RELEASES</c> says how many of each
/// strategy there are (default 10), <c>MAINSTAY_KILLS</c> how many kills (default 10). To be asked for by name: a hundred of each take half an hour.
/// </summary>
public sealed class ReleaseTrials(ITestOutputHelper output)
{
    readonly Dictionary<string, string> versions = new(StringComparer.Ordinal) { ["front"] = "1.0.0", ["back"] = "1.0.0" };
    readonly List<int> acknowledged = [];
    readonly List<(long At, string What)> story = [];

    [Theory(Explicit = true)]
    [InlineData("recreate")]
    [InlineData("rolling")]
    [InlineData("blueGreen")]
    [InlineData("canary")]
    [InlineData("ab")]
    public async Task Releases_under_load_fail_no_request(string strategy)
    {
        var count = Setting("MAINSTAY_RELEASES");
        await using var mainstay = new Installation();
        var releases = new Releases(mainstay);
        await mainstay.UpAsync(Manifest(mainstay, strategy));
        await mainstay.ConvergedAsync();
        // Where nobody answers for a moment, only what has arrived as a whole can wait.
        await using var mixed = Load.Mixed(mainstay.Gateway, perSecond: 60, longest: TimeSpan.FromHours(2), largest: strategy == "recreate" ? 1000 : 20_000);
        await using var chain = Load.Get(mainstay.Gateway, "/chain", perSecond: 40, longest: TimeSpan.FromHours(2));
        await chain.AnsweredAsync(20);

        var began = Stopwatch.GetTimestamp();
        for (var number = 1; number <= count; number++)
        {
            await ReleaseAsync(mainstay, releases, strategy, number, () => Task.CompletedTask);
        }

        await mainstay.ConvergedAsync();
        await chain.AnsweredAsync(20);
        Tell(strategy, releases, 0, mixed, chain, began);
        releases.Promoted.ShouldBe(count, releases.ToString());
        await ShouldHaveAllAsync(mainstay);
        await mixed.ShouldHaveLostNothingAsync(() => mainstay.Logs());
        await chain.ShouldHaveLostNothingAsync(() => mainstay.Logs());
    }

    /// <summary>Whatever was acknowledged holds, everything converges, and what is read is answered: also where a kill takes the only instance of a version that gets requests. An instance is killed only once the one before it is back.</summary>
    [Fact(Explicit = true)]
    public async Task Kills_during_releases_lose_no_change_and_fail_no_read()
    {
        var kills = Setting("MAINSTAY_KILLS");
        var chance = new Random(7);
        await using var mainstay = new Installation();
        var releases = new Releases(mainstay);
        await mainstay.UpAsync(Manifest(mainstay, "rolling"));
        await mainstay.ConvergedAsync();
        await using var reads = Load.Get(mainstay.Gateway, "/chain", perSecond: 60, longest: TimeSpan.FromHours(2));
        await reads.AnsweredAsync(20);

        var began = Stopwatch.GetTimestamp();
        var killed = 0;
        (string Instance, int Pid) last = ("", 0);
        for (var number = 1; killed < kills; number++)
        {
            await ReleaseAsync(mainstay, releases, Releases.Strategies.Keys.ElementAt(number % Releases.Strategies.Count), number, async () =>
            {
                await Eventually.PassAsync(TimeSpan.FromMilliseconds(1 + chance.Next(1200)));
                await Eventually.IsAsync(() => IsMadeUpForAsync(mainstay, last), TimeSpan.FromSeconds(60), () => mainstay.Logs());
                var living = mainstay.InstanceProcesses().SelectMany(i => i.Select(pid => (Instance: i.Key, Pid: pid))).OrderBy(p => p.Pid).ToArray();
                if (living.Length > 0)
                {
                    var victim = last = living[chance.Next(living.Length)];
                    story.Add((Stopwatch.GetTimestamp(), $"{victim.Instance} is killed"));
                    Proc.Signal(victim.Pid, Proc.SigKill);
                    killed++;
                }
            });
        }

        // Whatever was given up because its instances were killed is declared once more, and comes.
        versions["front"] = versions["back"] = "2.0.0";
        acknowledged.Add(await mainstay.ApplyAsync(Manifest(mainstay, "rolling")));
        await mainstay.UntilAsync(s => s.Converged && s["front"].Version == "2.0.0" && s["back"].Version == "2.0.0", TimeSpan.FromSeconds(90));
        await reads.AnsweredAsync(20);
        Tell("all", releases, killed, reads, reads, began);
        await ShouldHaveAllAsync(mainstay);
        await reads.ShouldHaveLostNothingAsync(() => mainstay.Logs());
    }

    // One kill at a time: two within the time of a restart can leave a service with nobody at all.
    static async Task<bool> IsMadeUpForAsync(Installation mainstay, (string Instance, int Pid) last)
    {
        var known = (await mainstay.GetAsync("instances"))["items"]!.AsArray().FirstOrDefault(i => (string?)i!["name"] == last.Instance);
        return known is null || (string?)known["goal"] is "drain" or "stop" || ((string?)known["status"]?["state"] == "ready" && (int?)known["status"]?["pid"] != last.Pid);
    }

    // One release to its end, with something done meanwhile.
    async Task ReleaseAsync(Installation mainstay, Releases releases, string strategy, int number, Func<Task> meanwhile)
    {
        var service = number % 2 == 0 ? "back" : "front";
        var version = versions[service] = string.Create(CultureInfo.InvariantCulture, $"1.{number}.0");
        story.Add((Stopwatch.GetTimestamp(), $"{service} {version} by {strategy}"));
        acknowledged.Add(await mainstay.ApplyAsync(Manifest(mainstay, strategy)));
        var acting = meanwhile();
        await releases.EndAsync(service, version, strategy);
        await acting;
    }

    string Manifest(Installation mainstay, string strategy)
    {
        EchoService Of(string service) => new() { Version = versions[service], Instances = 2, More = [$"release: {Releases.Strategies[strategy]}"] };
        return mainstay.Echoes().With("front", Of("front") with { Needs = ["back"] }).With("back", Of("back")).Text("front");
    }

    // The newest version is the last that was acknowledged, each of them is there, and what runs is what it declares.
    async Task ShouldHaveAllAsync(Installation mainstay)
    {
        foreach (var version in acknowledged)
        {
            ((int)(await mainstay.GetAsync($"versions/{version}"))["number"]!).ShouldBe(version);
        }

        var status = await mainstay.StatusAsync();
        status.Architecture!.Version.ShouldBe(acknowledged.Max());
        versions.ShouldAllBe(v => status[v.Key].Version == v.Value);
    }

    void Tell(string strategy, Releases releases, int kills, Load one, Load other, long began)
    {
        var loads = new[] { one, other }.Distinct().ToArray();
        var all = loads.SelectMany(l => l.All).ToArray();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{strategy}: {releases}, {kills} kills, {all.Length} requests, {all.Count(s => s.Error is not null)} failed, longest {all.Max(s => Stopwatch.GetElapsedTime(s.Began, s.Ended).TotalMilliseconds):0} ms, {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s"));
        foreach (var load in loads)
        {
            output.WriteLine(load.Summary());
        }

        // What happened in the seconds before a request failed.
        var failures = all.Where(s => s.Error is not null).ToArray();
        foreach (var (at, what) in story.Where(t => failures.Any(f => f.Ended >= t.At && Stopwatch.GetElapsedTime(t.At, f.Ended) < TimeSpan.FromSeconds(5))))
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"at {Stopwatch.GetElapsedTime(all.Min(s => s.Began), at).TotalMilliseconds:0} ms: {what}"));
        }
    }

    static int Setting(string name) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var given) ? given : 10;
}
