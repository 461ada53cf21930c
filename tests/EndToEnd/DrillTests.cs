using System.Globalization;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>
/// Faults by real means in the shop with its database, cache and queue: the right cause is told first, and the right thing to do about it. Each begins when nothing is wrong any more.
/// <c>MAINSTAY_DRILL_ROUNDS</c> repeats each of them: then the right cause has to be first within 30 s in nine of ten rounds. Those that take long run with <c>-explicit on</c>, and with them a time in which nothing may be found:
/// <c>MAINSTAY_DRILL_QUIET</c> seconds.
/// </summary>
public sealed class DrillTests(DrillFixture fixture, ITestOutputHelper output) : IClassFixture<DrillFixture>
{
    static readonly int Rounds = Setting("MAINSTAY_DRILL_ROUNDS", 1);

    /// <summary>What is found later is not found in time, where rounds are counted.</summary>
    static readonly TimeSpan InTime = TimeSpan.FromSeconds(30);

    [Fact]
    public Task A_row_that_somebody_holds() => FoundAsync("shop", "rowLock", "database/orders-db", async drill => await drill.InDatabaseAsync("begin; update takings set orders = orders; select pg_sleep(100)"), "limit the requests to ");

    [Fact]
    public Task A_cache_that_stands_still() => FoundAsync("shop", "cacheDown", "cache/cache", async drill => Until(await drill.StoppedAsync("cache")), "restart cache: ");

    [Fact]
    public Task A_database_that_stands_still() => FoundAsync("shop", "databaseDown", "database/orders-db", async drill => Until(await drill.StoppedAsync("orders-db")), "restart orders-db: ");

    [Fact]
    public Task Runtimes_that_stand_still_for_collections() => FoundAsync("shop", "gc", "service/orders", async drill =>
    {
        var orders = await drill.InstancesAsync("orders");
        await Task.WhenAll(orders.Select(i => drill.AskAsync(HttpMethod.Post, i, "/faults/gc?seconds=120")));
        return new End(() => Task.WhenAll(orders.Select(i => drill.AskAsync(HttpMethod.Delete, i, "/faults"))));
    }, "restart orders: ");

    [Fact]
    public Task A_consumer_that_cannot_keep_up() => FoundAsync("queue/rabbitmq/order-events", "backlog", "queue/rabbitmq/order-events", async drill =>
    {
        var ledger = (await drill.InstancesAsync("ledger"))[0];
        await drill.AskAsync(HttpMethod.Put, ledger, "/faults/slow?ms=4000");
        return new End(() => drill.AskAsync(HttpMethod.Put, ledger, "/faults/slow?ms=0"));
    }, "run more of what takes from it");

    [Fact(Explicit = true)]
    public Task A_statement_that_takes_longer() => FoundAsync("shop", "slowStatement", "statement/insert into orders*", async drill =>
    {
        await drill.SqlAsync("""
            create or replace function linger() returns trigger language plpgsql as $$ begin perform pg_sleep(0.25); return new; end $$;
            create trigger linger before insert on orders for each row execute function linger()
            """);
        return new End(() => drill.SqlAsync("drop trigger linger on orders"));
    }, "limit the requests to ");

    [Fact(Explicit = true)]
    public Task One_instance_that_is_slow() => FoundAsync("orders", "instance", "instance/orders-*", async drill =>
    {
        // Whether it may act is no change that could be the cause.
        await drill.ApplyAsync("services: { orders: { interventions: { mode: act, perHour: 60 } } }");
        var one = (await drill.InstancesAsync("orders"))[0];
        await drill.AskAsync(HttpMethod.Post, one, "/faults/slow?seconds=120");
        return new End(() => drill.ApplyAsync());
    }, async drill =>
    {
        // Nobody ends this fault but Mainstay, by another instance in the place of the slow one.
        var replaced = await drill.ActedAsync("replace");
        (await drill.InstancesAsync("orders")).ShouldNotContain(i => i.Id == replaced);
    });

    [Fact(Explicit = true)]
    public Task Processors_that_somebody_burns() => FoundAsync("orders", "cpu", "host/*", async drill =>
    {
        var one = (await drill.InstancesAsync("orders"))[0];
        await drill.AskAsync(HttpMethod.Post, one, "/faults/cpu?seconds=120");
        return new End(() => drill.AskAsync(HttpMethod.Delete, one, "/faults"));
    }, "replace orders-");

    [Fact(Explicit = true)]
    public Task A_version_that_is_bad() => FoundAsync("shop", "change", "service/reviews", async drill =>
    {
        await drill.ApplyAsync("services: { reviews: { version: 1.2.0, interventions: { mode: act, perHour: 60 }, env: { SLOW_MS: \"200\" } } }");
        return new End(() => Task.CompletedTask);
    }, async drill =>
    {
        // Nobody undoes the change but Mainstay.
        await drill.ActedAsync("rollback");
        (await drill.InstancesAsync("reviews")).ShouldAllBe(i => i.Version == "1.1.0");
    });

    [Fact(Explicit = true)]
    public async Task Quiet_is_not_told_of()
    {
        var seconds = Setting("MAINSTAY_DRILL_QUIET", 1800);
        Assert.SkipWhen(Drill.Missing() is not null, Drill.Missing() ?? "");
        var drill = await fixture.StartedAsync();
        await drill.CalmAsync("shop");
        var before = await drill.IncidentsAsync();
        await drill.LoadedAsync(TimeSpan.FromSeconds(seconds));
        (await drill.IncidentsAsync()).Except(before).ShouldBeEmpty();
    }

    // Once, beside other tests, it may be felt as a part of what goes on already; then there is nothing of its own to do about it.
    Task FoundAsync(string of, string kind, string target, Func<Drill, Task<IAsyncDisposable>> fault, string advice) => FoundAsync(of, kind, target, fault, async drill =>
    {
        var told = await drill.AdvisedAsync(kind, target, advice);
        output.WriteLine($"to do: {told ?? "part of another incident"}");
        if (told is not null || Rounds > 1)
        {
            told.ShouldNotBeNull().ShouldStartWith(advice);
        }
    }, isApart: Rounds > 1);

    async Task FoundAsync(string of, string kind, string target, Func<Drill, Task<IAsyncDisposable>> fault, Func<Drill, Task> then, bool isApart = true)
    {
        Assert.SkipWhen(Drill.Missing() is not null, Drill.Missing() ?? "");
        var drill = await fixture.StartedAsync();
        var right = 0;
        for (var round = 0; round < Rounds; round++)
        {
            await drill.CalmAsync(of);
            if (isApart)
            {
                // What is felt while an incident goes on may belong to it, and so would what is done.
                await drill.OverAsync();
            }

            await using (await fault(drill))
            {
                var (took, told) = await drill.FindsAsync(of, kind, target);
                right += took <= InTime ? 1 : 0;
                output.WriteLine($"{kind} {target} was first after {took?.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) ?? "no"} s\n{told}");
                if (Rounds == 1)
                {
                    took.ShouldNotBeNull(told);
                }

                if (took is not null)
                {
                    await then(drill);
                }
            }
        }

        if (Rounds > 1)
        {
            output.WriteLine($"{kind}: {right} of {Rounds} within {InTime.TotalSeconds:0} s");
            (right * 10).ShouldBeGreaterThanOrEqualTo(Rounds * 9);
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
