using System.Text;
using Mainstay.Client.Idempotency;
using Mainstay.State.Sqlite;
using Mainstay.Tests.State.Requests;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Client;

/// <summary>A service's own work, done once in its own transaction: in a real PostgreSQL.</summary>
public sealed class DoneOnceTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    readonly FakeTime time = new();
    readonly string database = server.NewDatabase();

    [Fact]
    public async Task WorkKeyAndAnswerAreDurableTogetherOrNotAtAll()
    {
        var once = new DoneOnce(time: time);
        await using var one = await ConnectAsync(once);
        await using var other = await ConnectAsync(once);
        await RunAsync(one, "CREATE TABLE charges (what text)");

        // The process ends, or the work fails: nothing is left, and the key is free.
        await Should.ThrowAsync<InvalidOperationException>(() => once.RunAsync(one, Request("k"), async (transaction, _) =>
        {
            await RunAsync(one, "INSERT INTO charges VALUES ('lost')");
            throw new InvalidOperationException("the till is on fire");
        }));
        (await once.RunAsync(one, Request("k"), async (_, _) =>
        {
            await RunAsync(one, "INSERT INTO charges VALUES ('lost')");
            return Answer(503, "later");
        })).Status.ShouldBe(503);

        // Another asks while it is done.
        var first = await once.RunAsync(one, Request("k"), async (_, stop) =>
        {
            await RunAsync(one, "INSERT INTO charges VALUES ('book')");
            (await once.RunAsync(other, Request("k"), (_, _) => throw new InvalidOperationException("not twice"), stop)).Status.ShouldBe(409);
            return Answer(201, "made");
        });
        first.ShouldSatisfyAllConditions(a => a.Status.ShouldBe(201), a => a.IsReplay.ShouldBeFalse());
        var again = await once.RunAsync(other, Request("\"k\""), (_, _) => throw new InvalidOperationException("not twice"));
        (again.Status, Encoding.UTF8.GetString(again.Body), again.IsReplay).ShouldBe((201, "made", true));
        (await once.RunAsync(other, Request("k", "more"), (_, _) => throw new InvalidOperationException("not twice"))).Status.ShouldBe(422);
        (await once.RunAsync(other, Request(""), (_, _) => throw new InvalidOperationException("not at all"))).Status.ShouldBe(400);
        (await once.RunAsync(other, Request("k") with { Owner = "another" }, (_, _) => Task.FromResult(Answer(200, "mine")))).IsReplay.ShouldBeFalse();
        (await NumberAsync(one, "SELECT count(*) FROM charges")).ShouldBe(1);

        time.Advance(TimeSpan.FromHours(25));
        (await once.RunAsync(one, Request("k"), (_, _) => Task.FromResult(Answer(200, "new")))).IsReplay.ShouldBeFalse("it was kept for a day");
        (await once.ForgetAsync(one)).ShouldBe(1, "the other owner's");
    }

    [Fact]
    public void SqliteUnderstandsTheSameStatements()
    {
        using var folder = new TempFolder();
        using var connection = new Connection(folder["once.db"]);
        var once = new DoneOnce();
        connection.Run(once.Table);
        foreach (var sql in new[] { once.Insert, once.Select, once.Update, once.Delete, once.Sweep }) connection.Prepare(sql);
    }

    async Task<NpgsqlConnection> ConnectAsync(DoneOnce once)
    {
        var url = new Uri(database);
        var connection = new NpgsqlConnection($"Host={url.Host};Port={url.Port};Username=postgres;Database={url.AbsolutePath.Trim('/')};Pooling=false");
        await connection.OpenAsync();
        await once.PrepareAsync(connection);
        return connection;
    }

    static OnceRequest Request(string key, string body = "body") => OnceRequest.Of("shop", key, "POST", "/charges", Encoding.UTF8.GetBytes(body));

    static OnceAnswer Answer(int status, string text) => new(status, "text/plain", Encoding.UTF8.GetBytes(text));

    static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    static async Task<long> NumberAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
