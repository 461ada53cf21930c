using System.Diagnostics;
using System.Globalization;
using Mainstay.Core.Store;
using Mainstay.State.Etcd;
using Mainstay.State.Sqlite;

namespace Mainstay.Bench.Store;

/// <summary>
/// Durable commits of 256-byte values: <c>store --path DIR [--etcd URL] [--writers 64] [--seconds 4] [--rounds 3] [--backlog N]</c>. With an
/// etcd, rounds alternate between our embedded store, raw puts to etcd and our store on etcd, and the ratios of the medians follow. Before etcd's turn our store folds what it put off, so that
/// neither works in the other's time. <c>--backlog</c> is how many revisions it may put off; 0 shows what a load without a pause gets.
/// </summary>
static class StoreLoad
{
    /// <summary>Keys of one writer; both stores overwrite the same ones.</summary>
    const int KeysPerWriter = 1_000;

    /// <summary>Puts to etcd without a store of ours between.</summary>
    const string Raw = "etcd";

    public static async Task<int> RunAsync(string[] args)
    {
        string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var i && i + 1 < args.Length ? args[i + 1] : null;
        int Number(string name, int otherwise) => Option(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
        if (Option("--path") is not { } path)
        {
            Console.Error.WriteLine("store: --path DIR is missing\nname a folder on the disk to be measured");
            return 2;
        }

        var (writers, seconds, rounds) = (Number("--writers", 64), Number("--seconds", 4), Number("--rounds", 3));
        var options = new SqliteStoreOptions { Path = Path.Combine(path, "store.db") };
        options = options with { BacklogRevisions = Number("--backlog", options.BacklogRevisions) };
        var opening = Stopwatch.GetTimestamp();
        await using var store = SqliteStore.Open(options);
        Console.WriteLine(Invariant($"opened at revision {store.Revision} in {Stopwatch.GetElapsedTime(opening).TotalMilliseconds:F0} ms"));
        using var etcd = Option("--etcd") is { } url ? new EtcdClient(new Uri(url), connections: 8) : null;
        var value = new byte[256];
        new Random(1).NextBytes(value);
        var peers = new List<Peer>
        {
            new("mainstay", (_, key) => CommitAsync(store, key, value), () => store.CompactAsync(store.Revision - options.KeepRevisions).AsTask()),
        };
        if (etcd is not null)
            peers.Add(new(Raw, (writer, key) => etcd.PutAsync(writer, key, value), () => Task.CompletedTask));
        await using var shared = Option("--etcd") is { } at ? await EtcdStore.OpenAsync(new EtcdStoreOptions { Endpoints = [new Uri(at)], Prefix = "bench" }) : null;
        if (shared is not null)
            peers.Add(new("on etcd", (_, key) => CommitAsync(shared, key, value), () => Task.CompletedTask));
        await CompareAsync(peers, writers, TimeSpan.FromSeconds(seconds), rounds);
        return 0;
    }

    static async Task CommitAsync(IStore store, string key, byte[] value)
    {
        var result = await store.CommitAsync(new Commit([], [new Operation(key, value)]));
        if (!result.Succeeded)
            throw new InvalidOperationException(result.Failed);
    }

    static async Task CompareAsync(List<Peer> peers, int writers, TimeSpan span, int rounds)
    {
        // Compiles both paths and fills both key spaces.
        foreach (var (_, put, settle) in peers)
        {
            await RoundAsync(put, writers, TimeSpan.FromSeconds(2));
            await settle();
        }

        var many = peers.ToDictionary(p => p.Name, _ => new List<double>());
        var one = peers.ToDictionary(p => p.Name, _ => new List<double>());
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var (name, put, settle) in peers)
            {
                var loaded = await RoundAsync(put, writers, span);
                var alone = await RoundAsync(put, 1, span / 2);
                await settle();
                many[name].Add(loaded.PerSecond);
                one[name].Add(alone.P50Ms);
                Console.WriteLine(Invariant(
                    $"round {round} {name,-9} {writers} writers: {loaded.PerSecond,8:F0}/s p50 {loaded.P50Ms:F2} ms p99 {loaded.P99Ms:F2} ms (own CPU {loaded.Cores:F2} cores)   1 writer: p50 {alone.P50Ms:F3} ms p99 {alone.P99Ms:F2} ms"));
            }
        }

        foreach (var (name, _, _) in peers)
            Console.WriteLine(Invariant($"median  {name,-9} {writers} writers: {Median(many[name]),8:F0}/s   1 writer: p50 {Median(one[name]):F3} ms"));
        foreach (var ours in peers.Where(p => p.Name != Raw && peers.Count > 1).Select(p => p.Name))
        {
            Console.WriteLine(Invariant(
                $"ratio   {ours} / {Raw}: commits per second {Median(many[ours]) / Median(many[Raw]):F2}, one writer's p50 {Median(one[ours]) / Median(one[Raw]):F2}"));
        }
    }

    static async Task<Round> RoundAsync(Func<int, string, Task> put, int writers, TimeSpan span)
    {
        var cpu = Environment.CpuUsage.TotalTime;
        var start = Stopwatch.GetTimestamp();
        var latencies = await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            var ticks = new List<long>(1 << 14);
            for (var i = 0; Stopwatch.GetElapsedTime(start) < span; i++)
            {
                var before = Stopwatch.GetTimestamp();
                await put(writer, $"bench/{writer:000}/{i % KeysPerWriter:0000}");
                ticks.Add(Stopwatch.GetTimestamp() - before);
            }

            return ticks;
        })));
        var elapsed = Stopwatch.GetElapsedTime(start);
        var sorted = latencies.SelectMany(l => l).Order().ToArray();
        return new Round(
            sorted.Length / elapsed.TotalSeconds, Ms(sorted[sorted.Length / 2]), Ms(sorted[(int)(sorted.Length * 0.99)]),
            (Environment.CpuUsage.TotalTime - cpu) / elapsed);
    }

    static double Ms(long ticks) => ticks * 1000.0 / Stopwatch.Frequency;

    static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    sealed record Peer(string Name, Func<int, string, Task> Put, Func<Task> Settle);

    readonly record struct Round(double PerSecond, double P50Ms, double P99Ms, double Cores);
}
