using System.Diagnostics;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>An architecture whose store is in etcd: up, changed, its server killed, backed up and restored.</summary>
public sealed class StoreTests(ITestOutputHelper output) : IAsyncLifetime
{
    readonly int port = Ports.Free(1)[0];
    readonly string folder = Directory.CreateTempSubdirectory("mainstay-e2e-etcd-").FullName;
    Process etcd = null!;

    string Url => $"http://127.0.0.1:{port}";

    string Peer { get; } = $"http://127.0.0.1:{Ports.Free(1)[0]}";

    public ValueTask InitializeAsync()
    {
        etcd = Process.Start(new ProcessStartInfo("/usr/bin/etcd",
        [
            "--data-dir", folder, "--listen-client-urls", Url, "--advertise-client-urls", Url, "--listen-peer-urls", Peer, "--initial-advertise-peer-urls", Peer,
            "--initial-cluster", $"default={Peer}", "--logger", "zap", "--log-outputs", Path.Combine(folder, "log"),
        ]))!;
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        etcd.Kill();
        await etcd.WaitForExitAsync();
        etcd.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task On_etcd_a_killed_server_loses_nothing_and_a_backup_brings_everything_back()
    {
        await using var mainstay = new Installation { Store = $"etcd://127.0.0.1:{port}/shop" };
        string Manifest(int instances) => mainstay.Echoes().With("front", new EchoService { Instances = instances }).Text("front");
        await mainstay.UpAsync(Manifest(1));
        var before = await mainstay.ConvergedAsync();
        var version = await mainstay.ApplyAsync(Manifest(2));
        var server = mainstay.KillRole("server");
        await mainstay.RoleReplacedAsync("server", server);
        var after = await mainstay.UntilAsync(s => s.Converged && s["front"].Instances.Count == 2);
        after["front"].Instances.Select(i => i.Pid).ShouldContain(before["front"].Instances[0].Pid, "the instance that ran is adopted");
        File.Exists(Path.Combine(mainstay.Data, "store", "mainstay.db")).ShouldBeFalse("nothing lies in the data folder");

        var backup = Path.Combine(mainstay.Folder, "backup");
        var outcome = await mainstay.RunAsync("store", "backup", backup);
        outcome.Code.ShouldBe(0, $"{outcome}");
        await mainstay.DownAsync();
        (await mainstay.RunAsync("store", "restore", backup)).Code.ShouldBe(0);
        (await mainstay.RunAsync("store", "restore", backup)).Code.ShouldBe(1, "what is there is not written over");

        await using var restored = new Installation(mainstay.Data);
        await restored.UpAsync(restored.Echoes().With("front", new EchoService { Instances = 2 }).Text("front"));
        (await restored.ConvergedAsync())["front"].Instances.Count.ShouldBe(2);
        (await restored.RunAsync("history")).Out.ShouldContain($"{version}");
        await restored.DownAsync();
    }

    /// <summary>
    /// The leader of two servers is killed or paused; the other one leads, with what was acknowledged, and a paused one that comes back ends. <c>ROUNDS</c>
    /// (default 10) bounds it.
    /// </summary>
    [Fact(Explicit = true)]
    public async Task Of_two_servers_the_other_leads_when_one_is_killed_or_paused()
    {
        var rounds = int.TryParse(Environment.GetEnvironmentVariable("ROUNDS"), out var given) ? given : 10;
        await using var a = new Installation();
        await using var b = new Installation();
        using var http = new HttpClient();
        using var glance = new HttpClient { Timeout = TimeSpan.FromMilliseconds(500) };
        var (leads, stands) = ((Place: a, Process: Serve(a)), (Place: b, Process: (Process?)null));
        await AnswersAsync(glance, leads.Place);
        stands.Process = Serve(stands.Place);
        var took = new List<double>();
        for (var round = 1; round <= rounds; round++)
        {
            // Written at the one that stands by, which passes it on.
            await AnswersAsync(glance, stands.Place);
            var kills = round % 2 == 1;
            using (var made = await http.PostAsync(new Uri(stands.Place.Api, "api/v1/ids/leases"), Json($$"""{"holder":"round{{round}}"}""")))
                made.EnsureSuccessStatusCode();
            Proc.Signal(leads.Process.Id, kills ? Proc.SigKill : Proc.SigStop);
            var began = Stopwatch.GetTimestamp();
            await AnswersAsync(glance, stands.Place);
            took.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
            var workers = await http.GetStringAsync(new Uri(stands.Place.Api, "api/v1/id-workers?limit=500"));
            for (var before = 1; before <= round; before++)
                workers.ShouldContain($"\"round{before}\"", Case.Sensitive, $"round {round}");
            if (!kills)
                Proc.Signal(leads.Process.Id, Proc.SigCont);
            await leads.Process.WaitForExitAsync(TestContext.Current.CancellationToken);
            (leads, stands) = ((stands.Place, stands.Process!), (leads.Place, Serve(leads.Place)));
        }

        output.WriteLine($"{rounds} rounds: the other one led after {took.Order().ElementAt(took.Count / 2):0.0} s (median), {took.Max():0.0} s at most");
    }

    static StringContent Json(string text) => new(text, System.Text.Encoding.UTF8, "application/json");

    Process Serve(Installation place) => place.Start(
        "server", "--store", $"etcd://127.0.0.1:{port}/two", "--listen", place.Api.OriginalString.TrimEnd('/'), "--otlp-grpc", "off", "--otlp-http", "off", "--zipkin", "off");

    static Task AnswersAsync(HttpClient http, Installation place) => Eventually.IsAsync(
        async () =>
        {
            try
            {
                return (await http.GetAsync(new Uri(place.Api, "api/v1/id-workers?limit=1"))).IsSuccessStatusCode;
            }
            catch (Exception notYet) when (notYet is HttpRequestException or OperationCanceledException)
            {
                return false;
            }
        },
        TimeSpan.FromSeconds(30),
        () => place.Logs());
}
