using System.Data.Common;
using System.Net;

namespace Mainstay.Client.Streams;

/// <summary>A view that is made of events: what to do for each, and how to begin anew.</summary>
public sealed record Projection
{
    /// <summary>Under which its place is kept in the database. Up to 200 characters.</summary>
    public required string Name { get; init; }

    /// <summary>Writes what an event changes, by this transaction alone.</summary>
    public required Func<RecordedEvent, DbTransaction, CancellationToken, Task> Apply { get; init; }

    /// <summary>Deletes everything that was written, by this transaction alone.</summary>
    public required Func<DbTransaction, CancellationToken, Task> Clear { get; init; }

    /// <summary>Which events; null for all.</summary>
    public StreamFilter? Wanted { get; init; }

    /// <summary>Events of one transaction. Default 100; 1 to 1,000.</summary>
    public int Batch { get; init; } = 100;
}

/// <summary>
/// Keeps a projection in the reader's own database (SQLite or PostgreSQL, by ADO.NET) equal to the events: what they change and how far they were read is one transaction, so that each takes effect exactly
/// once, whatever is killed. Where two run the same projection, one of them goes on and the other starts over from where that is.
/// </summary>
/// <param name="client">Reads the events.</param>
/// <param name="connect">Gives an open connection; it is disposed of.</param>
public sealed class ProjectionRunner(StreamClient client, Func<CancellationToken, Task<DbConnection>> connect)
{
    const string Table = "CREATE TABLE IF NOT EXISTS mainstay_projections (name VARCHAR(200) PRIMARY KEY, position BIGINT NOT NULL)";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    bool isMade;

    /// <summary>Reads until stopped. A server that is away is waited for; what <see cref="Projection.Apply"/> throws ends it, with nothing of that transaction written.</summary>
    public async Task RunAsync(Projection projection, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await StepAsync(projection, Patience, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (HttpRequestException away) when (away.StatusCode is null or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError)
            {
                await Task.Delay(Pause, client.Time, CancellationToken.None);
            }
        }
    }

    /// <summary>Applies everything that is there, and returns.</summary>
    public async Task CatchUpAsync(Projection projection, CancellationToken stop = default)
    {
        while (!await StepAsync(projection, TimeSpan.Zero, stop))
        {
        }
    }

    /// <summary>Clears the projection and makes it anew from the first event that is kept, in as many transactions as it takes.</summary>
    public async Task RebuildAsync(Projection projection, CancellationToken stop = default)
    {
        await using (var connection = await connect(stop))
        {
            await PositionAsync(connection, projection.Name, stop);
            await using var transaction = await connection.BeginTransactionAsync(stop);
            await projection.Clear(transaction, stop);
            await connection.RunAsync(transaction, "UPDATE mainstay_projections SET position = 0 WHERE name = @name", stop, ("name", projection.Name));
            await transaction.CommitAsync(stop);
        }

        await CatchUpAsync(projection, stop);
    }

    /// <summary>One page; true where there was nothing more.</summary>
    async Task<bool> StepAsync(Projection projection, TimeSpan wait, CancellationToken stop)
    {
        long from;
        await using (var connection = await connect(stop))
        {
            from = await PositionAsync(connection, projection.Name, stop);
        }

        var page = await client.ReadAllAsync(from, projection.Wanted, projection.Batch, wait, stop);
        if (page.Next == from)
        {
            return page.IsEnd;
        }

        await using (var connection = await connect(stop))
        {
            await using var transaction = await connection.BeginTransactionAsync(stop);
            // Taken first, so that of two that run the same projection the second waits here, and then finds that it is too late.
            var moved = await connection.RunAsync(transaction, "UPDATE mainstay_projections SET position = @next WHERE name = @name AND position = @from", stop, ("next", page.Next), ("name", projection.Name), ("from", from));
            if (moved == 0)
            {
                await transaction.RollbackAsync(stop);
                return false;
            }

            foreach (var one in page.Events)
            {
                await projection.Apply(one, transaction, stop);
            }

            await transaction.CommitAsync(stop);
        }

        return page.IsEnd;
    }

    async Task<long> PositionAsync(DbConnection connection, string name, CancellationToken stop)
    {
        if (!isMade)
        {
            await connection.MakeAsync(Table, "mainstay_projections", stop);
            isMade = true;
        }

        await connection.RunAsync(null, "INSERT INTO mainstay_projections (name, position) VALUES (@name, 0) ON CONFLICT (name) DO NOTHING", stop, ("name", name));
        return await connection.NumberAsync("SELECT position FROM mainstay_projections WHERE name = @name", stop, ("name", name));
    }
}
