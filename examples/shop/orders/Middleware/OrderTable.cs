using System.Data.Common;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Shop.Orders.Middleware;

/// <summary>Orders as rows of a table, and what was taken each day in another: every order that is placed adds to the row of its day.</summary>
sealed class OrderTable : IOrders
{
    const string Schema = """
        select pg_advisory_xact_lock(712);
        create extension if not exists pg_stat_statements;
        create table if not exists orders (id text primary key, at timestamptz not null, pending boolean not null, body jsonb not null);
        create index if not exists orders_at on orders (at desc);
        create index if not exists orders_pending on orders (at) where pending;
        create table if not exists takings (day date primary key, orders bigint not null, cents bigint not null);
        """;

    readonly NpgsqlDataSource database;

    public OrderTable(NpgsqlDataSource database)
    {
        this.database = database;
        try
        {
            using var connection = database.OpenConnection();
            using var transaction = connection.BeginTransaction();
            using var command = new NpgsqlCommand(Schema, connection, transaction);
            command.ExecuteNonQuery();
            transaction.Commit();
        }
        catch (DbException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public Task<Order?> Find(string id) => Try(() => One("select body from orders where id = $1", id));

    public Task<Order> Keep(Order order) => Try(async () =>
    {
        await using var command = database.CreateCommand("insert into orders (id, at, pending, body) values ($1, $2, true, $3) on conflict (id) do nothing");
        command.Parameters.Add(new() { Value = order.Id });
        command.Parameters.Add(new() { Value = order.At });
        command.Parameters.Add(Body(order));
        return await command.ExecuteNonQueryAsync() == 1 ? order : await One("select body from orders where id = $1", order.Id) ?? throw new IOException($"Order {order.Id} vanished.");
    });

    public Task<Order> Settle(Order order) => Try(async () =>
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var end = new NpgsqlCommand("update orders set pending = false, body = $2 where id = $1 and pending", connection, transaction);
        end.Parameters.Add(new() { Value = order.Id });
        end.Parameters.Add(Body(order));
        if (await end.ExecuteNonQueryAsync() == 0)
        {
            await transaction.RollbackAsync();
            return await One("select body from orders where id = $1", order.Id) ?? throw new IOException($"Order {order.Id} vanished.");
        }

        if (order.Status == Status.Placed)
        {
            await using var take = new NpgsqlCommand(
                "insert into takings (day, orders, cents) values ($1, 1, $2) on conflict (day) do update set orders = takings.orders + 1, cents = takings.cents + excluded.cents", connection, transaction);
            take.Parameters.Add(new() { Value = DateOnly.FromDateTime(order.At.UtcDateTime) });
            take.Parameters.Add(new() { Value = order.Lines.Sum(l => (long)l.Quantity * l.Cents) });
            await take.ExecuteNonQueryAsync();
        }

        await transaction.CommitAsync();
        return order;
    });

    public Task<IReadOnlyList<Order>> PendingFor(TimeSpan age, DateTimeOffset now) => Try<IReadOnlyList<Order>>(async () =>
        await Many("select body from orders where pending and at <= $1 order by at limit 1000", now - age));

    public Task<Order[]> Latest(int count) => Try(() => Many("select body from orders order by at desc limit $1", count));

    async Task<Order?> One(string query, object argument) => (await Many(query, argument)).FirstOrDefault();

    async Task<Order[]> Many(string query, object argument)
    {
        await using var command = database.CreateCommand(query);
        command.Parameters.Add(new() { Value = argument });
        await using var rows = await command.ExecuteReaderAsync();
        var found = new List<Order>();
        while (await rows.ReadAsync())
            found.Add(JsonSerializer.Deserialize(rows.GetString(0), Json.Default.Order)!);
        return [.. found];
    }

    static NpgsqlParameter Body(Order order) => new() { Value = JsonSerializer.Serialize(order, Json.Default.Order), NpgsqlDbType = NpgsqlDbType.Jsonb };

    static async Task<T> Try<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (e is DbException or TimeoutException)
        {
            throw new IOException(e.Message, e);
        }
    }
}
