using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>Flows under load in a cluster of three servers, while the one that leads is killed or paused at any moment; <c>ROUNDS</c> times (default 10), by <c>SEED</c> (default 1).</summary>
public sealed class FlowClusterTrials(ITestOutputHelper output) : IAsyncDisposable
{
    const int Starters = 24;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    readonly int rounds = Given("ROUNDS", 10);
    readonly Random chance = new(Given("SEED", 1));
    readonly StepWorld world = new();
    readonly Dictionary<string, ClusterServer> servers = [];
    readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(2) }) { Timeout = TimeSpan.FromSeconds(10) };
    readonly ConcurrentDictionary<string, (string State, string EndedAt)> ended = new();
    readonly ConcurrentDictionary<string, bool> acknowledged = new();
    readonly CancellationTokenSource over = new();
    readonly CancellationTokenSource judged = new();
    int next;

    [Fact(Explicit = true)]
    public async Task Each_run_ends_once_although_the_server_that_leads_is_killed_or_paused()
    {
        await FormAsync();
        var keeping = KeepAsync();
        var starters = Enumerable.Range(0, Starters).Select(s => Task.Run(() => StartAsync(s))).ToArray();
        await Eventually.IsAsync(() => ended.Count > Starters, Patience, Logs);
        List<double> took = [];
        var strikes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var round = 1; round <= rounds; round++)
        {
            var leads = await LeadsAsync();
            await Eventually.PassAsync(TimeSpan.FromMilliseconds(chance.Next(1, 1500)));
            var kills = chance.Next(2) == 0;
            var began = Stopwatch.GetTimestamp();
            var before = ended.Count;
            took.Add(await StrikeAsync(leads, kills, () => Stopwatch.GetElapsedTime(began)));
            var what = $"{(leads == servers.Keys.First() ? "with a supervisor" : "alone")}, {(kills ? "killed" : "paused")}";
            strikes[what] = strikes.GetValueOrDefault(what) + 1;
            await Eventually.IsAsync(() => ended.Count > before + (2 * Starters), Patience, Logs);
            output.WriteLine($"round {round}: {leads} {what}, runs went on after {took[^1]:0.0} s; {ended.Count} ended, {acknowledged.Count} started");
        }

        await over.CancelAsync();
        await Task.WhenAll(starters);
        await JudgeAsync();
        await judged.CancelAsync();
        await keeping;
        took.Sort();
        var (calls, again) = world.Counted;
        output.WriteLine($"{rounds} rounds ({string.Join(", ", strikes.Select(s => $"{s.Value} {s.Key}"))}): {acknowledged.Count} runs, {ended.Values.Count(e => e.State == "compensated")} of them compensated; {calls} calls, {again} of them again with the same key");
        output.WriteLine($"until runs went on: {took[took.Count / 2]:0.0} s in the median, {took[^1]:0.0} s at most");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in servers.Values)
            await server.DisposeAsync();
        await world.DisposeAsync();
        http.Dispose();
        over.Dispose();
        judged.Dispose();
    }

    static int Given(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), out var given) ? given : otherwise;

    async Task FormAsync()
    {
        var a = new ClusterServer("a");
        servers["?"] = a;
        await a.UpAsync(Manifest(a.Place.GatewayPort));
        var alone = await a.UntilAsync(s => s.Count == 1 && s.Leads is not null);
        servers.Remove("?");
        servers[alone.Leads!] = a;
        foreach (var (name, voters) in new[] { ("b", 2), ("c", 3) })
        {
            servers[name] = new ClusterServer(name);
            servers[name].Start(await a.TokenAsync());
            await a.UntilAsync(s => s.Voters == voters && s.Well == voters);
        }

        output.WriteLine($"three servers: {string.Join(", ", servers.Keys)}");
    }

    string Manifest(int gateway)
    {
        string Step(string name, string to) => $$"""{ name: {{name}}, call: { to: {{to}}, path: "/{run.id}/{{name}}", body: { of: "{input.n}" } }, compensate: { to: {{to}}, path: "/{run.id}/un{{name}}" }, timeout: 5s, retry: { attempts: 20, backoff: 100ms, most: 1s } }""";
        return $$"""
            architecture: orders
            services:
              stock: { external: { endpoints: ["127.0.0.1:{{world.Port}}"] }, health: { path: /health, interval: 1s } }
              bank: { external: { endpoints: ["127.0.0.1:{{world.Port}}"] }, health: { path: /health, interval: 1s } }
              post: { external: { endpoints: ["127.0.0.1:{{world.Port}}"] }, health: { path: /health, interval: 1s } }
            gateway:
              listen: "http://127.0.0.1:{{gateway}}"
            flows:
              order:
                steps:
                  - {{Step("reserve", "stock")}}
                  - {{Step("charge", "bank")}}
                  - {{Step("ship", "post")}}
            """;
    }

    // Each starts a run at whichever server, and waits until it has ended; what got no answer is asked again.
    async Task StartAsync(int starter)
    {
        var random = new Random(starter);
        while (!over.IsCancellationRequested)
        {
            var number = Interlocked.Increment(ref next);
            var id = string.Create(CultureInfo.InvariantCulture, $"o-{number}");
            while (await AskAsync(HttpMethod.Post, random, "flows/order/runs", new JsonObject { ["id"] = id, ["input"] = new JsonObject { ["n"] = number } }) is null)
            {
            }

            acknowledged[id] = true;
            while (!await HasEndedAsync(random, id, 5))
            {
            }
        }
    }

    async Task<bool> HasEndedAsync(Random random, string id, int wait)
    {
        var seen = await AskAsync(HttpMethod.Get, random, string.Create(CultureInfo.InvariantCulture, $"flow-runs/{id}?wait={wait}"), null);
        if (seen?["run"] is not { } run || run["endedAt"] is null)
            return false;
        var now = ((string)run["state"]!, (string)run["endedAt"]!);
        ended.GetOrAdd(id, now).ShouldBe(now, $"{id} ended twice");
        return true;
    }

    // Null where there was no answer, or none that says anything; a run that was acknowledged and is not there is one that was lost.
    async Task<JsonNode?> AskAsync(HttpMethod method, Random random, string path, JsonNode? body)
    {
        var server = servers.ElementAt(random.Next(servers.Count)).Value;
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(server.Place.Api, $"/api/v1/{path}")) { Content = body is null ? null : JsonContent.Create(body) };
            using var answer = await http.SendAsync(request);
            if (answer.IsSuccessStatusCode)
                return JsonNode.Parse(await answer.Content.ReadAsStringAsync());
            ((int)answer.StatusCode).ShouldBeOneOf([429, 502, 503, 504], $"{path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }
        catch (Exception away) when (away is HttpRequestException or TaskCanceledException or IOException)
        {
            // It was killed or paused meanwhile.
        }

        await Eventually.PassAsync(TimeSpan.FromMilliseconds(50));
        return null;
    }

    async Task<string> LeadsAsync()
    {
        var random = new Random(0);
        string? name = null;
        await Eventually.IsAsync(
            async () => (name = (string?)(await AskAsync(HttpMethod.Get, random, "store", null))?["servers"]?.AsArray().FirstOrDefault(s => (bool)s!["leads"]!)?["name"]) is not null && servers[name].Pid > 0, Patience, Logs);
        return name!;
    }

    // Gives the seconds until another server made a call; one that was paused goes on some time after, when another has taken over or is about to.
    async Task<double> StrikeAsync(string name, bool kills, Func<TimeSpan> since)
    {
        var pid = servers[name].Pid;
        Proc.Signal(pid, kills ? Proc.SigKill : Proc.SigStop);
        // What was sent just before may still be on its way.
        await Eventually.PassAsync(TimeSpan.FromMilliseconds(300));
        var before = world.Counted.Calls;
        // Some go on at about the time at which another takes over.
        if (!kills && chance.Next(4) == 0)
        {
            await Eventually.PassAsync(TimeSpan.FromMilliseconds(chance.Next(1500, 3000)));
            Proc.Signal(pid, Proc.SigCont);
        }

        await Eventually.IsAsync(() => world.Counted.Calls > before, Patience, Logs);
        var took = since().TotalSeconds;
        if (!kills)
        {
            await Eventually.PassAsync(TimeSpan.FromMilliseconds(chance.Next(1, 1000)));
            Proc.Signal(pid, Proc.SigCont);
        }

        return took;
    }

    // Those without a supervisor are started again by whoever runs them.
    async Task KeepAsync()
    {
        while (!judged.IsCancellationRequested)
        {
            foreach (var server in servers.Values.Skip(1).Where(s => s.Pid == 0))
                server.Start();
            await Eventually.PassAsync(TimeSpan.FromMilliseconds(100));
        }
    }

    async Task JudgeAsync()
    {
        var random = new Random(0);
        foreach (var id in acknowledged.Keys)
            await Eventually.IsAsync(() => HasEndedAsync(random, id, 1), Patience, () => $"{id}\n{Logs()}");
        world.Twice().ShouldBeEmpty("done by more than one key");
        var left = world.Left();
        foreach (var (id, (state, _)) in ended)
        {
            var refused = StepWorld.IsRefused(int.Parse(id.AsSpan(2), CultureInfo.InvariantCulture));
            state.ShouldBe(refused ? "compensated" : "succeeded", customMessage: id);
            string.Join(' ', left[id].Order(StringComparer.Ordinal)).ShouldBe(refused ? "" : "charge reserve ship", customMessage: id);
        }

        left.Select(l => l.Key).Where(id => !acknowledged.ContainsKey(id)).ShouldBeEmpty("done for a run that nobody started");
    }

    string Logs() => string.Join('\n', servers.Select(s => $"--- {s.Key}\n{s.Value.Logs()}"));
}
