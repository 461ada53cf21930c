using Mainstay.Core.Kinds;
using Mainstay.Core.Store;
using Mainstay.State.Decide.Flows;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Flows;

/// <summary>
/// Runs flows: every change of a run is durable before what follows from it is done, so that a run goes on from its last change after the server was killed at any moment. While nothing runs it holds a thread that
/// sleeps and one timer, and neither before the first run.
/// </summary>
public sealed class FlowEngine : IAsyncDisposable
{
    static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    readonly FlowEngineOptions options;
    readonly Lock gate = new();
    readonly CancellationTokenSource ending = new();
    readonly Queue<Dispatched> waiting = new();
    readonly ITimer timer;
    readonly EtcdFlows? shared;
    SqliteJournal? journal;
    DateTimeOffset nextWake = DateTimeOffset.MaxValue;
    int underWay;
    int openings;
    int disposed;
    bool looking;

    public FlowEngine(FlowEngineOptions options)
    {
        this.options = options;
        shared = options.Shared is { } place ? new EtcdFlows(place) : null;
        timer = options.Time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Where runs are kept, for people.</summary>
    public string Place => options.Shared?.Store.Name ?? options.Path;

    /// <summary>Whether another server goes on with the runs when this one is lost.</summary>
    public bool IsShared => shared is not null;

    internal LiveRuns Runs { get; } = new();

    internal DateTimeOffset Now => options.Time.GetUtcNow();

    /// <summary>Goes on with the runs that there are. Without a file nothing happens before the first run; shared ones are taken over from who led before.</summary>
    public void Resume() => Known();

    /// <summary>Starts a run; the run with this id, where it was started before with the same input.</summary>
    public Task<FlowReply> StartAsync(string id, FlowDeclared declared, FreeValue? input, string by, CancellationToken stop) =>
        AskAsync(new StartWork(this, FlowDecide.Start(id, declared.Definition, declared.Digest, input, by, Now), declared) { Stop = stop });

    /// <summary>Tells a run that something happened.</summary>
    public Task<FlowReply> TellAsync(string id, FlowEvent happened, CancellationToken stop) => AskAsync(new EventWork(this, id, happened) { Stop = stop });

    /// <summary>A run with its rows as they are on the disk; null where there is none.</summary>
    public Task<FlowDetail?> FindAsync(string id, CancellationToken stop) =>
        ReadAsync(file => FlowTables.Run(file, id) is { } run ? new FlowDetail(run, FlowTables.Definition(file, run.Definition), FlowTables.Rows(file, id)) : null, null, stop);

    /// <summary>Runs, newest first.</summary>
    public Task<List<FlowRun>> ListAsync(FlowQuery query, CancellationToken stop) => ReadAsync(file => FlowTables.List(file, query), [], stop);

    /// <summary>How many runs of each flow are in each state.</summary>
    public Task<List<(string Flow, FlowState State, long Count)>> CountsAsync(CancellationToken stop) => ReadAsync(FlowTables.Counts, [], stop);

    /// <summary>Ends; calls under way are given up, and made again by whoever goes on with the runs.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
            return;
        await ending.CancelAsync();
        await timer.DisposeAsync();
        shared?.EndSoon();
        if (Opened() is { } open)
            await open.DisposeAsync();
        shared?.Dispose();
    }

    /// <summary>What has become durable is acted on.</summary>
    internal void Follow(RunChange change)
    {
        var run = change.Plan.Run;
        foreach (var act in change.Plan.Acts)
            Dispatch(new(run, act, openings));
        if (change.Plan.Wake is { } wake)
            WakeAt(wake);
        if (run.HasEnded && !change.Before.HasEnded)
        {
            WakeAt(run.EndedAt!.Value + change.Live.Definition.Spec.Keep);
            options.OnEnded?.Invoke(run, [.. change.Live.Rows.Values]);
        }

        Runs.Rest(change.Live);
    }

    /// <summary>A look is over; the next one is due then.</summary>
    internal void Looked(DateTimeOffset? next)
    {
        lock (gate)
        {
            looking = false;
            nextWake = DateTimeOffset.MaxValue;
        }

        if (next is { } at)
            WakeAt(at);
    }

    /// <summary>Copies everything as of one moment to a file that is not there, while it goes on being used; false where there is nothing yet.</summary>
    /// <exception cref="StoreUnavailableException">It cannot be copied.</exception>
    public async Task<bool> CopyAsync(string path, CancellationToken stop)
    {
        if (Known() is not { } open)
            return false;
        await open.CopyAsync(path, stop);
        return true;
    }

    SqliteJournal? Opened()
    {
        lock (gate)
            return journal;
    }

    // Null where there is nothing yet.
    SqliteJournal? Known() => Opened() ?? (shared is not null || File.Exists(options.Path) ? Open() : null);

    async Task<T> ReadAsync<T>(Func<JournalFile, T> read, T none, CancellationToken stop)
    {
        if (Known() is not { } open)
            return none;
        var answer = await open.ReadAsync(read, stop);
        return answer.IsDone ? answer.Value! : throw new StoreUnavailableException(answer.Why ?? $"{options.Path} cannot be read");
    }

    async Task<FlowReply> AskAsync(FlowWork work)
    {
        try
        {
            var answer = await Open().DoAsync(work);
            return answer.IsDone ? answer.Value!
                : new(answer.Status switch { JournalStatus.Busy => FlowReplyKind.Busy, JournalStatus.Full => FlowReplyKind.DiskFull, _ => FlowReplyKind.Unavailable }, Problem: new("", answer.Why ?? "the runs cannot be written", "try again"));
        }
        catch (StoreUnavailableException unavailable)
        {
            return new(FlowReplyKind.Unavailable, Problem: new("", unavailable.Message, "see the server's log"));
        }
    }

    SqliteJournal Open()
    {
        lock (gate)
        {
            if (journal is not null)
                return journal;
            List<string> lost = [];
            journal = SqliteJournal.Open(new()
            {
                Path = options.Path,
                Application = FlowTables.Application,
                Tables = FlowTables.Tables,
                Source = shared,
                Opened = file =>
                {
                    Runs.Clear();
                    Interlocked.Increment(ref openings);
                    lost = FlowTables.Calling(file);
                    // The file was read anew after a fault, or is a copy of what a former leader left: which of the calls under way were begun is not known.
                    if (Opened() is not null)
                        Post(lost);
                },
            });
            Post(lost);
            looking = true;
            Post(new LookWork(this, null));
            return journal;
        }
    }

    void Look()
    {
        lock (gate)
        {
            if (looking || journal is null)
                return;
            looking = true;
        }

        Post(new LookWork(this, null));
    }

    void Post(List<string> lost)
    {
        foreach (var some in lost.Chunk(LookWork.Most))
            Post(new LookWork(this, some));
    }

    // What the disk refuses is asked again.
    void Post(LookWork work)
    {
        Opened()!.Post(work);
        _ = work.Answer.ContinueWith(
            async answered =>
            {
                if (answered.Result.IsDone || answered.Result.Status == JournalStatus.Closed)
                    return;
                options.OnFault("flow look", new InvalidOperationException(answered.Result.Why));
                await Task.Delay(TryAgain, options.Time, ending.Token);
                Post(new LookWork(this, work.Lost));
            },
            CancellationToken.None,
            TaskContinuationOptions.None,
            TaskScheduler.Default);
    }

    void WakeAt(DateTimeOffset at)
    {
        lock (gate)
        {
            if (at >= nextWake)
                return;
            nextWake = at;
            var wait = at - Now;
            timer.Change(wait < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : wait > Longest ? Longest : wait, Timeout.InfiniteTimeSpan);
        }
    }

    void Dispatch(Dispatched call)
    {
        lock (gate)
        {
            if (underWay >= options.MostCalls)
            {
                waiting.Enqueue(call);
                return;
            }

            underWay++;
        }

        ThreadPool.UnsafeQueueUserWorkItem(static s => _ = s.Engine.CallAsync(s.Call), (Engine: this, Call: call), preferLocal: false);
    }

    async Task CallAsync(Dispatched call)
    {
        var (run, act, _) = call;
        try
        {
            if (await IsOursAsync(call))
            {
                var answer = await options.Caller.CallAsync(run, act, ending.Token);
                if (!ending.IsCancellationRequested)
                    await TellSurelyAsync(run.Id, new(act.Path, act.Kind, act.Attempt, answer));
            }
        }
        catch (Exception fault) when (!ending.IsCancellationRequested)
        {
            options.OnFault("flow call", fault);
        }
        catch (OperationCanceledException)
        {
            // The engine ends: whoever goes on with the run makes the call again.
        }

        Dispatched next;
        lock (gate)
        {
            underWay--;
            if (!waiting.TryDequeue(out next) || ending.IsCancellationRequested)
                return;
            underWay++;
        }

        ThreadPool.UnsafeQueueUserWorkItem(static s => _ = s.Engine.CallAsync(s.Next), (Engine: this, Next: next), preferLocal: false);
    }

    // A server that was paused after the call was written down may find that another makes it by now; and one that had to read the runs anew makes it as one that was lost.
    async Task<bool> IsOursAsync(Dispatched call)
    {
        while (shared is { IsSure: false })
        {
            var seen = await Opened()!.ReadAsync(_ => true, ending.Token);
            if (seen.Status == JournalStatus.Closed)
                return false;
            if (!shared.IsSure)
                await Task.Delay(TryAgain, options.Time, ending.Token);
        }

        return call.Opening == Volatile.Read(ref openings);
    }

    // An answer that cannot be written now is written as soon as the disk allows.
    async Task TellSurelyAsync(string id, FlowAnswered answered)
    {
        while (true)
        {
            var work = new EventWork(this, id, answered);
            Opened()!.Post(work);
            var answer = await work.Answer;
            if (answer.IsDone || answer.Status == JournalStatus.Closed)
                return;
            options.OnFault("flow answer", new InvalidOperationException(answer.Why));
            await Task.Delay(TryAgain, options.Time, ending.Token);
        }
    }

    /// <summary>A call that is to be made.</summary>
    /// <param name="Opening">How often the runs had been read when it was decided.</param>
    readonly record struct Dispatched(FlowRun Run, FlowAct Act, int Opening);
}
