using System.Diagnostics;
using Mainstay.Core.Store;
using Mainstay.State.Etcd;
using Mainstay.State.Sqlite;
using Mainstay.Tests.State.Etcd;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Linear;

/// <summary>Histories of clients at once on real stores, judged as a whole.</summary>
[Collection(EtcdTests.Name)]
public sealed class StoreHistoryTests(EtcdFixture etcd, ITestOutputHelper output)
{
    [Fact]
    public async Task Clients_of_several_stores_on_one_etcd()
    {
        var options = etcd.Options();
        await using var a = await EtcdStore.OpenAsync(options);
        await using var b = await EtcdStore.OpenAsync(options);
        await JudgeAsync([a, b]);
    }

    [Fact]
    public async Task Clients_of_one_file()
    {
        using var folder = new TempFolder();
        await using var store = SqliteStore.Open(new SqliteStoreOptions { Path = folder["store.db"] });
        await JudgeAsync([store]);
    }

    /// <summary>
    /// Members of a cluster of three are killed and paused under load; <c>ROUNDS</c> (default 20) bounds it. A round is about two seconds.
    /// </summary>
    [Fact(Explicit = true)]
    public async Task Members_are_killed_and_paused()
    {
        var rounds = int.TryParse(Environment.GetEnvironmentVariable("ROUNDS"), out var given) ? given : 20;
        var members = EtcdMember.Cluster(3);
        var random = new Random(rounds);
        try
        {
            foreach (var member in members)
                member.Start();
            var options = new EtcdStoreOptions { Endpoints = [.. members.Select(m => m.Url)], Prefix = "faults", Patience = TimeSpan.FromSeconds(60) };
            await using var a = await EtcdStore.OpenAsync(options);
            await using var b = await EtcdStore.OpenAsync(options with { Patience = TimeSpan.FromSeconds(3), Endpoints = [.. options.Endpoints.Reverse()] });
            var (acknowledged, unknown, longest) = (0, 0, TimeSpan.Zero);
            for (var round = 0; round < rounds; round++)
            {
                var clients = new Clients(round);
                using var end = new CancellationTokenSource();
                var running = clients.RunAsync([a, b], 3, $"{round}", end.Token);
                await ProgressAsync(clients, 50);
                var victim = members[random.Next(3)];
                var kills = random.Next(2) == 0;
                if (kills)
                    victim.Kill();
                else
                    victim.Signal("STOP");
                var began = Stopwatch.GetTimestamp();
                await ProgressAsync(clients, clients.Acknowledged + 50);
                longest = TimeSpan.FromTicks(Math.Max(longest.Ticks, Stopwatch.GetElapsedTime(began).Ticks));
                if (kills)
                    victim.Start();
                else
                    victim.Signal("CONT");
                await ProgressAsync(clients, clients.Acknowledged + 50);
                await end.CancelAsync();
                await running;
                await clients.FinishAsync(a, $"{round}");
                Linearizability.FirstWrong(clients.History).ShouldBeNull($"round {round}, {(kills ? "killed" : "paused")}");
                (acknowledged, unknown) = (acknowledged + clients.Acknowledged, unknown + clients.Unknown);
            }

            output.WriteLine($"{rounds} rounds: {acknowledged} acknowledged writes, {unknown} without an answer, all linearizable; 50 writes after a fault took at most {longest.TotalSeconds:0.0} s");
        }
        finally
        {
            foreach (var member in members)
                member.Dispose();
        }
    }

    static Task ProgressAsync(Clients clients, int acknowledged) => Until.HoldsAsync(() => clients.Acknowledged >= acknowledged);

    static async Task JudgeAsync(IReadOnlyList<IStore> stores)
    {
        var clients = new Clients(7);
        using var end = new CancellationTokenSource();
        var running = clients.RunAsync(stores, 4, "r", end.Token);
        await ProgressAsync(clients, 300);
        await end.CancelAsync();
        await running;
        await clients.FinishAsync(stores[0], "r");
        Linearizability.FirstWrong(clients.History).ShouldBeNull();
    }
}
