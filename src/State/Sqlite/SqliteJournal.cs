using System.Diagnostics;
using Mainstay.Core.Store;

namespace Mainstay.State.Sqlite;

/// <summary>Which file a journal keeps, and its limits.</summary>
sealed record JournalOptions
{
    /// <summary>The database file; beside it lie files of the same name with <c>-wal</c>, <c>.lock</c> and <c>.pid</c>.</summary>
    public required string Path { get; init; }

    /// <summary>Whose file it is (<c>PRAGMA application_id</c>): four letters as a number, another for each use.</summary>
    public required int Application { get; init; }

    /// <summary>The version of the tables; a file of another version is refused, unless there are upgrades from it.</summary>
    public int Version { get; init; } = 1;

    /// <summary>By version, the statements that make a file of it one of the next; run at the opening, all or none.</summary>
    public IReadOnlyDictionary<int, IReadOnlyList<string>> Upgrades { get; init; } = new Dictionary<int, IReadOnlyList<string>>();

    /// <summary>The statements that make a new file's tables.</summary>
    public required IReadOnlyList<string> Tables { get; init; }

    /// <summary>Largest file, in bytes (default 4 GiB). Beyond it works fail as on a full disk.</summary>
    public long MaxFileBytes { get; init; } = 4L << 30;

    /// <summary>Most works that may wait (default 16,384); beyond it they are refused.</summary>
    public int MaxWaiting { get; init; } = 16_384;

    /// <summary>Several processes of this machine may have it open; nothing of it may then be kept in memory. Default false.</summary>
    public bool IsShared { get; init; }

    /// <summary>Reads the file into memory: when it is opened, and again whenever a write failed in a way that only the file tells how it ended.</summary>
    public Action<JournalFile> Opened { get; init; } = _ => { };

    /// <summary>Where the truth is; null (default) where it is in the file. The file is then made by the first work, and is as durable as it happens to be.</summary>
    public IJournalSource? Source { get; init; }
}

/// <summary>
/// A SQLite file that one thread uses: works that wait together become durable in one transaction, and each is answered with a value, whatever
/// happens. For state that changes thousands of times per second and that nobody watches by keys; what the planes decide on lies in <see cref="IStore"/>.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>A work that is answered <see cref="JournalStatus.Done"/> is as durable as it asked to be; works take effect in the order in which they were handed over.</item>
/// <item>A full disk answers <see cref="JournalStatus.Full"/>, changes nothing, and is tried anew by the next work.</item>
/// <item>Nothing piles up: beyond <see cref="JournalOptions.MaxWaiting"/> works are answered <see cref="JournalStatus.Busy"/>.</item>
/// <item>Opening makes the folder and takes a lock; a file that another process has, or of another program, is refused. A shared one is not locked, and its folder is there.</item>
/// </list>
/// </remarks>
sealed class SqliteJournal : IAsyncDisposable
{
    const int GroupSize = 1_024;

    readonly JournalOptions options;
    readonly FileLock? fileLock;
    readonly FileShape shape;
    readonly WorkLine<JournalWork> line;
    readonly TaskCompletionSource finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly List<JournalWork> begun = new(GroupSize);
    JournalFile? file;

    SqliteJournal(JournalOptions options, FileLock? fileLock, FileShape shape, JournalFile? file)
    {
        (this.options, this.fileLock, this.shape, this.file) = (options, fileLock, shape, file);
        line = new WorkLine<JournalWork>(options.MaxWaiting, GroupSize);
        new Thread(Loop) { IsBackground = true, Name = $"journal {Path.GetFileNameWithoutExtension(options.Path)}" }.Start();
    }

    /// <summary>Opens or makes the file and reads it, on the calling thread; one that is a copy of a source is made later, on the journal's own.</summary>
    /// <exception cref="StoreUnavailableException">The file is in use, read-only, damaged, of another program or of a newer version.</exception>
    public static SqliteJournal Open(JournalOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.Path);
        var fileLock = options.IsShared ? null : FileLock.Take(options.Path);
        JournalFile? file = null;
        try
        {
            var shape = new FileShape(options.Path, options.Application, options.Version, options.Tables, options.MaxFileBytes, options.Upgrades, options.IsShared);
            if (options.Source is null)
            {
                file = new JournalFile(shape);
                options.Opened(file);
            }

            return new SqliteJournal(options, fileLock, shape, file);
        }
        catch (Exception failed)
        {
            file?.Dispose();
            fileLock?.Dispose();
            throw failed is SqliteFault fault ? fault.Explain(options.Path) : failed;
        }
    }

    /// <summary>Does a work; never throws but for a caller that left before it was begun.</summary>
    public Task<JournalAnswer<T>> DoAsync<T>(JournalWork<T> work)
    {
        Hand(work, always: false);
        return work.Answer;
    }

    /// <summary>Writes by one function, durably.</summary>
    public Task<JournalAnswer<T>> WriteAsync<T>(Func<JournalFile, T> write, CancellationToken stop = default) =>
        DoAsync(new FunctionWork<T>(JournalNeed.Durable, write) { Stop = stop });

    /// <summary>Reads by one function, in order with what is written.</summary>
    public Task<JournalAnswer<T>> ReadAsync<T>(Func<JournalFile, T> read, CancellationToken stop = default) =>
        DoAsync(new FunctionWork<T>(JournalNeed.Read, read) { Stop = stop });

    /// <summary>
    /// Copies the file as of one moment, a piece at a time between the groups, so that nobody waits for it for long. What is written meanwhile is in the copy.
    /// </summary>
    /// <param name="path">A file that is not there; removed again where the copy fails.</param>
    /// <param name="stop">Breaks it off.</param>
    /// <exception cref="StoreUnavailableException">It cannot be copied; the message says why.</exception>
    public async Task CopyAsync(string path, CancellationToken stop)
    {
        FileCopy? copy = null;
        try
        {
            while (true)
            {
                stop.ThrowIfCancellationRequested();
                var step = await DoAsync(new FunctionWork<bool>(JournalNeed.Apart, file => (copy ??= file.CopyTo(path)).Step()));
                if (!step.IsDone)
                    throw new StoreUnavailableException($"{options.Path} cannot be copied to {path}: {step.Why}");
                if (step.Value)
                    return;
            }
        }
        catch
        {
            await EndAsync();
            if (File.Exists(path))
                File.Delete(path);
            throw;
        }
        finally
        {
            await EndAsync();
        }

        // By the thread that has the connection it copies from.
        Task EndAsync() => copy is null ? Task.CompletedTask : DoAsync(new FunctionWork<bool>(JournalNeed.Apart, _ =>
        {
            copy?.Dispose();
            copy = null;
            return true;
        }));
    }

    /// <summary>Hands over a work of the owner itself, which is queued however many wait.</summary>
    public void Post(JournalWork work) => Hand(work, always: true);

    /// <summary>Finishes what is queued and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        line.Close(new ObjectDisposedException(nameof(SqliteJournal)));
        await finished.Task;
        fileLock?.Dispose();
    }

    void Hand(JournalWork work, bool always)
    {
        switch (line.Enqueue(work, always))
        {
            case LineEntry.Closed:
                work.Fail(JournalStatus.Closed, line.ClosedBy is ObjectDisposedException ? $"{options.Path} is closed; Mainstay is stopping" : line.ClosedBy!.Message);
                break;
            case LineEntry.Full:
                work.Fail(JournalStatus.Busy, $"{options.MaxWaiting} writes wait for {options.Path}; the disk is too slow for this load, try again later");
                break;
        }
    }

    void Loop()
    {
        var works = new List<JournalWork>(GroupSize);
        while (line.Take(works, () => Timeout.Infinite))
        {
            try
            {
                Process(works);
            }
            catch (SqliteFault fault)
            {
                Refuse(works, fault);
            }
            catch (SourceFault over) when (over.Status == JournalStatus.Closed)
            {
                Stop(works, over, over.Message);
                break;
            }
            catch (SourceFault fault)
            {
                foreach (var work in works)
                    work.Fail(fault.Status, fault.Message);
                if (!fault.Unasked)
                    Close();
            }
            catch (StoreUnavailableException unavailable)
            {
                foreach (var work in works)
                    work.Fail(JournalStatus.Unavailable, unavailable.Message);
            }
            catch (Exception bug)
            {
                Stop(works, bug, $"{options.Path} stopped: {bug.Message}; restart Mainstay");
                break;
            }

            works.Clear();
        }

        file?.Dispose();
        finished.SetResult();
    }

    void Process(List<JournalWork> works)
    {
        file ??= Reopen();
        works.RemoveAll(HasLeft);
        DoApart(works);
        var start = Stopwatch.GetTimestamp();
        while (works.Count > 0 && Attempt(works) is var (thrower, why))
        {
            works.Remove(thrower);
            thrower.Fail(JournalStatus.Failed, why.Message);
        }

        var took = Stopwatch.GetElapsedTime(start);
        foreach (var work in works)
            work.Complete();
        line.Answered(works.Count, took);
    }

    // Each by itself: what they throw is theirs.
    void DoApart(List<JournalWork> works)
    {
        foreach (var work in works.FindAll(w => w.Need == JournalNeed.Apart))
        {
            works.Remove(work);
            try
            {
                work.Write(file!);
                work.Complete();
            }
            catch (Exception own)
            {
                work.Fail(own is SqliteFault { IsFull: true } ? JournalStatus.Full : JournalStatus.Failed, own.Message);
            }
        }
    }

    /// <summary>Writes the group; the work that threw, with its reason, where one did: then nothing is written.</summary>
    (JournalWork Thrower, Exception Why)? Attempt(List<JournalWork> works)
    {
        begun.Clear();
        try
        {
            var need = works.Max(w => w.Need);
            if (need == JournalNeed.Read)
                Begin(works);
            else
                file!.InTransaction(need == JournalNeed.Durable && options.Source is null, () => Begin(works));
            return null;
        }
        catch (WorkThrew threw)
        {
            Undo();
            return (threw.Work, threw.InnerException!);
        }
        catch
        {
            Undo();
            throw;
        }
    }

    void Begin(List<JournalWork> works)
    {
        foreach (var work in works)
        {
            begun.Add(work);
            try
            {
                work.Write(file!);
            }
            catch (Exception own) when (own is not SqliteFault { IsOfStatement: false })
            {
                throw new WorkThrew(work, own);
            }
        }

        options.Source?.Commit(works);
    }

    // The newest first, as each saw what the ones before it had changed.
    void Undo()
    {
        for (var i = begun.Count - 1; i >= 0; i--)
            begun[i].Undo();
    }

    static bool HasLeft(JournalWork work)
    {
        if (!work.Stop.IsCancellationRequested)
            return false;
        work.Leave();
        return true;
    }

    void Refuse(List<JournalWork> works, SqliteFault fault)
    {
        // What the source has may be missing in the file by now.
        var isCopy = options.Source is not null;
        foreach (var work in works)
            work.Fail(fault.IsFull && !isCopy ? JournalStatus.Full : JournalStatus.Unavailable, $"{options.Path} {fault.What()}");
        if (fault.OutcomeUnknown || isCopy)
            Close();
    }

    void Close()
    {
        file?.Dispose();
        file = null;
    }

    // A broken invariant stops this journal, and nothing else: everybody who waits or comes later is told.
    void Stop(List<JournalWork> works, Exception bug, string why)
    {
        var told = new StoreUnavailableException(why, bug);
        works.AddRange(line.Abandon(told));
        foreach (var work in works)
            work.Fail(JournalStatus.Closed, told.Message);
    }

    // What a failed write left behind is known only by reading the file anew; a copy is made anew.
    JournalFile Reopen()
    {
        if (options.Source is not null)
            Remove();
        var reopened = new JournalFile(shape);
        try
        {
            if (options.Source is { } source)
                reopened.InTransaction(durable: false, () => source.Fill(reopened));
            options.Opened(reopened);
            return reopened;
        }
        catch
        {
            reopened.Dispose();
            throw;
        }
    }

    void Remove()
    {
        try
        {
            foreach (var part in new[] { "", "-wal", "-journal" })
                File.Delete(options.Path + part);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException($"{options.Path} cannot be made anew: {failed.Message}; check its folder", failed);
        }
    }

    sealed class WorkThrew(JournalWork work, Exception why) : Exception(why.Message, why)
    {
        public JournalWork Work => work;
    }
}
