using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>What services keep with the platform, on bad ground: a server that is killed at any moment, and a disk that fills.</summary>
public sealed class StateTrials(ITestOutputHelper output)
{
    const int Appenders = 6;
    const int Streams = 3;

    static readonly string[] Kinds = ["queue", "stream", "flow", "accepted"];

    readonly ConcurrentDictionary<string, string> told = new();

    [Fact(Explicit = true)]
    public async Task Kills_of_the_server_and_of_appenders_lose_no_event()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("MAINSTAY_KILLS"), out var given) ? given : 20;
        await using var mainstay = new Installation();
        await mainstay.UpAsync(mainstay.Echoes().With("a", new()).Text("a"));
        await mainstay.ConvergedAsync();
        using var http = Client(mainstay.Api);
        using var over = new CancellationTokenSource();
        var chance = new Random(kills);
        var acknowledged = new ConcurrentDictionary<string, (string Stream, long Version)>();
        var read = new List<(long Position, string Id)>();
        var deaths = new ConcurrentDictionary<int, CancellationTokenSource>();
        var appenders = Enumerable.Range(0, Appenders).Select(a => Task.Run(() => AppendAsync(http, a, acknowledged, deaths, over.Token))).ToArray();
        using var ended = new CancellationTokenSource();
        var reader = Task.Run(() => ReadAsync(http, "trial", read, () => acknowledged.Count, ended));
        for (var kill = 0; kill < kills; kill++)
        {
            var done = acknowledged.Count;
            await Eventually.IsAsync(() => acknowledged.Count > done + 20 + chance.Next(60), TimeSpan.FromSeconds(60), () => mainstay.Logs());
            if (kill % 2 == 0)
            {
                var server = mainstay.KillRole("server");
                await mainstay.RoleReplacedAsync("server", server);
            }
            else
            {
                // In the middle of whatever it does, and without a memory of it.
                await deaths[chance.Next(Appenders)].CancelAsync();
            }
        }

        await over.CancelAsync();
        await Task.WhenAll(appenders);
        await ended.CancelAsync();
        await reader;
        var all = await AllAsync(http);
        output.WriteLine($"{kills} kills: {acknowledged.Count} events acknowledged, {all.Count} there, {read.Count} read by one that resumes");
        acknowledged.Where(a => all.GetValueOrDefault(a.Value) != a.Key).ShouldBeEmpty("acknowledged, and not there");
        all.Values.ShouldBeUnique();
        foreach (var stream in all.Keys.GroupBy(k => k.Stream)) stream.Select(k => k.Version).Order().ShouldBe(Enumerable.Range(1, stream.Count()).Select(v => (long)v), stream.Key);
        // Whoever resumes at a place that it has kept sees some again, and misses none.
        var seen = read.Select(r => r.Id).ToHashSet();
        all.Values.Where(id => !seen.Contains(id)).ShouldBeEmpty("not read");
    }

    [Fact(Explicit = true)]
    public async Task A_disk_that_fills_loses_nothing_that_was_acknowledged_and_is_told_of()
    {
        await using var disk = await SmallDisk.MountAsync("size=160m");
        await using var mainstay = new Installation(Path.Combine(disk.Path, "data"));
        await mainstay.UpAsync(Full(mainstay));
        await mainstay.ConvergedAsync();
        using var http = Client(mainstay.Api);
        using var front = Client(mainstay.Gateway);
        var refusals = new ConcurrentDictionary<string, string>();
        var number = 0;
        foreach (var kind in Kinds) await Eventually.IsAsync(async () => await WriteAsync(http, front, kind, Interlocked.Increment(ref number)) is null, TimeSpan.FromSeconds(20), () => mainstay.Logs());
        for (var round = 1; round <= 3; round++)
        {
            var before = told.Count;
            disk.Fill(leave: 3 << 20);
            await Task.WhenAll(Kinds.Select(async kind =>
            {
                // They fill the rest themselves.
                string? why = null;
                for (var i = 0; i < 3_000 && why is null; i++) why = await WriteAsync(http, front, kind, Interlocked.Increment(ref number));
                refusals[kind] = why ?? "never refused";
            }));

            var withFull = told.Count - before;
            foreach (var kind in Kinds) output.WriteLine($"round {round}: {kind} is refused with {refusals[kind]}");
            refusals["queue"].ShouldContain("507 disk-full");
            refusals["stream"].ShouldContain("507 disk-full");
            refusals["flow"].ShouldContain("507 disk-full");
            refusals["accepted"].ShouldContain("Requests cannot be remembered at the moment");
            disk.Free();
            foreach (var kind in Kinds) await Eventually.IsAsync(async () => await WriteAsync(http, front, kind, Interlocked.Increment(ref number)) is null, TimeSpan.FromSeconds(30), () => mainstay.Logs());
            output.WriteLine($"round {round}: {withFull} were acknowledged until then, and all four go on");
        }

        var server = mainstay.KillRole("server");
        await mainstay.RoleReplacedAsync("server", server);
        await Eventually.IsAsync(() => IsThereAsync(http, "state/queues"), TimeSpan.FromSeconds(30), () => mainstay.Logs());
        var found = await FoundAsync(http);
        output.WriteLine($"{told.Count} acknowledged in all: {string.Join(", ", Kinds.Select(k => $"{told.Keys.Count(t => t.StartsWith(k, StringComparison.Ordinal))} {k}"))}");
        told.Keys.Where(t => !found.Contains(t)).ShouldBeEmpty("acknowledged, and not there");
    }

    /// <summary>Writes one; null where it was acknowledged, else the status with its reason.</summary>
    async Task<string?> WriteAsync(HttpClient http, HttpClient front, string kind, int number)
    {
        var name = $"{kind}-{number}";
        var fill = new string('x', 3_000);
        using var request = new HttpRequestMessage(HttpMethod.Post, kind switch
        {
            "queue" => "/api/v1/queues/q/messages", "stream" => "/api/v1/streams/s/events?expected=any", "flow" => "/api/v1/flows/f/runs", _ => "/later",
        }) { Content = kind == "flow" ? Json($$"""{ "id": "{{name}}", "input": { "fill": "{{fill}}" } }""") : new StringContent(fill) };
        foreach (var (header, value) in new[] { ("ce-specversion", "1.0"), ("ce-id", name), ("ce-source", "/trial"), ("ce-type", "made"), ("Idempotency-Key", name) }) request.Headers.Add(header, value);
        try
        {
            using var answer = await (kind == "accepted" ? front : http).SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            if (answer.IsSuccessStatusCode)
            {
                told[name] = text;
                return null;
            }

            var problem = text.StartsWith('{') ? JsonNode.Parse(text)! : new JsonObject { ["detail"] = text };
            return $"{(int)answer.StatusCode} {((string?)problem["type"] ?? "").Split(':', '/')[^1]}: {(string?)problem["detail"]}";
        }
        catch (HttpRequestException away)
        {
            return away.Message;
        }
    }

    async Task<HashSet<string>> FoundAsync(HttpClient http)
    {
        var found = (await AllAsync(http)).Values.Select(id => id.Split('\n')[^1]).ToHashSet();
        while (true)
        {
            using var answer = await http.PostAsync("/api/v1/queues/q/pull?max=1000&visibility=600", null);
            var messages = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["messages"]!.AsArray();
            if (messages.Count == 0) break;
            foreach (var message in messages) found.Add((string)message!["event"]!["id"]!);
        }

        foreach (var one in told.Keys.Where(t => t.StartsWith("flow", StringComparison.Ordinal)))
        {
            if (await IsThereAsync(http, $"flow-runs/{one}")) found.Add(one);
        }

        foreach (var one in told.Where(t => t.Key.StartsWith("accepted", StringComparison.Ordinal)))
        {
            if (await IsThereAsync(http, $"state/requests/{(string)JsonNode.Parse(one.Value)!["id"]!}")) found.Add(one.Key);
        }

        return found;
    }

    static async Task<bool> IsThereAsync(HttpClient http, string path)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri($"/api/v1/{path}", UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    static async Task AppendAsync(HttpClient http, int appender, ConcurrentDictionary<string, (string, long)> acknowledged, ConcurrentDictionary<int, CancellationTokenSource> deaths, CancellationToken over)
    {
        var (version, life) = (-1L, 0);
        var stream = $"s-{appender % Streams}";
        deaths[appender] = CancellationTokenSource.CreateLinkedTokenSource(over);
        for (var number = 0; !over.IsCancellationRequested;)
        {
            var id = $"{appender}-{life}-{number}";
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/streams/{stream}/events?expected={(version <= 0 ? "none" : version)}") { Content = new StringContent(id) };
                foreach (var (header, value) in new[] { ("ce-specversion", "1.0"), ("ce-id", id), ("ce-source", "/trial"), ("ce-type", "made") }) request.Headers.Add(header, value);
                using var answer = await http.SendAsync(request, deaths[appender].Token);
                var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(deaths[appender].Token));
                if (answer.StatusCode is HttpStatusCode.Created or HttpStatusCode.OK)
                {
                    acknowledged[id] = (stream, (long)body!["first"]!);
                    (version, number) = ((long)body["version"]!, number + 1);
                }
                else if (answer.StatusCode == HttpStatusCode.Conflict) version = (long)body!["actual"]!;
                else await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
            }
            catch (Exception cut) when (cut is HttpRequestException or IOException or System.Text.Json.JsonException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
            }
            catch (OperationCanceledException) when (!over.IsCancellationRequested)
            {
                // Another takes its place, and knows nothing of it.
                (version, life, number) = (-1, life + 1, 0);
                deaths[appender] = CancellationTokenSource.CreateLinkedTokenSource(over);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    // Its place is with the platform: every step it asks where it is, as one does that has just been started.
    static async Task ReadAsync(HttpClient http, string name, List<(long, string)> read, Func<int> acknowledged, CancellationTokenSource ended)
    {
        while (true)
        {
            try
            {
                using var asked = await http.PostAsync($"/api/v1/stream-readers/{name}", Json("""{ "fromStart": true }"""));
                asked.EnsureSuccessStatusCode();
                var place = JsonNode.Parse(await asked.Content.ReadAsStringAsync())!;
                var page = JsonNode.Parse(await http.GetStringAsync($"/api/v1/state/events?after={(long)place["position"]!}&limit=50"))!;
                foreach (var one in page["events"]!.AsArray()) read.Add(((long)one!["position"]!, (string)one["event"]!["id"]!));
                if (page["events"]!.AsArray().Count == 0 && ended.IsCancellationRequested) return;
                using var moved = await http.PostAsync($"/api/v1/stream-readers/{name}", Json($$"""{ "position": {{(long)page["next"]!}} }"""));
            }
            catch (HttpRequestException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    static async Task<Dictionary<(string Stream, long Version), string>> AllAsync(HttpClient http)
    {
        var all = new Dictionary<(string, long), string>();
        for (var after = 0L; ;)
        {
            var page = JsonNode.Parse(await http.GetStringAsync($"/api/v1/state/events?after={after}&limit=1000"))!;
            foreach (var one in page["events"]!.AsArray()) all.Add(((string)one!["stream"]!, (long)one["version"]!), (string)one["event"]!["id"]!);
            if (page["events"]!.AsArray().Count == 0) return all;
            after = (long)page["next"]!;
        }
    }

    static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    static HttpClient Client(Uri at) => new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = at, Timeout = TimeSpan.FromSeconds(20) };

    static string Full(Installation mainstay) => $$"""
        architecture: full
        services:
          till: { folder: {{Path.Combine(Repository.Root, "tests/EndToEnd/Services")}}, run: exec node till.js, env: { DATA_FILE: {{Path.Combine(mainstay.Folder, "till.txt")}}, SLOW_MS: "1" }, health: { path: /health, interval: 200ms, startup: 20s }, grace: 1s, drain: 0s }
        queues:
          q: {}
        flows:
          f: { steps: [{ name: wait, wait: { signal: go, timeout: 1d } }] }
        gateway:
          listen: http://127.0.0.1:{{mainstay.GatewayPort}}
          routes:
            later: { match: { path: /later }, to: till, timeout: 5s, async: { backoff: 50ms, within: 10m, parallel: 1 } }
        """;
}
