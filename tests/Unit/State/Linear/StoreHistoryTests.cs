using Mainstay.Core.Store;
using Mainstay.State.Etcd;
using Mainstay.State.Sqlite;
using Mainstay.Tests.State.Etcd;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Linear;

/// <summary>Histories of clients at once on real stores, judged as a whole.</summary>
[Collection(EtcdTests.Name)]
public sealed class StoreHistoryTests(EtcdFixture etcd)
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
