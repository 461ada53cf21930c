using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>Servers that form a cluster by themselves: each with a member of etcd that it starts, keeps and takes in again.</summary>
public sealed class ClusterTests(ITestOutputHelper output)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Three_servers_form_a_cluster_lose_one_and_take_it_in_anew()
    {
        await using var a = new ClusterServer("a");
        await using var b = new ClusterServer("b");
        await using var c = new ClusterServer("c");
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        void Tell(string what) => output.WriteLine($"{System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s: {what}");
        a.Start();
        await a.UntilAsync(s => s.Count == 1 && s["a"] == "leader");
        Tell("one server");
        b.Start(await a.TokenAsync());
        await a.UntilAsync(s => s.Voters == 2);
        Tell("two have a vote");
        c.Start(await b.TokenAsync());
        var before = await c.UntilAsync(s => s.Voters == 3 && s.Well == 3);
        await b.WriteAsync("written while a leads");
        Tell("three have a vote");

        // One is killed with its member, and loses its data: another leads, and the cluster takes it in anew with another identity.
        a.Kill();
        a.KillMember();
        await b.UntilAsync(s => s.Well == 2 && s.Leads != "a");
        await c.UntilAsync(s => s.Leads != "a");
        await c.WriteAsync("written while a is away");
        Tell("another leads");
        Directory.Delete(Path.Combine(a.Place.Data, "etcd", "data"), recursive: true);
        a.Start();
        // Two with one identity could vote twice.
        await b.UntilAsync(s => s.Voters == 3 && s.Well == 3 && s.IdOf("a") != before.IdOf("a"));
        Tell("the one without data is back");
        await a.UntilAsync(s => s.Voters == 3);
        (await a.ReadAsync()).ShouldBe(["written while a is away", "written while a leads"]);
    }

    /// <summary>How long it takes until something can be written again when the server that leads is killed together with its member; <c>ROUNDS</c> times (default 10).</summary>
    [Fact(Explicit = true)]
    public async Task Another_leads_soon_after_the_server_that_led_ended_together_with_its_member()
    {
        await using var a = new ClusterServer("a");
        await using var b = new ClusterServer("b");
        await using var c = new ClusterServer("c");
        var all = new Dictionary<string, ClusterServer> { ["a"] = a, ["b"] = b, ["c"] = c };
        a.Start();
        await a.UntilAsync(s => s.Count == 1 && s["a"] == "leader");
        b.Start(await a.TokenAsync());
        await a.UntilAsync(s => s.Voters == 2);
        c.Start(await b.TokenAsync());
        List<(double Seconds, bool Both)> took = [];
        for (var round = 0; round < int.Parse(System.Environment.GetEnvironmentVariable("ROUNDS") ?? "10", System.Globalization.CultureInfo.InvariantCulture); round++)
        {
            var now = await a.UntilAsync(s => s.Voters == 3 && s.Well == 3 && s.Leads is not null);
            await b.UntilAsync(s => s.Well == 3);
            await c.UntilAsync(s => s.Well == 3);
            var (struck, other) = (all[now.Leads!], all.First(s => s.Key != now.Leads).Value);
            var began = System.Diagnostics.Stopwatch.GetTimestamp();
            struck.Kill();
            struck.KillMember();
            await Eventually.GetAsync(
                async () =>
                {
                    try
                    {
                        await other.WriteAsync($"written in round {round}");
                        return "written";
                    }
                    catch (Exception away) when (away is HttpRequestException or TaskCanceledException)
                    {
                        return null;
                    }
                },
                Patience);
            took.Add((System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds, now[now.Leads!] == "leader"));
            output.WriteLine($"{now.Leads} was struck{(took[^1].Both ? ", which led etcd too" : "")}: {took[^1].Seconds:0.0} s");
            struck.Start();
        }

        foreach (var both in new[] { false, true })
        {
            double[] sorted = [.. took.Where(t => t.Both == both).Select(t => t.Seconds).Order()];
            if (sorted.Length > 0)
                output.WriteLine($"{(both ? "with etcd's leader" : "with another member")}: {sorted.Length} times, {sorted[sorted.Length / 2]:0.0} s in the median, {sorted[^1]:0.0} s at most");
        }
    }

    /// <summary>What takes longer: most members away, and one removed for good.</summary>
    [Fact(Explicit = true)]
    public async Task Without_most_servers_nothing_is_written_and_one_that_is_removed_ends()
    {
        await using var a = new ClusterServer("a");
        await using var b = new ClusterServer("b");
        await using var c = new ClusterServer("c");
        a.Start();
        await a.UntilAsync(s => s.Count == 1 && s["a"] == "leader");
        b.Start(await a.TokenAsync());
        await a.UntilAsync(s => s.Voters == 2);
        c.Start(await b.TokenAsync());
        var after = await c.UntilAsync(s => s.Voters == 3 && s.Well == 3);
        await b.WriteAsync("written while all are there");
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        void Tell(string what) => output.WriteLine($"{System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s: {what}");

        // Without two of three what is known can be read, and what is written is refused with the reason.
        var leads = after.Leads == "b" ? b : after.Leads == "c" ? c : a;
        foreach (var other in new[] { a, b, c }.Where(s => s != leads))
        {
            other.Kill();
            other.KillMember();
        }

        (await leads.UntilAsync(s => !s.Writable && s.Since)).Count.ShouldBe(3);
        Tell("nothing can be written");
        (await leads.ReadAsync()).Count.ShouldBe(1);
        var refused = await Should.ThrowAsync<HttpRequestException>(() => leads.WriteAsync("refused"));
        refused.Message.ShouldContain("nothing can be written");
        foreach (var other in new[] { a, b, c }.Where(s => s != leads))
            other.Start();
        await a.UntilAsync(s => s.Voters == 3 && s.Well == 3);
        await a.WriteAsync("written when all are back");
        Tell("all are back");

        // Removed, it ends, and stays away.
        (await b.RemoveAsync("c")).ShouldBe(0);
        await a.UntilAsync(s => s.Count == 2 && s.Voters == 2);
        await c.EndedAsync();
        Tell("one was removed and ended");
        (await a.RemoveAsync("zed")).ShouldBe(1);
    }
}
