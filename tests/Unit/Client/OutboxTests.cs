using System.Data.Common;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Mainstay.Client.Outbox;
using Mainstay.Client.Queues;
using Mainstay.Client.Streams;
using Mainstay.Core.Kinds.State;
using Mainstay.Tests.Host.Api;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Client;

/// <summary>Outbox, inbox and projections over a service's own database, broken off at every point where something can be lost or done twice.</summary>
public sealed class OutboxTests : IAsyncLifetime
{
    readonly TempFolder folder = new();
    Func<Task>? stopPostgres;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (stopPostgres is not null)
        {
            await stopPostgres();
        }

        folder.Dispose();
    }

    [Fact]
    public Task Outbox_and_inbox_over_SQLite() => OrdersAsync(Sqlite);

    [Fact]
    public Task Projections_over_SQLite() => ProjectAsync(Sqlite);

    [Fact]
    public async Task All_of_it_over_PostgreSQL()
    {
        var connect = await StartPostgresAsync();
        await OrdersAsync(connect);
        await ProjectAsync(connect);
    }

    Task<DbConnection> Sqlite(CancellationToken stop) => Task.FromResult<DbConnection>(SqliteProvider.Open(folder["service.db"]));

    async Task OrdersAsync(Func<CancellationToken, Task<DbConnection>> connect)
    {
        await using var api = await ApiFixture.StartAsync(with: s => s with { Data = folder["orders"] });
        await api.PutAsync(new Queue { Name = "mails", Spec = new() { Backoff = TimeSpan.Zero, MaxMessage = new(1024) } });
        await Until.HoldsAsync(async () => (await api.GetJsonAsync("/api/v1/state/queues"))["items"]!.AsArray().Count == 1);
        using var queues = new QueueClient(api.Url, patience: TimeSpan.Zero);
        await using (var connection = await connect(default))
        {
            await OutboxTable.CreateAsync(connection);
            await OutboxTable.CreateAsync(connection);
            await Inbox.CreateAsync(connection);
            await RunAsync(connection, "CREATE TABLE orders (id VARCHAR(20) PRIMARY KEY)");
            await RunAsync(connection, "CREATE TABLE mails (id VARCHAR(20))");
        }

        // Broken off before the commit: neither the order nor its message is there.
        await OrderAsync(connect, "lost", commits: false);
        await OrderAsync(connect, "o-1");
        await OrderAsync(connect, "o-2");
        await OrderAsync(connect, "large", bytes: 2000);
        // Broken off between the confirmation and the deletion: it is sent again, and stored once.
        var breaks = true;
        var relay = new OutboxRelay(queues, async stop => breaks && await CountAsync(connect, "SELECT count(*) FROM mainstay_outbox") == 3 && (await api.GetJsonAsync("/api/v1/state/queues"))["items"]![0]!["published"]!.GetValue<int>() > 0
            ? throw new HttpRequestException("killed")
            : await connect(stop));
        await Should.ThrowAsync<HttpRequestException>(() => relay.SendAsync());
        (await CountAsync(connect, "SELECT count(*) FROM mainstay_outbox")).ShouldBe(3);
        breaks = false;
        (await relay.SendAsync()).ShouldBe(3);
        (await relay.AsideAsync()).Single().Why.ShouldContain("larger than");
        (await relay.SendAsync()).ShouldBe(0, "what was set aside holds nobody up");
        var standing = (await api.GetJsonAsync("/api/v1/state/queues"))["items"]![0]!;
        ((int)standing["published"]!, (int)standing["duplicates"]!).ShouldBe((2, 1));

        // The consumer: broken off before its commit, and between commit and acknowledgement.
        var inbox = new Inbox("mailer", connect);
        var first = (await queues.PullAsync("mails")).Single();
        await Should.ThrowAsync<InvalidOperationException>(() => inbox.HandleAsync(first, async (message, transaction, _) =>
        {
            await MailAsync(message, transaction);
            throw new InvalidOperationException("killed");
        }));
        await queues.RetryAsync("mails", first, TimeSpan.Zero);
        first = (await queues.PullAsync("mails")).Single();
        (await inbox.HandleAsync(first, (message, transaction, _) => MailAsync(message, transaction))).ShouldBeTrue();
        await queues.RetryAsync("mails", first, TimeSpan.Zero, "killed before it acknowledged");
        using var enough = new CancellationTokenSource();
        var running = inbox.ProcessAsync(queues, "mails", (message, transaction, _) => MailAsync(message, transaction), enough.Token);
        await Until.HoldsAsync(async () => (int)(await api.GetJsonAsync("/api/v1/state/queues"))["items"]![0]!["acked"]! == 2);
        await enough.CancelAsync();
        await running;
        (await CountAsync(connect, "SELECT count(*) FROM mails")).ShouldBe(2);
        (await CountAsync(connect, "SELECT count(DISTINCT id) FROM mails")).ShouldBe(2);
        (await inbox.ForgetAsync(TimeSpan.FromHours(1))).ShouldBe(0);
    }

    async Task ProjectAsync(Func<CancellationToken, Task<DbConnection>> connect)
    {
        await using var api = await ApiFixture.StartAsync(with: s => s with { Data = folder["events"] });
        using var client = new StreamClient(api.Url, patience: TimeSpan.Zero);
        await using (var connection = await connect(default))
            await RunAsync(connection, "CREATE TABLE totals (name VARCHAR(20) PRIMARY KEY, sum BIGINT)");
        for (var n = 1; n <= 10; n++)
            await client.AppendAsync($"cart-{n % 2}", ExpectedVersion.Any, [StreamEvent.Of("added", $"{n}", n)]);
        var fails = 6L;
        var projection = new Projection
        {
            Name = "totals",
            Wanted = new() { Streams = ["cart-*"] },
            Batch = 4,
            Apply = async (one, transaction, stop) =>
            {
                await RunAsync(transaction.Connection!, $"INSERT INTO totals VALUES ('{one.Stream}', {one.Read<int>()}) ON CONFLICT (name) DO UPDATE SET sum = totals.sum + {one.Read<int>()}", transaction);
                if (one.Position == fails) throw new InvalidOperationException("killed");
            },
            Clear = (transaction, stop) => RunAsync(transaction.Connection!, "DELETE FROM totals", transaction),
        };
        var runner = new ProjectionRunner(client, connect);
        await Should.ThrowAsync<InvalidOperationException>(() => runner.CatchUpAsync(projection));
        (await CountAsync(connect, "SELECT sum(sum) FROM totals")).ShouldBe(10, "the first four, and nothing of the transaction that failed");
        fails = 0;
        await runner.CatchUpAsync(projection);
        (await CountAsync(connect, "SELECT sum(sum) FROM totals")).ShouldBe(55);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => new ProjectionRunner(client, connect).CatchUpAsync(projection)));
        await client.AppendAsync("cart-0", ExpectedVersion.Any, [.. Enumerable.Range(0, 40).Select(n => StreamEvent.Of("added", $"more-{n}", 1))]);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => new ProjectionRunner(client, connect).CatchUpAsync(projection)));
        (await CountAsync(connect, "SELECT sum(sum) FROM totals")).ShouldBe(95, "although four run it");
        await runner.RebuildAsync(projection);
        (await CountAsync(connect, "SELECT sum FROM totals WHERE name = 'cart-1'")).ShouldBe(25);
    }

    static async Task OrderAsync(Func<CancellationToken, Task<DbConnection>> connect, string id, bool commits = true, int bytes = 10)
    {
        await using var connection = await connect(default);
        await using var transaction = await connection.BeginTransactionAsync();
        await RunAsync(connection, $"INSERT INTO orders VALUES ('{id}')", transaction);
        await OutboxTable.EnqueueAsync(transaction, "mails", QueueEvent.Of("order.made", id, new string('x', bytes)) with { Key = "ann" });
        if (commits) await transaction.CommitAsync();
    }

    static Task MailAsync(QueueEvent message, DbTransaction transaction) => RunAsync(transaction.Connection!, $"INSERT INTO mails VALUES ('{message.Id}')", transaction);

    static async Task RunAsync(DbConnection connection, string text, DbTransaction? transaction = null)
    {
        await using var command = connection.CreateCommand();
        (command.CommandText, command.Transaction) = (text, transaction);
        await command.ExecuteNonQueryAsync();
    }

    static async Task<long> CountAsync(Func<CancellationToken, Task<DbConnection>> connect, string text)
    {
        await using var connection = await connect(default);
        await using var command = connection.CreateCommand();
        command.CommandText = text;
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }

    async Task<Func<CancellationToken, Task<DbConnection>>> StartPostgresAsync()
    {
        const string bin = "/usr/lib/postgresql/15/bin";
        File.Exists($"{bin}/initdb").ShouldBeTrue("it comes with the Debian package postgresql-15");
        var port = FreePorts.One();
        var data = folder["pg"];
        Process Shell(string command) => Environment.UserName == "root" ? Process.Start("/bin/su", ["postgres", "-s", "/bin/sh", "-c", command]) : Process.Start("/bin/sh", ["-c", command]);
        Directory.CreateDirectory(data);
        // The server refuses to be root, and its own user has to reach the folder.
        if (Environment.UserName == "root")
        {
            using var owned = Process.Start("/bin/sh", ["-c", $"chmod 755 {folder.Path} && chown postgres {data}"]);
            await owned.WaitForExitAsync();
        }

        async Task ShellAsync(string command)
        {
            using var process = Shell(command + " > /dev/null 2>&1");
            await process.WaitForExitAsync();
            process.ExitCode.ShouldBe(0, command);
        }

        await ShellAsync($"{bin}/initdb -D {data} -A trust -U postgres --no-sync");
        stopPostgres = () => ShellAsync($"{bin}/pg_ctl -D {data} -m immediate stop");
        await ShellAsync($"{bin}/pg_ctl -D {data} -o '-p {port} -h 127.0.0.1 -k {data} -c fsync=off' -l {data}/log -w start");
        async Task<DbConnection> ConnectAsync(CancellationToken stop)
        {
            var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={port};Username=postgres;Database=postgres;Pooling=false");
            await connection.OpenAsync(stop);
            return connection;
        }

        return ConnectAsync;
    }
}
