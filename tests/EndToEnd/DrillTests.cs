using System.Globalization;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>
/// Faults by real means in the shop with its database, cache and queue: the right cause is told first. Each begins when nothing is wrong any more.
/// <c>MAINSTAY_DRILL_ROUNDS</c> repeats each of them.
/// </summary>
public sealed class DrillTests(DrillFixture fixture, ITestOutputHelper output) : IClassFixture<DrillFixture>
{
    static readonly int Rounds = Setting("MAINSTAY_DRILL_ROUNDS", 1);

    [Fact]
    public Task A_row_that_somebody_holds() => FoundAsync("shop", "rowLock", "database/orders-db", async drill => await drill.InDatabaseAsync("begin; update takings set orders = orders; select pg_sleep(100)"));

    [Fact]
    public Task A_cache_that_stands_still() => FoundAsync("shop", "cacheDown", "cache/cache", async drill => Until(await drill.StoppedAsync("cache")));

    [Fact]
    public Task A_database_that_stands_still() => FoundAsync("shop", "databaseDown", "database/orders-db", async drill => Until(await drill.StoppedAsync("orders-db")));

    [Fact]
    public Task Runtimes_that_stand_still_for_collections() => FoundAsync("shop", "gc", "service/orders", async drill =>
    {
        var orders = await drill.InstancesAsync("orders");
        await Task.WhenAll(orders.Select(i => drill.AskAsync(HttpMethod.Post, i, "/faults/gc?seconds=120")));
        return new End(() => Task.WhenAll(orders.Select(i => drill.AskAsync(HttpMethod.Delete, i, "/faults"))));
    });

    [Fact]
    public Task A_consumer_that_cannot_keep_up() => FoundAsync("queue/rabbitmq/order-events", "backlog", "queue/rabbitmq/order-events", async drill =>
    {
        var ledger = (await drill.InstancesAsync("ledger"))[0];
        await drill.AskAsync(HttpMethod.Put, ledger, "/faults/slow?ms=4000");
        return new End(() => drill.AskAsync(HttpMethod.Put, ledger, "/faults/slow?ms=0"));
    });

    async Task FoundAsync(string of, string kind, string target, Func<Drill, Task<IAsyncDisposable>> fault)
    {
        Assert.SkipWhen(Drill.Missing() is not null, Drill.Missing() ?? "");
        var drill = await fixture.StartedAsync();
        for (var round = 0; round < Rounds; round++)
        {
            await drill.CalmAsync(of);
            await using (await fault(drill))
            {
                var took = await drill.FindsAsync(of, kind, target);
                output.WriteLine($"{kind} {target} was first after {took.TotalSeconds:0.0} s");
            }
        }
    }

    static IAsyncDisposable Until(IDisposable fault) => new End(() =>
    {
        fault.Dispose();
        return Task.CompletedTask;
    });

    static int Setting(string name, int usual) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : usual;

    sealed class End(Func<Task> undo) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await undo();
    }
}
