using System.Collections.Concurrent;
using System.Diagnostics;
using Mainstay.Core.Store;
using Mainstay.State.Etcd;
using Mainstay.State.Sqlite;
using Mainstay.Tests.Conformance;
using Mainstay.Tests.State.Etcd;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Linear;

/// <summary>
/// Three members of etcd, two servers of which one leads and acts, and processes with clients: in each round one of them is killed or paused while all
/// work. <c>ROUNDS</c> (default 20) bounds it, <c>SEED</c> (default 1) chooses whom; a round is about three seconds.
/// </summary>
public sealed class FaultRoundsTests(ITestOutputHelper output) : IDisposable
{
    const string Prefix = "rounds";

    readonly int rounds = Given("ROUNDS", 20);
    readonly Random random = new(Given("SEED", 1));
    readonly EtcdMember[] members = EtcdMember.Cluster(3);
    readonly ConcurrentDictionary<string, ConcurrentQueue<Step>> histories = new();
    readonly ConcurrentQueue<(long Epoch, long N, long Revision)> acts = new();
    readonly ConcurrentDictionary<HistoryChild, long> leads = new();
    readonly ConcurrentDictionary<HistoryChild, bool> standing = new();
    readonly ConcurrentDictionary<string, int> acknowledged = new();
    readonly ConcurrentDictionary<(HistoryChild, string), string> entered = new();
    readonly List<HistoryChild> clients = [];
    readonly List<HistoryChild> servers = [];
    readonly List<double> takeovers = [];
    readonly SortedDictionary<string, int> faults = [];
    long ids;
    long actedEpoch;

    public void Dispose()
    {
        foreach (var child in clients.Concat(servers))
            child.Dispose();
        foreach (var member in members)
            member.Dispose();
    }

    [Fact(Explicit = true)]
    public async Task Members_servers_and_clients_are_killed_and_paused()
    {
        foreach (var member in members)
            member.Start();
        await using var store = await EtcdStore.OpenAsync(new EtcdStoreOptions { Endpoints = [.. members.Select(m => m.Url)], Prefix = Prefix, Patience = TimeSpan.FromMinutes(2) });
        using var watched = new CancellationTokenSource();
        var watching = WatchAsync(store, watched.Token);
        for (var i = 0; i < 2; i++)
        {
            clients.Add(Client());
            servers.Add(Server());
        }

        await ReviveAsync();
        for (var round = 0; round < rounds; round++)
        {
            await RoundAsync($"{round}", store);
            if ((round + 1) % 10 == 0)
                Tell(round + 1);
        }

        foreach (var server in servers)
            await server.KillAsync();
        // Everything that was acknowledged is in the one order in which it happened.
        var last = (await store.GetAsync("acts/last"))!.ModRevision;
        await UntilAsync(() => seenActs.Keys.DefaultIfEmpty().Max() >= last);
        await watched.CancelAsync();
        await watching;
        foreach (var (epoch, n, revision) in acts)
            seenActs[revision].ShouldBe((epoch, n), "an act that was acknowledged is there, where it was said to be");
        Tell(rounds);
    }

    [Fact(Explicit = true)]
    public async Task The_server_of_one_file_is_killed()
    {
        using var folder = new TempFolder();
        var path = folder["store.db"];
        for (var round = 0; round < rounds; round++)
        {
            using var first = Child($"sqlite-clients {Interlocked.Increment(ref ids)} {path}");
            first.Enter($"{round}");
            await ProgressAsync($"{round}", 60);
            await first.KillAsync();
            LeaveOpen(first);
            using var second = Child($"sqlite-clients {Interlocked.Increment(ref ids)} {path}");
            second.Enter($"{round}");
            await ProgressAsync($"{round}", Acknowledged($"{round}") + 60);
            await second.KillAsync();
            LeaveOpen(second);
            await using var store = SqliteStore.Open(new SqliteStoreOptions { Path = path });
            await JudgeAsync($"{round}", store, "killed twice");
        }

        Tell(rounds);
    }

    readonly ConcurrentDictionary<long, (long Epoch, long N)> seenActs = new();

    // 1. All work. 2. One is struck; the others go on. 3. It comes back. 4. Everybody leaves the round, and it is judged.
    async Task RoundAsync(string round, EtcdStore store)
    {
        clients.ForEach(c => c.Enter(round));
        await ProgressAsync(round, 40);
        var kills = random.Next(2) == 0;
        var what = (random.Next(3), kills) switch
        {
            (0, true) => "member killed", (0, false) => "member paused",
            (1, true) => "leader killed", (1, false) => "leader paused",
            (_, true) => "client killed", _ => "client paused",
        };
        faults[what] = faults.GetValueOrDefault(what) + 1;
        var member = random.Next(3);
        var struck = what switch
        {
            "member killed" => await StrikeAsync(round, members[member].Kill, members[member].Start),
            "member paused" => await StrikeAsync(round, () => members[member].Signal("STOP"), () => members[member].Signal("CONT")),
            "leader killed" or "leader paused" => await StrikeLeaderAsync(round, kills),
            "client killed" => await ReplaceClientAsync(random.Next(2), round),
            _ => await StrikeAsync(round, () => clients[member % 2].Signal("STOP"), () => clients[member % 2].Signal("CONT")),
        };
        struck.ShouldBeTrue();
        await ProgressAsync(round, Acknowledged(round) + 30);
        clients.ForEach(c => c.Enter("rest"));
        await UntilAsync(() => clients.All(c => Enumerable.Range(0, 3).All(n => entered.GetValueOrDefault((c, $"{n}")) == "rest")));
        await JudgeAsync(round, store, what);
        await ReviveAsync();
    }

    async Task<bool> StrikeAsync(string round, Action strike, Action heal)
    {
        strike();
        await ProgressAsync(round, Acknowledged(round) + 40);
        heal();
        return true;
    }

    async Task<bool> StrikeLeaderAsync(string round, bool kills)
    {
        await ReviveAsync();
        var epoch = Interlocked.Read(ref actedEpoch);
        var leader = servers.First(s => leads.GetValueOrDefault(s) == epoch);
        leader.Signal(kills ? "KILL" : "STOP");
        var began = Stopwatch.GetTimestamp();
        await UntilAsync(() => Interlocked.Read(ref actedEpoch) > epoch);
        takeovers.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
        await ProgressAsync(round, Acknowledged(round) + 20);
        if (!kills)
            leader.Signal("CONT");
        // One that comes back learns that it is over, and ends.
        await UntilAsync(() => leader.HasExited);
        await leader.Hearing;
        servers.Remove(leader);
        leader.Dispose();
        servers.Add(Server());
        return true;
    }

    async Task<bool> ReplaceClientAsync(int which, string round)
    {
        await clients[which].KillAsync();
        LeaveOpen(clients[which]);
        clients[which].Dispose();
        clients[which] = Client();
        clients[which].Enter(round);
        return true;
    }

    // One server leads and the other one stands by, or there would be nobody to take over. One whose lead was lost without our doing, as after a member's
    // pause, ends like any other and is started again.
    async Task ReviveAsync()
    {
        foreach (var gone in servers.Where(s => s.HasExited).ToList())
        {
            await gone.Hearing;
            servers.Remove(gone);
            gone.Dispose();
            servers.Add(Server());
        }

        await UntilAsync(() => servers.Any(s => s.HasExited)
            || (servers.Any(s => leads.GetValueOrDefault(s) is > 0 and var epoch && epoch == Interlocked.Read(ref actedEpoch)) && servers.All(s => standing.ContainsKey(s))));
        if (servers.Any(s => s.HasExited))
            await ReviveAsync();
    }

    HistoryChild Client() => Child($"etcd-clients {Interlocked.Increment(ref ids)} {Prefix} {Addresses}");

    HistoryChild Server() => Child($"leader s{Interlocked.Increment(ref ids)} {Prefix} {Addresses}");

    string Addresses => string.Join(' ', members.OrderBy(_ => random.Next()).Select(m => m.Url));

    HistoryChild Child(string does) => new(does, Hear);

    void Hear(HistoryChild child, string[] words)
    {
        switch (words)
        {
            case ["round", var client, var round]:
                entered[(child, client)] = round;
                break;
            case ["round", var client]:
                entered[(child, client)] = "";
                break;
            case ["read", var key, var value, var begun, var ended]:
                Of(key).Enqueue(new Step(key, Did.Read, 0, long.Parse(value), long.Parse(begun), long.Parse(ended)));
                break;
            case ["swap", var id, var key, var from, var to, var begun]:
                child.Open[id] = new Step(key, Did.Swap, long.Parse(from), long.Parse(to), long.Parse(begun), null);
                break;
            case ["done", var id, var yes, var ended] when child.Open.Remove(id, out var step):
                Of(step.Key).Enqueue(step with { Did = yes == "yes" ? Did.Swap : Did.Refused, Ended = long.Parse(ended) });
                if (yes == "yes")
                    acknowledged.AddOrUpdate(RoundOf(step.Key), 1, static (_, count) => count + 1);
                break;
            case ["open", var id] when child.Open.Remove(id, out var step):
                Of(step.Key).Enqueue(step);
                break;
            case ["stands", "by"]:
                standing[child] = true;
                break;
            case ["leads", var epoch]:
                leads[child] = long.Parse(epoch);
                break;
            case ["act", var epoch, var n, var revision]:
                acts.Enqueue((long.Parse(epoch), long.Parse(n), long.Parse(revision)));
                Interlocked.Exchange(ref actedEpoch, Math.Max(Interlocked.Read(ref actedEpoch), long.Parse(epoch)));
                break;
        }
    }

    // What a killed client had begun may have happened at any time since.
    void LeaveOpen(HistoryChild child)
    {
        foreach (var step in child.Open.Values)
            Of(step.Key).Enqueue(step);
    }

    async Task WatchAsync(EtcdStore store, CancellationToken stop)
    {
        var last = 0L;
        try
        {
            await foreach (var batch in store.WatchAsync("acts/", 1, stop))
            {
                batch.Compacted.ShouldBeFalse();
                var words = batch.Changes[0].Current!.Text().Split('/');
                var (epoch, n) = (long.Parse(words[0]), long.Parse(words[1]));
                epoch.ShouldBeGreaterThanOrEqualTo(last, "an old leader acted after the new one");
                last = epoch;
                seenActs[batch.Revision] = (epoch, n);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Everything was seen.
        }
    }

    async Task JudgeAsync(string round, IStore store, string what)
    {
        for (var key = 0; key < 4; key++)
        {
            var begun = Stopwatch.GetTimestamp();
            var entry = await store.GetAsync($"{round}/{key}");
            Of($"{round}/").Enqueue(new Step($"{round}/{key}", Did.Read, 0, entry is null ? 0 : long.Parse(entry.Text()), begun, Stopwatch.GetTimestamp()));
        }

        if (Linearizability.FirstWrong(histories[round]) is { } wrong)
            Assert.Fail($"not linearizable: {wrong}, {what}\n{Linearizability.Show(histories[round].Where(s => s.Key == wrong))}");
    }

    Task ProgressAsync(string round, int count) => UntilAsync(() => Acknowledged(round) >= count);

    int Acknowledged(string round) => acknowledged.GetValueOrDefault(round);

    ConcurrentQueue<Step> Of(string key) => histories.GetOrAdd(RoundOf(key), _ => new());

    static string RoundOf(string key) => key[..key.IndexOf('/', StringComparison.Ordinal)];

    // The processes are to have the machine, not who waits for them.
    static Task UntilAsync(Func<bool> holds, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(holds))] string what = "") => Until.HoldsAsync(
        async () =>
        {
            if (!holds())
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
            return holds();
        },
        what: what);

    void Tell(int done)
    {
        var all = histories.Values.SelectMany(h => h).ToList();
        var took = takeovers.Count == 0 ? "" : $"; {takeovers.Count} times another led, after {takeovers.Order().ElementAt(takeovers.Count / 2):0.0} s (median), {takeovers.Max():0.0} s at most; {acts.Count} acts, the last with epoch {actedEpoch}";
        output.WriteLine($"{done} rounds ({string.Join(", ", faults.Select(f => $"{f.Value} {f.Key}"))}): {all.Count(s => s is { Did: Did.Swap, Ended: not null })} acknowledged writes, {all.Count(s => s.Ended is null)} without an answer, all linearizable{took}");
    }

    static int Given(string name, int absent) => int.TryParse(Environment.GetEnvironmentVariable(name), out var given) ? given : absent;
}
