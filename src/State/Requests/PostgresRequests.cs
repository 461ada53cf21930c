using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Threading.Channels;
using Mainstay.Core.Requests;
using Mainstay.Core.Store;
using Npgsql;

namespace Mainstay.State.Requests;

/// <summary>Which database, and how it is used.</summary>
public sealed record PostgresRequestsOptions
{
    /// <summary>An address <c>postgres://USER@HOST:PORT/DATABASE</c>, or a connection string of Npgsql's. The database is there; its tables are made.</summary>
    public required string Address { get; init; }

    /// <summary>The password; null for none, or where the address has it.</summary>
    public string? Password { get; init; }

    /// <summary>Connections (default 8), and so transactions at a time.</summary>
    public int Connections { get; init; } = 8;

    /// <summary>What may wait for a connection (default 4,096); beyond it claims are refused.</summary>
    public int MaxWaiting { get; init; } = 4_096;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>Requests of several gateways in one PostgreSQL: a key that one of them knows all of them know.</summary>
/// <remarks>
/// Each gateway has a session of its own with an advisory lock: who holds that lock lives. Where its session is lost, its gateway takes the same lock anew; for that moment, what it has under way looks as if it were unknown.
/// </remarks>
public sealed class PostgresRequests : IRequestLedger
{
    static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    // What a gateway had that was killed is told as unknown soon after the next one is there.
    static readonly TimeSpan SweepFirst = TimeSpan.FromSeconds(1);
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    readonly PostgresRequestsOptions options;
    readonly NpgsqlDataSource source;
    readonly Channel<Action<NpgsqlConnection?, string?>> line;
    readonly ConcurrentDictionary<(string Id, int Attempt), bool> lost = new();
    readonly long own = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & long.MaxValue;
    readonly RequestBook book;
    readonly CancellationTokenSource closing = new();
    readonly ITimer sweeper;
    readonly Task workers;
    readonly Task watching;
    NpgsqlConnection session;

    PostgresRequests(PostgresRequestsOptions options, NpgsqlDataSource source, NpgsqlConnection session)
    {
        (this.options, this.source, this.session) = (options, source, session);
        book = new(own.ToString(System.Globalization.CultureInfo.InvariantCulture));
        line = Channel.CreateBounded<Action<NpgsqlConnection?, string?>>(new BoundedChannelOptions(options.MaxWaiting) { FullMode = BoundedChannelFullMode.Wait });
        Hold(session);
        // Threads of their own: what waits for a database does not take those of the requests.
        workers = Task.WhenAll(Enumerable.Range(0, options.Connections).Select(_ => Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        sweeper = options.Time.CreateTimer(_ => _ = DoAsync(table => RequestBook.Sweep(table, NowMs), false), null, SweepFirst, SweepEvery);
        watching = WatchAsync();
    }

    /// <summary>Connects, and makes the tables where they are not, on the calling thread.</summary>
    /// <exception cref="StoreUnavailableException">The address is none, or the database cannot be used.</exception>
    public static PostgresRequests Open(PostgresRequestsOptions options)
    {
        NpgsqlDataSource? source = null;
        NpgsqlConnection? session = null;
        try
        {
            source = NpgsqlDataSource.Create(StringOf(options));
            session = source.OpenConnection();
            using (var make = new NpgsqlCommand(PostgresRequestTable.Make, session))
                make.ExecuteNonQuery();
            return new(options, source, session);
        }
        catch (Exception error) when (error is NpgsqlException or ArgumentException or UriFormatException or InvalidOperationException or FormatException)
        {
            session?.Dispose();
            source?.Dispose();
            throw new StoreUnavailableException($"the database of remembered requests cannot be used: {error.Message}; check its address, user and password", error);
        }
    }

    long NowMs => options.Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public async Task<ClaimAnswer> ClaimAsync(RequestClaim claim, CancellationToken stop)
    {
        var (answer, why) = await DoAsync(table => book.Claim(table, claim, NowMs), null);
        return answer ?? new(ClaimVerdict.Unavailable, Why: why);
    }

    /// <inheritdoc/>
    public async Task<bool> EndAsync(RequestEnd end)
    {
        var (answer, why) = await DoAsync<bool?>(table => RequestBook.End(table, end, NowMs), null);
        if (why is not null)
            lost[(end.Id, end.Attempt)] = true;
        return answer == true;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TakenRequest>> TakeAsync(string route, int most, bool repeats) => (await DoAsync(table => book.Take(table, route, most, repeats, NowMs), [])).Value!;

    /// <inheritdoc/>
    public Task<IReadOnlyList<TakenRequest>> PullAsync(string route, int most, bool repeats, TimeSpan hold) =>
        ReadAsync<IReadOnlyList<TakenRequest>>(table => RequestBook.Pull(table, route, most, repeats, NowMs, (long)hold.TotalMilliseconds));

    /// <inheritdoc/>
    public Task<bool> ExtendAsync(string route, string id, int attempt, TimeSpan hold) =>
        ReadAsync(table => RequestBook.Extend(table, route, id, attempt, NowMs + (long)hold.TotalMilliseconds));

    /// <inheritdoc/>
    public Task<ShownRequest?> FindAsync(string id, CancellationToken stop) =>
        ReadAsync(table => table.ById(id) is { } row && row.EndsMs > NowMs ? row.Show(table.Answer(row), table.Callback(id)) : null);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ShownRequest>> ListAsync(RequestFilter filter, CancellationToken stop) =>
        ReadAsync<IReadOnlyList<ShownRequest>>(table => table.Newest(filter).ConvertAll(r => r.Show(callback: r.Callback is null ? null : table.Callback(r.Id))));

    /// <inheritdoc/>
    public async Task<ChangeAnswer> ChangeAsync(string id, RequestWish wish, CancellationToken stop)
    {
        var (answer, why) = await DoAsync(table => RequestBook.Change(table, id, wish, NowMs), null);
        return answer ?? new(ChangeVerdict.Unavailable, Why: why);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TakenCallback>> TakeCallbacksAsync(int most, TimeSpan hold) =>
        (await DoAsync(table => RequestBook.TakeCallbacks(table, most, (long)hold.TotalMilliseconds, NowMs), [])).Value!;

    /// <inheritdoc/>
    public async Task<bool> EndCallbackAsync(CallbackEnd end) => (await DoAsync(table => RequestBook.EndCallback(table, end, NowMs), false)).Value;

    /// <inheritdoc/>
    public Task<IReadOnlyList<RequestFigure>> FiguresAsync(CancellationToken stop) => ReadAsync<IReadOnlyList<RequestFigure>>(table => table.Figures());

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await sweeper.DisposeAsync();
        line.Writer.TryComplete();
        await workers;
        await closing.CancelAsync();
        await watching;
        await session.DisposeAsync();
        await source.DisposeAsync();
        closing.Dispose();
    }

    async Task<T> ReadAsync<T>(Func<IRequestTable, T> read)
    {
        var (value, why) = await DoAsync(read, default);
        return why is null ? value! : throw new StoreUnavailableException(why);
    }

    /// <summary>Does something in a transaction; with the reason, and the other value, where that cannot be.</summary>
    Task<(T? Value, string? Why)> DoAsync<T>(Func<IRequestTable, T> work, T? otherwise)
    {
        var done = new TaskCompletionSource<(T?, string?)>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Carry(NpgsqlConnection? connection, string? why)
        {
            if (connection is null)
            {
                done.TrySetResult((otherwise, why));
                return;
            }

            try
            {
                using var transaction = connection.BeginTransaction();
                var value = work(new PostgresRequestTable(connection, own, NowMs, r => lost.ContainsKey((r.Id, r.Attempt))));
                transaction.Commit();
                done.TrySetResult((value, null));
            }
            catch (Exception error)
            {
                done.TrySetResult((otherwise, $"the database of remembered requests does not answer: {error.Message}"));
            }
        }

        if (!line.Writer.TryWrite(Carry))
            done.TrySetResult((otherwise, $"{options.MaxWaiting} wait for the database of remembered requests; it is too slow for this load, try again later"));
        return done.Task;
    }

    void Work()
    {
        while (line.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (line.Reader.TryRead(out var work))
            {
                try
                {
                    using var connection = source.OpenConnection();
                    work(connection, null);
                }
                catch (Exception away)
                {
                    work(null, $"the database of remembered requests cannot be reached: {away.Message}");
                }
            }
        }
    }

    void Hold(NpgsqlConnection on)
    {
        using var command = new NpgsqlCommand("SELECT pg_advisory_lock($1)", on) { Parameters = { new() { Value = own } } };
        command.ExecuteNonQuery();
    }

    // A session that is lost takes its lock with it: it is taken anew as soon as the database is there.
    async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(LookEvery, options.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(closing.Token))
            {
                try
                {
                    await using var ask = new NpgsqlCommand("SELECT 1", session);
                    await ask.ExecuteScalarAsync(closing.Token);
                }
                catch (Exception gone) when (gone is not OperationCanceledException)
                {
                    await RenewAsync();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It is closed.
        }
    }

    async Task RenewAsync()
    {
        try
        {
            var next = await source.OpenConnectionAsync(closing.Token);
            Hold(next);
            var old = session;
            session = next;
            await old.DisposeAsync();
        }
        catch (NpgsqlException)
        {
            // Still away: tried again with the next beat.
        }
    }

    static string StringOf(PostgresRequestsOptions options)
    {
        var made = new NpgsqlConnectionStringBuilder();
        if (Uri.TryCreate(options.Address, UriKind.Absolute, out var url) && url.Scheme is "postgres" or "postgresql")
        {
            (made.Host, made.Port, made.Database) = (url.Host, url.Port < 0 ? 5432 : url.Port, url.AbsolutePath.Trim('/'));
            if (url.UserInfo.Split(':') is [{ Length: > 0 } user, .. var rest])
            {
                made.Username = Uri.UnescapeDataString(user);
                if (rest is [var password])
                    made.Password = Uri.UnescapeDataString(password);
            }
        }
        else
        {
            made.ConnectionString = options.Address;
        }

        if (options.Password is { } given)
            made.Password = given;
        (made.MaxPoolSize, made.MinPoolSize, made.Timeout, made.CommandTimeout) = (options.Connections + 2, 0, 5, 10);
        return made.ConnectionString;
    }
}
