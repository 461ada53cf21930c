using System.Collections.Concurrent;
using Mainstay.Core.Requests;
using Mainstay.Core.Store;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Requests;

/// <summary>How the file of requests is kept.</summary>
public sealed record SqliteRequestsOptions
{
    /// <summary>The database; its folder is there. SQLite puts <c>-wal</c> and <c>-shm</c> beside it.</summary>
    public required string Path { get; init; }

    /// <summary>Largest file, in bytes (default 8 GiB). Beyond it claims are refused.</summary>
    public long MaxFileBytes { get; init; } = 8L << 30;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The process that holds what begins here.</summary>
    internal string Holder { get; init; } = ProcessMark.Own;
}

/// <summary>
/// Requests of one machine in a SQLite file, which its gateways and its server share. Claims that wait together become durable together. Whether a holder lives is
/// asked of the operating system, so that the end of a process is noticed at once and nothing has to be renewed.
/// </summary>
public sealed class SqliteRequests : IRequestLedger
{
    static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    // What a gateway had that was killed is told as unknown soon after the next one is there.
    static readonly TimeSpan SweepFirst = TimeSpan.FromSeconds(1);

    readonly SqliteJournal journal;
    readonly TimeProvider time;
    readonly string own;
    readonly RequestBook book;
    readonly ITimer sweeper;

    // Attempts of this process whose end could not be written: it lives, and yet nobody works on them.
    readonly ConcurrentDictionary<(string Id, int Attempt), bool> lost = new();

    SqliteRequests(SqliteRequestsOptions options)
    {
        (time, own, book) = (options.Time, options.Holder, new(options.Holder));
        journal = SqliteJournal.Open(new()
        {
            Path = options.Path, Application = SqliteRequestTable.Application, Tables = SqliteRequestTable.Make, MaxFileBytes = options.MaxFileBytes, IsShared = true,
            Opened = file =>
            {
                file[SqliteRequestTable.MakeCallbacks].Run();
                file[SqliteRequestTable.MakeCallbacksDue].Run();
            },
        });
        sweeper = time.CreateTimer(_ => Sweep(), null, SweepFirst, SweepEvery);
    }

    /// <summary>Opens or makes the file, on the calling thread.</summary>
    /// <exception cref="StoreUnavailableException">The file cannot be written, is damaged, of another program or of a newer version.</exception>
    public static SqliteRequests Open(SqliteRequestsOptions options) => new(options);

    long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public async Task<ClaimAnswer> ClaimAsync(RequestClaim claim, CancellationToken stop)
    {
        var answer = await journal.WriteAsync(file => book.Claim(On(file), claim, NowMs), stop);
        return answer.IsDone ? answer.Value! : new(ClaimVerdict.Unavailable, Why: answer.Why);
    }

    /// <inheritdoc/>
    public async Task<bool> EndAsync(RequestEnd end)
    {
        var answer = await journal.WriteAsync(file => RequestBook.End(On(file), end, NowMs));
        if (!answer.IsDone)
            lost[(end.Id, end.Attempt)] = true;
        return answer is { IsDone: true, Value: true };
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TakenRequest>> TakeAsync(string route, int most, bool repeats)
    {
        // Looking costs no wait for the disk; most looks find nothing.
        var found = await journal.ReadAsync(file => RequestBook.HasWork(On(file), route, NowMs));
        if (!found.Value)
            return [];
        var answer = await journal.WriteAsync(file => book.Take(On(file), route, most, repeats, NowMs));
        return answer.IsDone ? answer.Value! : [];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TakenRequest>> PullAsync(string route, int most, bool repeats, TimeSpan hold)
    {
        var found = await journal.ReadAsync(file => RequestBook.HasWork(On(file), route, NowMs));
        if (!found.IsDone)
            throw new StoreUnavailableException(found.Why!);
        if (!found.Value)
            return [];
        var answer = await journal.WriteAsync(file => RequestBook.Pull(On(file), route, most, repeats, NowMs, (long)hold.TotalMilliseconds));
        return answer.IsDone ? answer.Value! : throw new StoreUnavailableException(answer.Why!);
    }

    /// <inheritdoc/>
    public async Task<bool> ExtendAsync(string route, string id, int attempt, TimeSpan hold)
    {
        var answer = await journal.WriteAsync(file => RequestBook.Extend(On(file), route, id, attempt, NowMs + (long)hold.TotalMilliseconds));
        return answer.IsDone ? answer.Value : throw new StoreUnavailableException(answer.Why!);
    }

    /// <inheritdoc/>
    public async Task<ShownRequest?> FindAsync(string id, CancellationToken stop)
    {
        var answer = await journal.ReadAsync(file => On(file) is var table && table.ById(id) is { } row && row.EndsMs > NowMs ? row.Show(table.Answer(row), table.Callback(id)) : null, stop);
        return answer.IsDone ? answer.Value : throw new StoreUnavailableException(answer.Why!);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ShownRequest>> ListAsync(RequestFilter filter, CancellationToken stop)
    {
        var answer = await journal.ReadAsync(file => On(file) is var table ? table.Newest(filter).ConvertAll(r => r.Show(callback: r.Callback is null ? null : table.Callback(r.Id))) : null, stop);
        return answer.IsDone ? answer.Value! : throw new StoreUnavailableException(answer.Why!);
    }

    /// <inheritdoc/>
    public async Task<ChangeAnswer> ChangeAsync(string id, RequestWish wish, CancellationToken stop)
    {
        var answer = await journal.WriteAsync(file => RequestBook.Change(On(file), id, wish, NowMs), stop);
        return answer.IsDone ? answer.Value! : new(ChangeVerdict.Unavailable, Why: answer.Why);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TakenCallback>> TakeCallbacksAsync(int most, TimeSpan hold)
    {
        var found = await journal.ReadAsync(file => On(file).DueCallbacks(NowMs, 1).Count > 0);
        if (!found.Value)
            return [];
        var answer = await journal.WriteAsync(file => RequestBook.TakeCallbacks(On(file), most, (long)hold.TotalMilliseconds, NowMs));
        return answer.IsDone ? answer.Value! : [];
    }

    /// <inheritdoc/>
    public async Task<bool> EndCallbackAsync(CallbackEnd end) => (await journal.WriteAsync(file => RequestBook.EndCallback(On(file), end, NowMs))) is { IsDone: true, Value: true };

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RequestFigure>> FiguresAsync(CancellationToken stop)
    {
        var answer = await journal.ReadAsync(file => On(file).Figures(), stop);
        return answer.IsDone ? answer.Value! : throw new StoreUnavailableException(answer.Why!);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await sweeper.DisposeAsync();
        await journal.DisposeAsync();
    }

    SqliteRequestTable On(JournalFile file) => new(file, IsHeld);

    bool IsHeld(RequestRow row) => row is { State: RequestState.Running, Holder: { } holder }
        && (HoldMark.IsOne(holder) ? HoldMark.IsHeld(holder, NowMs) : holder == own ? !lost.ContainsKey((row.Id, row.Attempt)) : ProcessMark.IsAlive(holder));

    void Sweep() => journal.Post(new FunctionWork<bool>(JournalNeed.Write, file =>
    {
        // A slice a minute is 43,200,000 a day; more come at once where there are more.
        for (var i = 0; i < 20 && RequestBook.Sweep(On(file), NowMs); i++)
        {
        }

        file.Shrink();
        return true;
    }));
}
