using System.Collections.Concurrent;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Drivers;

/// <summary>
/// Runs builds, half as many at once as there are processors and one. A build writes to <c>$OUT</c>, a folder that gets its final name only when the
/// command has succeeded: what is there is whole, and is not built again.
/// </summary>
public sealed class Builder(IStore store, DataFolder folder, EventThread events, LogKeeper logs, TimeProvider time) : IDriver, IAsyncDisposable
{
    const int TailBytes = 4 << 10;

    readonly ConcurrentDictionary<string, Job> jobs = new(StringComparer.Ordinal);
    readonly SemaphoreSlim slots = new((Environment.ProcessorCount / 2) + 1);
    readonly CancellationTokenSource ending = new();

    /// <summary>The builds whose output is in use, as <c>service-digest12</c>; they are kept however old they are.</summary>
    public Func<IReadOnlySet<string>> InUse { get; init; } = () => new HashSet<string>();

    /// <summary>Called with what went wrong and is done without, for the log. Default: nothing.</summary>
    public Action<string, Exception> OnFault { get; init; } = (_, _) => { };

    public ValueTask DoAsync(Act act, CancellationToken stop)
    {
        if (act is RunBuild run)
        {
            Begin(run.Build);
        }
        else if (act is CancelBuild cancel && jobs.TryGetValue(cancel.Id, out var job))
        {
            job.Stop.Cancel();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Ends what is being built; it is built again after the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await Task.WhenAll(jobs.Values.Select(j => j.Work));
        ending.Dispose();
        slots.Dispose();
    }

    void Begin(Build build)
    {
        lock (jobs)
        {
            if (ending.IsCancellationRequested || (jobs.TryGetValue(build.Name, out var known) && (known.Attempt >= build.Attempt || !known.Work.IsCompleted)))
            {
                return;
            }

            var job = new Job(build.Attempt, CancellationTokenSource.CreateLinkedTokenSource(ending.Token));
            jobs[build.Name] = job;
            job.Work = Task.Run(() => RunAsync(build, job.Stop.Token));
        }
    }

    async Task RunAsync(Build build, CancellationToken stop)
    {
        var run = new BuildRun { Name = build.Name, Attempt = build.Attempt, State = BuildState.Running, StartedAt = time.GetUtcNow() };
        try
        {
            await PutAsync(run);
            var output = folder.OutputOf(build.Service, build.Name);
            if (Directory.Exists(output))
            {
                Directory.SetLastWriteTimeUtc(output, time.GetUtcNow().UtcDateTime);
                run = run with { State = BuildState.Succeeded, FinishedAt = time.GetUtcNow() };
            }
            else
            {
                await slots.WaitAsync(stop);
                try
                {
                    run = await BuildAsync(build, run, output, stop);
                }
                finally
                {
                    slots.Release();
                }

                OldOutputs.Prune(folder, build.Service, InUse(), OnFault);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            run = Failed(run, null, "cancelled");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            run = Failed(run, null, $"{fault.Message}; free space or correct the permissions of {folder.Builds}");
        }

        if (!ending.IsCancellationRequested)
        {
            await PutAsync(run);
        }
    }

    async Task<BuildRun> BuildAsync(Build build, BuildRun run, string output, CancellationToken stop)
    {
        var unfinished = output + ".tmp";
        if (!Directory.Exists(build.Folder))
        {
            return Failed(run, null, $"the folder {build.Folder} does not exist; create it or correct 'folder'");
        }

        if (Directory.Exists(unfinished))
        {
            Directory.Delete(unfinished, recursive: true);
        }

        Directory.CreateDirectory(unfinished);
        var (log, error) = logs.Begin(build.Name);
        var environment = InstanceEnvironment.Inherited();
        environment["OUT"] = unfinished;
        environment[Tags.Agent] = folder.AgentId;
        environment[Tags.Instance] = Tags.BuildPrefix + build.Name;
        var (code, why) = await OneShot.RunAsync(
            new(ShellCommand.Argv(build.Command), environment, build.Folder, log, error), events, build.Timeout, time, stop);
        logs.Flush(build.Name);
        if (code == 0)
        {
            Directory.Move(unfinished, output);
            logs.Close(build.Name);
            return run with { State = BuildState.Succeeded, ExitCode = 0, FinishedAt = time.GetUtcNow() };
        }

        Directory.Delete(unfinished, recursive: true);
        var tail = Tail(build.Name);
        logs.Close(build.Name);
        return Failed(run, code, why.Length > 0 ? $"{why}\n{tail}" : tail);
    }

    BuildRun Failed(BuildRun run, int? code, string tail) =>
        run with { State = BuildState.Failed, ExitCode = code, Tail = tail.TrimEnd(), FinishedAt = time.GetUtcNow() };

    // The last whole lines that fit.
    string Tail(string build)
    {
        var lines = LogSegments.Tail(Path.Combine(folder.BuildLogs, build), TailBytes / 2).Lines.OrderBy(l => l.At).Select(l => l.Text).ToList();
        var bytes = 0;
        var from = lines.Count;
        while (from > 0 && (bytes += System.Text.Encoding.UTF8.GetByteCount(lines[from - 1]) + 1) <= TailBytes - 200)
        {
            from--;
        }

        return string.Join('\n', lines.Skip(from));
    }

    async Task PutAsync(BuildRun run) =>
        await store.CommitAsync(new([], [new(AgentKinds.All.Of<BuildRun>().KeyOf(run.Name), Codec.Encode(run))]));

    sealed class Job(int attempt, CancellationTokenSource stop)
    {
        public int Attempt => attempt;

        public CancellationTokenSource Stop => stop;

        public Task Work { get; set; } = Task.CompletedTask;
    }
}
