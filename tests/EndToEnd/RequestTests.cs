using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>Requests that are done once or later, while gateway, server and service are killed under them: nothing accepted is lost, and nothing is done twice that may not be.</summary>
public sealed class RequestTests(ITestOutputHelper output)
{
    [Fact(Explicit = true)]
    public Task Kills_in_the_middle_lose_nothing_and_double_nothing() => KillAsync(kills: 3);

    [Fact(Explicit = true)]
    public Task Two_hundred_kills_lose_nothing_and_double_nothing() => KillAsync(int.TryParse(Environment.GetEnvironmentVariable("MAINSTAY_KILLS"), out var given) ? given : 200);

    async Task KillAsync(int kills)
    {
        await using var mainstay = new Installation();
        await mainstay.UpAsync(Manifest(mainstay));
        await mainstay.ConvergedAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = mainstay.Gateway, Timeout = TimeSpan.FromSeconds(20) };
        using var over = new CancellationTokenSource();
        var (told, accepted) = (new ConcurrentDictionary<string, string>(), new ConcurrentDictionary<string, string>());
        Task[] clients =
        [
            .. Enumerable.Range(0, 4).Select(c => Task.Run(() => OnceAsync(http, c, told, over.Token))),
            .. new[] { "later", "safe" }.Select(route => Task.Run(() => LaterAsync(http, route, accepted, over.Token))),
        ];
        for (var kill = 0; kill < kills; kill++)
        {
            var done = told.Count + accepted.Count;
            await Eventually.IsAsync(() => told.Count + accepted.Count > done + 10, TimeSpan.FromSeconds(60), () => mainstay.Logs());
            await KillOneAsync(mainstay, kill);
        }

        await over.CancelAsync();
        await Task.WhenAll(clients);
        await mainstay.ConvergedAsync();
        await EndedAsync(mainstay);
        Judge(mainstay, told, accepted, await RequestsAsync(mainstay), kills);
    }

    async Task KillOneAsync(Installation mainstay, int kill)
    {
        if (kill % 3 == 2)
        {
            var service = kill % 2 == 0 ? "till" : "safe";
            var before = (await mainstay.UntilAsync(s => s.Converged, TimeSpan.FromSeconds(60)))[service].Instances[0].Pid;
            Proc.Signal(before, Proc.SigKill);
            await mainstay.UntilAsync(s => s[service].Instances.Any(i => i.Pid != 0 && i.Pid != before), TimeSpan.FromSeconds(60));
            return;
        }

        var role = kill % 3 == 0 ? "gateway" : "server";
        var old = mainstay.KillRole(role);
        await mainstay.RoleReplacedAsync(role, old);
    }

    /// <summary>Asks with a key until there is a last word: an answer, or that nobody knows.</summary>
    static async Task OnceAsync(HttpClient http, int client, ConcurrentDictionary<string, string> told, CancellationToken over)
    {
        for (var number = 0; !over.IsCancellationRequested; number++)
        {
            var key = $"once-{client}-{number}";
            for (var asked = 0; !told.ContainsKey(key) && asked < 1000; asked++)
            {
                var (status, text, _) = await PostAsync(http, "once", key);
                if (status == 200 || text.Contains("outcome-unknown", StringComparison.Ordinal))
                {
                    told[key] = status == 200 ? text : "unknown";
                }
                else
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
                }
            }
        }
    }

    static async Task LaterAsync(HttpClient http, string route, ConcurrentDictionary<string, string> accepted, CancellationToken over)
    {
        for (var number = 0; !over.IsCancellationRequested; number++)
        {
            var key = $"{route}-{number}";
            for (var asked = 0; !accepted.ContainsKey(key) && asked < 1000; asked++)
            {
                var (status, _, location) = await PostAsync(http, route, key);
                if (status == 202)
                {
                    accepted[key] = location!;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    static async Task<(int Status, string Text, string? Location)> PostAsync(HttpClient http, string route, string key)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, route) { Content = new StringContent("body of " + key) };
            request.Headers.Add("Idempotency-Key", key);
            using var answer = await http.SendAsync(request);
            return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(), answer.Headers.Location?.OriginalString);
        }
        catch (Exception cut) when (cut is HttpRequestException or TaskCanceledException or IOException)
        {
            return (0, "", null);
        }
    }

    // Nothing waits or runs any more.
    static Task EndedAsync(Installation mainstay) => Eventually.IsAsync(
        async () => (await RequestsAsync(mainstay)).All(r => (string)r!["state"]! is "answered" or "unknown"), TimeSpan.FromSeconds(120), () => mainstay.Logs());

    static async Task<JsonArray> RequestsAsync(Installation mainstay)
    {
        var all = new JsonArray();
        foreach (var route in new[] { "once", "later", "safe" })
        {
            foreach (var state in new[] { "waiting", "running", "failed", "unknown" })
            {
                foreach (var one in (await mainstay.GetAsync($"state/requests?route={route}&state={state}&limit=1000"))["items"]!.AsArray()) all.Add(one!.DeepClone());
            }
        }

        return all;
    }

    void Judge(Installation mainstay, ConcurrentDictionary<string, string> told, ConcurrentDictionary<string, string> accepted, JsonArray unfinished, int kills)
    {
        var done = File.ReadAllLines(Path.Combine(mainstay.Folder, "till.txt")).Concat(File.ReadAllLines(Path.Combine(mainstay.Folder, "safe.txt"))).GroupBy(k => k).ToDictionary(g => g.Key, g => g.Count());
        var unknown = unfinished.Select(r => (string)r!["key"]!).ToHashSet();
        output.WriteLine($"{kills} kills: {told.Count} asked once, of which {told.Values.Count(t => t == "unknown")} unknown; {accepted.Count} accepted, of which {accepted.Keys.Count(unknown.Contains)} unknown; done twice: {done.Values.Count(n => n > 1)}");
        foreach (var (key, answer) in told)
        {
            done.GetValueOrDefault(key).ShouldBeLessThanOrEqualTo(1, $"{key} was done twice");
            if (answer != "unknown")
            {
                (answer, done.GetValueOrDefault(key)).ShouldBe(($"did {key}", 1), $"{key} was answered");
            }
        }

        foreach (var key in accepted.Keys)
        {
            if (key.StartsWith("safe", StringComparison.Ordinal))
            {
                done.GetValueOrDefault(key).ShouldBeGreaterThanOrEqualTo(1, $"{key} was accepted");
                unknown.ShouldNotContain(key);
            }
            else
            {
                done.GetValueOrDefault(key).ShouldBeInRange(unknown.Contains(key) ? 0 : 1, 1, $"{key} was accepted");
            }
        }

        told.Count.ShouldBeGreaterThan(kills);
        accepted.Count.ShouldBeGreaterThan(kills);
    }

    static string Manifest(Installation mainstay)
    {
        var service = (string name, string traffic) =>
            $"  {name}: {{ folder: {Path.Combine(Repository.Root, "tests/EndToEnd/Services")}, run: exec node till.js, env: {{ DATA_FILE: {Path.Combine(mainstay.Folder, name + ".txt")}, SLOW_MS: \"5\" }}, health: {{ path: /health, interval: 200ms, startup: 20s }}, grace: 1s, drain: 0s{traffic} }}\n";
        return $$"""
            architecture: requests
            services:
            {{service("till", "")}}{{service("safe", ", traffic: { idempotencyKeys: true }")}}gateway:
              listen: http://127.0.0.1:{{mainstay.GatewayPort}}
              routes:
                once: { match: { path: /once }, to: till, timeout: 5s, idempotency: {} }
                later: { match: { path: /later }, to: till, timeout: 5s, async: { backoff: 50ms, within: 10m } }
                safe: { match: { path: /safe }, to: safe, timeout: 5s, async: { backoff: 50ms, within: 10m, attempts: 100 } }
            """;
    }
}
