using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>Watchers of configuration while the server that they ask is killed and started again: each sees every version, in order.</summary>
public sealed class ConfigRestartTests(ITestOutputHelper output)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Fact]
    public Task No_watcher_misses_a_version_across_restarts() => RunAsync(restarts: 3, watchers: 50);

    /// <summary><c>MAINSTAY_RESTARTS</c> (default 100) of the server, with <c>MAINSTAY_WATCHERS</c> (default 1,000).</summary>
    [Fact(Explicit = true)]
    public Task No_watcher_of_a_thousand_misses_a_version_across_a_hundred_restarts() => RunAsync(Given("MAINSTAY_RESTARTS", 100), Given("MAINSTAY_WATCHERS", 1000));

    static int Given(string variable, int usual) => int.TryParse(System.Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : usual;

    // A round: a publish while all wait, then one in which the server is killed, and started again.
    async Task RunAsync(int restarts, int watchers)
    {
        await using var place = new Installation();
        var server = Start(place);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(2) }) { BaseAddress = place.Api, Timeout = Patience };
        await PublishedAsync(http, "0");
        using var stop = new CancellationTokenSource();
        Watcher[] all = [.. Enumerable.Range(0, watchers).Select(_ => new Watcher(http))];
        var watching = all.Select(w => w.RunAsync(stop.Token)).ToArray();
        await SeenAsync(all, 1);
        List<double> calm = [], struck = [];
        for (var round = 1; round <= restarts; round++)
        {
            await MeasuredAsync($"{round}", calm);
            var publishing = PublishedAsync(http, $"{round} and killed");
            await Eventually.PassAsync(TimeSpan.FromMilliseconds(1 + (round * 7 % 40)));
            Proc.Signal(server.Id, Proc.SigKill);
            await server.WaitForExitAsync();
            server = Start(place);
            await publishing;
            await MeasuredAsync($"{round} and back", struck);
        }

        // All of them, each once, in their order.
        var last = (await VersionsAsync(http, 0)).Select(v => v.Number).ToArray();
        await SeenAsync(all, last[^1]);
        await stop.CancelAsync();
        await Task.WhenAll(watching);
        foreach (var watcher in all)
            watcher.Seen.Select(s => s.Number).ShouldBe(last);
        output.WriteLine($"{watchers} watchers, {restarts} restarts, {last.Length} versions: none was missed; seen after the publish was answered: {Say(calm)}; of the first after a restart: {Say(struck)}");

        async Task MeasuredAsync(string value, List<double> into)
        {
            var (number, at) = await PublishedAsync(http, value);
            await SeenAsync(all, number);
            into.AddRange(all.Select(w => Stopwatch.GetElapsedTime(at, w.Seen.First(s => s.Number == number).At).TotalMilliseconds));
        }
    }

    static Process Start(Installation place)
    {
        var server = place.Start("server", "--listen", place.Api.OriginalString.TrimEnd('/'), "--otlp-grpc", "off", "--otlp-http", "off", "--zipkin", "off");
        // What nobody reads must not fill the pipe.
        server.ErrorDataReceived += static (_, _) => { };
        server.OutputDataReceived += static (_, _) => { };
        server.BeginErrorReadLine();
        server.BeginOutputReadLine();
        return server;
    }

    static string Say(List<double> times)
    {
        double[] sorted = [.. times.Order()];
        return string.Create(CultureInfo.InvariantCulture, $"{sorted[sorted.Length / 2]:0} ms in the median, {sorted[sorted.Length * 99 / 100]:0} ms p99, {sorted[^1]:0} ms at most");
    }

    static Task SeenAsync(Watcher[] all, int number) => Eventually.IsAsync(() => all.All(w => w.Last >= number), Patience, () => $"{all.Count(w => w.Last < number)} have not seen {number}: {string.Join("; ", all.Where(w => w.Last < number).Take(5).Select(w => $"at {w.Last}, {w.Doing}"))}");

    // Whatever becomes of an asking: it is asked again until it is there.
    static async Task<(int Number, long At)> PublishedAsync(HttpClient http, string value)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                if (await VersionsAsync(http, 0) is [.., var last] && last.Value == value)
                    return (last.Number, Stopwatch.GetTimestamp());
                using var edited = await http.PostAsJsonAsync("/api/v1/config/web/edit", new { set = new { value } });
                using var published = await http.PostAsJsonAsync("/api/v1/config/web/publish", new { });
                if (published.IsSuccessStatusCode)
                    return ((int)JsonNode.Parse(await published.Content.ReadAsStringAsync())!["number"]!, Stopwatch.GetTimestamp());
            }
            catch (Exception away) when (away is HttpRequestException or System.Net.Sockets.SocketException or IOException or OperationCanceledException && Stopwatch.GetElapsedTime(began) < Patience)
            {
                await Eventually.PassAsync(TimeSpan.FromMilliseconds(50));
            }
        }
    }

    static async Task<IReadOnlyList<(int Number, string Value)>> VersionsAsync(HttpClient http, int after, string wait = "0s", CancellationToken stop = default)
    {
        using var answer = await http.GetAsync(new Uri($"/api/v1/config/web/versions?after={after}&wait={wait}", UriKind.Relative), stop);
        if (answer.StatusCode == System.Net.HttpStatusCode.NotFound)
            return [];
        answer.EnsureSuccessStatusCode();
        var items = JsonNode.Parse(await answer.Content.ReadAsStringAsync(stop))!["items"]!.AsArray();
        return [.. items.Select(i => ((int)i!["number"]!, (string)i["content"]!["values"]!["*"]!["value"]!))];
    }

    /// <summary>Asks for every version after the last one that it has seen.</summary>
    sealed class Watcher(HttpClient http)
    {
        public List<(int Number, long At)> Seen { get; } = [];

        public int Last => Volatile.Read(ref last);

        /// <summary>What it is at, and since when, for people.</summary>
        public string Doing => $"{doing.What} for {Stopwatch.GetElapsedTime(doing.Since).TotalSeconds:0} s, running: {running?.Status} {running?.Exception?.Message}";

        int last;
        (string What, long Since) doing;
        Task? running;

        public Task RunAsync(CancellationToken stop) => running = WatchAsync(stop);

        async Task WatchAsync(CancellationToken stop)
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    doing = ($"asking after {last}", Stopwatch.GetTimestamp());
                    foreach (var version in await VersionsAsync(http, last, "30s", stop))
                    {
                        Seen.Add((version.Number, Stopwatch.GetTimestamp()));
                        Volatile.Write(ref last, version.Number);
                    }
                }
                catch (OperationCanceledException) when (stop.IsCancellationRequested)
                {
                }
                catch (Exception away) when (away is HttpRequestException or System.Net.Sockets.SocketException or IOException or OperationCanceledException)
                {
                    // A connection that takes too long is given up by a cancellation, too.
                    doing = ($"waiting after {away.GetType().Name}: {away.Message}", Stopwatch.GetTimestamp());
                    await Eventually.PassAsync(TimeSpan.FromMilliseconds(100));
                }
            }
        }
    }
}
