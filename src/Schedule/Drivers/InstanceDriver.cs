using System.Net;
using System.Threading.Channels;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Schedule.Agent;
using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Drivers.Containers;

namespace Mainstay.Schedule.Drivers;

/// <summary>Where and as whom instances run.</summary>
/// <param name="Address">Where they listen: an IP address of this host.</param>
/// <param name="Api">URL of the Admin API that they are told.</param>
/// <param name="Telemetry">Variables that say where telemetry goes.</param>
/// <param name="Containers">The socket of the container engine; null where there is none.</param>
/// <param name="Groups">Holds processes to their limits; null where nothing does.</param>
/// <param name="Bring">Brings the output of a build here, and says why not where it cannot; null where all that there is was built here.</param>
/// <param name="Secrets">Asks for an instance's secrets; null where nobody has any.</param>
/// <param name="Files">Asks for what instances' files are to hold; null where nobody has any.</param>
public sealed record InstancePlace(
    string Address,
    string Api,
    IReadOnlyDictionary<string, string>? Telemetry = null,
    string? Containers = null,
    ControlGroups? Groups = null,
    Func<string, CancellationToken, Task<string?>>? Bring = null,
    Func<string, CancellationToken, Task<SecretsGiven>>? Secrets = null,
    Func<FilesAsk, CancellationToken, Task<FilesGiven>>? Files = null);

/// <summary>
/// Carries out what <see cref="InstanceReconciler"/> plans and puts what it sees into the agent's store as <see cref="Proc"/>s. Everything seen goes
/// through one queue, so that what is written of an instance is in the order in which it happened.
/// </summary>
public sealed class InstanceDriver : IDriver, IAsyncDisposable
{
    readonly IStore store;
    readonly DataFolder folder;
    readonly InstancePlace place;
    readonly IPAddress address;
    readonly EventThread events;
    readonly TimeProvider time;
    readonly Action<string, Exception> onFault;
    readonly ProcessRuntime runtime;
    readonly ContainerRuntime containers;
    readonly LogKeeper logs;
    readonly HealthProber prober;
    readonly ExitFiles exits;
    readonly InstanceSecrets secrets;
    readonly InstanceFiles files;
    readonly HookRun hooks;
    readonly Channel<Func<ValueTask>> seen = Channel.CreateUnbounded<Func<ValueTask>>(new() { SingleReader = true });

    // Touched by the queue's reader alone, once it runs.
    readonly Dictionary<string, Proc> current = new(StringComparer.Ordinal);
    readonly Dictionary<string, Instance> started = new(StringComparer.Ordinal);
    readonly Dictionary<string, int> bringing = new(StringComparer.Ordinal);
    readonly CancellationTokenSource ending = new();
    Task reading = Task.CompletedTask;

    public InstanceDriver(IStore store, DataFolder folder, InstancePlace place, EventThread events, LogKeeper logs, TimeProvider time, Action<string, Exception> onFault)
    {
        (this.store, this.folder, this.place, this.events, this.logs, this.time, this.onFault) = (store, folder, place, events, logs, time, onFault);
        address = IPAddress.Parse(place.Address);
        exits = new(folder);
        secrets = new(folder, place.Secrets, time);
        hooks = new(events, time);
        files = new(folder, place.Files, time) { Tell = TellAsync, OnFault = onFault };
        var ports = new PortPicker(address, folder.AgentId);
        runtime = new(folder, ports, events, time) { OnChange = record => Enqueue(() => TakeAsync(record)), OnFault = onFault, Groups = place.Groups };
        containers = new(folder, place.Address, ports, place.Containers, time) { OnChange = record => Enqueue(() => TakeAsync(record)), OnFault = onFault };
        prober = new(events, time) { OnNews = (instance, epoch, view) => Enqueue(() => TakeAsync(instance, epoch, view)) };
    }

    /// <summary>
    /// Takes up what earlier runs of the agent left, before any act: every process that runs is in the store when it returns.
    /// </summary>
    /// <param name="wanted">The instances as last known.</param>
    public async Task RecoverAsync(IReadOnlyList<Instance> wanted)
    {
        foreach (var instance in wanted)
        {
            started[instance.Name] = instance;
            files.Adopt(instance);
        }

        foreach (var record in runtime.Recover())
        {
            logs.Adopt(record.Instance);
            await TakeAsync(record);
        }

        var held = wanted.Where(i => i.Template.Image is not null).Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var record in await containers.RecoverAsync(held, logs.Continue, CancellationToken.None))
        {
            logs.Adopt(record.Instance);
            await TakeAsync(record);
        }

        reading = Task.Run(ReadAsync);
    }

    public async ValueTask DoAsync(Act act, CancellationToken stop)
    {
        switch (act)
        {
            case StartProcess start:
                var missing = await secrets.PrepareAsync(start.Instance, stop);
                missing ??= start.Instance.Template.Files is null ? null : await FilesReadyAsync(start, stop);
                await AfterQueueAsync(() => Start(start, missing));
                break;
            case StopProcess end:
                await AfterQueueAsync(() => Stop(end));
                break;
            case ForgetProcess gone:
                await AfterQueueAsync(() => Forget(gone.Id));
                break;
        }
    }

    /// <summary>Brings what is published into the files of instances, until stopped.</summary>
    public Task FollowFilesAsync(CancellationToken stop) => files.RunAsync(stop);

    // What runs already is told of another file; what starts reads it.
    async Task<string?> FilesReadyAsync(StartProcess start, CancellationToken stop)
    {
        var runs = false;
        await AfterQueueAsync(() => runs = current.TryGetValue(start.Id, out var proc) && (proc.Epoch >= start.Epoch || proc.Phase == ProcPhase.Running));
        if (!runs)
        {
            return await files.PrepareAsync(start.Instance, stop);
        }

        files.Adopt(start.Instance);
        return null;
    }

    async Task<(Telling How, string Why)> TellAsync(string name, Core.Kinds.State.ConfigHook hook, string tag, CancellationToken stop)
    {
        (Instance Instance, Proc Proc)? found = null;
        await AfterQueueAsync(() => found = started.TryGetValue(name, out var instance) && current.TryGetValue(name, out var proc) ? (instance, proc) : null);
        return found is not var (of, running) ? (Telling.NotRunning, "") : await hooks.TellAsync(of, running, hook, tag, Command, stop);

        SpawnRequest Command(string command)
        {
            var (output, error) = logs.Continue(name);
            return Beside(of, IPEndPoint.TryParse(running.Endpoint, out var at) ? at.Port : 0, command) with { Output = output, Error = error };
        }
    }

    /// <summary>Runs a command in an instance's container, or with the environment of its process.</summary>
    public async Task<ExecAnswer> ExecAsync(ExecAsk ask, CancellationToken stop)
    {
        (Instance Instance, Proc Proc)? found = null;
        await AfterQueueAsync(() => found = started.TryGetValue(ask.Instance, out var instance) && current.TryGetValue(ask.Instance, out var proc) && proc.Phase == ProcPhase.Running ? (instance, proc) : null);
        if (found is not var (of, running))
        {
            return new() { Why = "it does not run" };
        }

        if (of.Template.Image is not null)
        {
            return await containers.ExecAsync(ask, stop);
        }

        var environment = EnvironmentOf(of, IPEndPoint.TryParse(running.Endpoint, out var at) ? at.Port : 0);
        environment[Tags.Agent] = folder.AgentId;
        return await ExecRun.RunAsync(ask, environment, of.Template.Folder, folder, events, time, stop);
    }

    /// <summary>Stops watching; the instances run on.</summary>
    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        runtime.Dispose();
        await containers.DisposeAsync();
        hooks.Dispose();
        await prober.DisposeAsync();
        seen.Writer.TryComplete();
        await reading;
        files.Dispose();
        ending.Dispose();
    }

    void Enqueue(Func<ValueTask> work) => seen.Writer.TryWrite(work);

    // The loop goes on once what the act changed is in the store; what the act throws is the loop's to retry.
    async ValueTask AfterQueueAsync(Action act)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(() =>
        {
            try
            {
                act();
                Enqueue(() =>
                {
                    done.SetResult();
                    return ValueTask.CompletedTask;
                });
            }
            catch (Exception fault)
            {
                done.SetException(fault);
            }

            return ValueTask.CompletedTask;
        });
        await done.Task;
    }

    // A defect in what one instance needs must not stop the others: it is told, and the queue goes on.
    async Task ReadAsync()
    {
        await foreach (var work in seen.Reader.ReadAllAsync())
        {
            try
            {
                await work();
            }
            catch (Exception fault)
            {
                onFault("instances", fault);
            }
        }
    }

    void Start(StartProcess start, string? missing)
    {
        var instance = start.Instance;
        started[start.Id] = instance;
        if (current.TryGetValue(start.Id, out var proc) && (proc.Epoch >= start.Epoch || proc.Phase == ProcPhase.Running))
        {
            if (proc.Phase == ProcPhase.Running && proc.WatchedAt is null)
            {
                Enqueue(() => PutAsync(Check(proc)));
            }

            return;
        }

        if (missing is not null)
        {
            Enqueue(() => TakeAsync(Failed(start, missing)));
            return;
        }

        if (place.Bring is { } bring && instance.Template is { Image: null, Build: { } build } && !Directory.Exists(folder.OutputOf(Build.ServiceOf(build), build)))
        {
            if (bringing.GetValueOrDefault(start.Id) != start.Epoch)
            {
                bringing[start.Id] = start.Epoch;
                _ = BringAsync(bring(build, ending.Token), start);
            }

            return;
        }

        (string Output, string Error) log;
        try
        {
            log = logs.Begin(start.Id);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Enqueue(() => TakeAsync(Failed(start, $"cannot open its log: {fault.Message}; free space or correct the permissions of {folder.InstanceLogs}")));
            return;
        }

        if (instance.Template.Image is not null)
        {
            containers.Start(new(start.Id, start.Epoch, instance.Template, port => EnvironmentOf(instance, port), log.Output, log.Error)
            {
                Service = instance.Service,
            });
            return;
        }

        runtime.Start(new(
            start.Id,
            start.Epoch,
            instance.Template.Once is null ? instance.Template.Run : exits.Noting(instance.Template.Run, start.Id, start.Epoch),
            FolderOf(instance.Template),
            port => EnvironmentOf(instance, port),
            log.Output,
            log.Error,
            instance.Template.Resources));
    }

    // What is asked for meanwhile, an end or another start, counts more.
    async Task BringAsync(Task<string?> bringingIt, StartProcess start)
    {
        var why = await bringingIt;
        Enqueue(() =>
        {
            if (bringing.GetValueOrDefault(start.Id) != start.Epoch)
            {
                return ValueTask.CompletedTask;
            }

            bringing.Remove(start.Id);
            if (why is not null)
            {
                return TakeAsync(Failed(start, why));
            }

            Start(start, missing: null);
            return ValueTask.CompletedTask;
        });
    }

    ProcessRecord Failed(StartProcess start, string message) => new() { Instance = start.Id, Epoch = start.Epoch, Phase = ProcPhase.Failed, EndedAt = time.GetUtcNow(), Message = message };

    // On another machine than the manifest's, what was built is all that there is.
    string FolderOf(InstanceTemplate template) =>
        template.Build is { } build && place.Bring is not null && !Directory.Exists(template.Folder) ? folder.OutputOf(Build.ServiceOf(build), build) : template.Folder;

    // What is asked of an instance never changes between process and container: another template is another instance.
    void Stop(StopProcess end)
    {
        bringing.Remove(end.Id);
        if (started.TryGetValue(end.Id, out var instance) && instance.Template.Image is not null)
        {
            containers.Stop(end.Id, end.Epoch, end.Grace);
        }
        else
        {
            runtime.Stop(end.Id, end.Epoch, end.Grace);
        }
    }

    void Forget(string instance)
    {
        bringing.Remove(instance);
        prober.End(instance);
        runtime.Forget(instance);
        containers.Forget(instance);
        exits.Forget(instance);
        secrets.Forget(instance);
        files.Forget(instance);
        logs.Close(instance);
        current.Remove(instance);
        started.Remove(instance);
    }

    ValueTask TakeAsync(ProcessRecord record)
    {
        var proc = new Proc
        {
            Name = record.Instance,
            Epoch = record.Epoch,
            Phase = record.Phase,
            Pid = record.Phase == ProcPhase.Running ? record.Pid : 0,
            Endpoint = record.Port == 0 ? "" : new IPEndPoint(address, record.Port).ToString(),
            StartedAt = record.StartedAt,
            EndedAt = record.EndedAt,
            ExitCode = record.ExitCode ?? (record.Phase == ProcPhase.Ended ? exits.Of(record.Instance, record.Epoch) : null),
            Message = record.Message,
            OutOfMemory = record.OutOfMemory,
        };
        if (record.Phase == ProcPhase.Running)
        {
            proc = Check(proc);
        }
        else
        {
            prober.End(record.Instance);
            logs.Flush(record.Instance);
        }

        return PutAsync(proc);
    }

    // An adopted instance that was ready counts as healthy until its checks say otherwise.
    Proc Check(Proc proc)
    {
        if (!started.TryGetValue(proc.Name, out var instance))
        {
            return proc;
        }

        var now = time.GetUtcNow();
        if (instance.Template.Once is not null)
        {
            // A task is not asked how it does: it runs, or it has ended.
            return proc with { WatchedAt = now, Health = HealthState.Healthy, HealthAt = proc.StartedAt ?? now };
        }

        var endpoint = IPEndPoint.Parse(proc.Endpoint);
        var wasReady = instance.Status.Epoch == proc.Epoch && instance.Status.ReadyAt is not null;
        var view = wasReady ? new HealthView(HealthState.Healthy, instance.Status.ReadyAt ?? now) : new HealthView(HealthState.Unknown, now);
        Func<string, TimeSpan, CancellationToken, Task<(int?, string)>>? inside = instance.Template.Image is null ? null : (command, most, stop) => containers.ExecAsync(proc.Name, command, most, stop);
        prober.Begin(
            new(proc.Name, proc.Epoch, instance.Template.Health, endpoint, command => Beside(instance, endpoint.Port, command), inside) { Listens = WatchOf(proc, instance, endpoint) },
            view);
        return proc with { WatchedAt = now, Health = view.State, HealthAt = view.Since };
    }

    ListenWatch WatchOf(Proc proc, Instance instance, IPEndPoint endpoint)
    {
        var (container, name, pid) = (instance.Template.Image is null ? null : instance.Template.Container ?? new(), proc.Name, proc.Pid);
        return new(
            container?.Network == ContainerNetwork.Bridge ? new(IPAddress.Any, container.Port) : endpoint,
            () => ProcessTable.Listeners(folder.AgentId, name, pid, container?.Network),
            time);
    }

    Dictionary<string, string> EnvironmentOf(Instance instance, int port)
    {
        var given = new Dictionary<string, string>(secrets.Of(instance.Name), StringComparer.Ordinal);
        foreach (var (variable, path) in files.Of(instance))
        {
            given[variable] = path;
        }

        return InstanceEnvironment.Of(instance, place, port, folder, given);
    }

    SpawnRequest Beside(Instance instance, int port, string command)
    {
        var environment = EnvironmentOf(instance, port);
        environment[Tags.Agent] = folder.AgentId;
        return new(ShellCommand.Argv(command), environment, FolderOf(instance.Template), "/dev/null", "/dev/null");
    }

    ValueTask TakeAsync(string instance, int epoch, HealthView view) =>
        current.TryGetValue(instance, out var proc) && proc.Epoch == epoch && proc.Phase == ProcPhase.Running
            ? PutAsync(proc with { Health = view.State, HealthAt = view.Since, Message = view.Message })
            : ValueTask.CompletedTask;

    async ValueTask PutAsync(Proc proc)
    {
        current[proc.Name] = proc;
        await store.CommitAsync(new([], [new(AgentKinds.All.Of<Proc>().KeyOf(proc.Name), Codec.Encode(proc))]));
    }
}
