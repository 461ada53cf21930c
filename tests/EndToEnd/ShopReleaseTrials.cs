using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>
/// Many releases by each strategy on the example shop, of its services in turn, under its own load: pages, and orders that are looked up at the end. <c>MAINSTAY_RELEASES</c> says how many of each strategy there are
/// (default 4), <c>MAINSTAY_STRATEGY</c> one of them that is tried alone. To be asked for by name: a hundred of each take an hour.
/// </summary>
public sealed class ShopReleaseTrials(ITestOutputHelper output)
{
    // The load itself allows ten minutes.
    const int LongestLoad = 600;

    static readonly string[] Services = ["inventory", "orders", "web", "reviews"];

    static readonly Dictionary<string, string> Begun = new(StringComparer.Ordinal) { ["web"] = "1.4", ["orders"] = "2.1", ["inventory"] = "1.2", ["reviews"] = "1.0" };

    [Theory(Explicit = true)]
    [InlineData("recreate")]
    [InlineData("rolling")]
    [InlineData("blueGreen")]
    [InlineData("canary")]
    [InlineData("ab")]
    public async Task Releases_of_the_shop_fail_no_request(string strategy)
    {
        var only = Environment.GetEnvironmentVariable("MAINSTAY_STRATEGY");
        Assert.SkipWhen(only is { Length: > 0 } && only != strategy, $"only {only} is tried");
        var count = int.TryParse(Environment.GetEnvironmentVariable("MAINSTAY_RELEASES"), CultureInfo.InvariantCulture, out var given) ? given : 4;
        var shop = new ShopFixture();
        await using var owner = shop.Mainstay;
        await shop.InitializeAsync();
        await shop.Mainstay.ConvergedAsync(TimeSpan.FromSeconds(90));
        var releases = new Releases(shop.Mainstay);
        var said = new List<JsonNode>();
        var load = StartLoad(shop.Mainstay);
        var began = Stopwatch.GetTimestamp();
        var loadBegan = began;
        var versions = Begun.ToDictionary(b => b.Key, b => b.Value);
        for (var number = 1; number <= count; number++)
        {
            var service = Services[number % Services.Length];
            var version = string.Create(CultureInfo.InvariantCulture, $"{Begun[service]}.{100 + number}");
            versions[service] = version;
            await ApplyAsync(shop.Mainstay, versions, strategy);
            await releases.EndAsync(service, version, strategy);
            if (Stopwatch.GetElapsedTime(loadBegan).TotalSeconds > LongestLoad - 60)
            {
                said.Add(await EndAsync(load));
                (load, loadBegan) = (StartLoad(shop.Mainstay), Stopwatch.GetTimestamp());
            }
        }

        await shop.Mainstay.ConvergedAsync(TimeSpan.FromSeconds(90));
        said.Add(await EndAsync(load));
        long Sum(string what) => said.Sum(s => (long)s[what]!);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{strategy}: {releases}, {Sum("sent")} requests, {Sum("failed")} failed, longest {said.Max(s => (double)s["maxMs"]!):0} ms, {Sum("ordersAcknowledged")} orders acknowledged and {Sum("ordersFound")} found, {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s"));
        said.ShouldAllBe(s => (long)s["failed"]! == 0, $"{string.Join('\n', said)}\n{shop.Mainstay.Logs()}");
        Sum("ordersFound").ShouldBe(Sum("ordersAcknowledged"));
        Sum("sent").ShouldBeGreaterThan(count);
        releases.Promoted.ShouldBe(count, releases.ToString());
    }

    static async Task ApplyAsync(Installation mainstay, Dictionary<string, string> versions, string strategy)
    {
        var release = $"services:\n{string.Join('\n', versions.Select(v => $"  {v.Key}: {{ version: {VersionOf(v)}, release: {Releases.Strategies[strategy]} }}"))}\n";
        (await mainstay.RunAsync("apply", Repository.Shop, "-f", Path.Combine(mainstay.Folder, "overlay.yaml"), "-f", mainstay.Write("release.yaml", release))).ShouldBe(0);
    }

    // What was not released yet has the version of the shop's own manifest.
    static string VersionOf(KeyValuePair<string, string> service) => service.Value.Count(c => c == '.') == 2 ? service.Value : service.Key == "reviews" ? service.Value + ".3" : service.Value + ".0";

    static Process StartLoad(Installation mainstay)
    {
        var start = new ProcessStartInfo(
            "env",
            ["--default-signal=INT", Path.Combine(Repository.Shop, "load"), "--url", mainstay.Gateway.OriginalString, "--seconds", $"{LongestLoad}", "--rate", "20", "--timeout", "30", "--json"])
        {
            RedirectStandardOutput = true,
        };
        return Process.Start(start)!;
    }

    // Asked to end, it looks its orders up and tells.
    static async Task<JsonNode> EndAsync(Process load)
    {
        using var ended = load;
        var said = load.StandardOutput.ReadToEndAsync();
        Proc.Signal(load.Id, Proc.SigInt);
        await load.WaitForExitAsync().WaitAsync(Command.Longest);
        return JsonNode.Parse(await said)!;
    }
}
