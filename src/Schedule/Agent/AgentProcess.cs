using System.Net;
using System.Reflection;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Drivers;
using Mainstay.Schedule.Drivers.Containers;

namespace Mainstay.Schedule.Agent;

/// <summary>
/// The agent role: starts, checks and stops the instances of one host and makes its builds, as the server says, and goes on alone while there is no
/// server. Instances outlive it; its next run adopts them.
/// </summary>
public sealed class AgentProcess
{
    // History for watches that lag behind; one that lags further lists again.
    const int KeepRevisions = 10_000;

    readonly AgentOptions options;
    readonly TimeProvider time;
    readonly Action<string> log;

    AgentProcess(AgentOptions options, TimeProvider time, Action<string> log) => (this.options, this.time, this.log) = (options, time, log);

    public static string Version { get; } =
        typeof(AgentProcess).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    /// <summary>The container engine's socket on this machine; see <see cref="ContainerRuntime.FindSocket"/>.</summary>
    public static string? ContainerSocket(Func<string, string?> variable) => ContainerRuntime.FindSocket(variable);

    /// <summary>Runs until stopped, leaving the instances running.</summary>
    /// <param name="options">What to do where.</param>
    /// <param name="time">Clock and timers.</param>
    /// <param name="stop">Ends it.</param>
    /// <param name="log">Takes a line for people; null for none.</param>
    /// <returns>Null after a stop; else why it cannot work here, at once.</returns>
    public static async Task<Problem?> RunAsync(AgentOptions options, TimeProvider time, CancellationToken stop, Action<string>? log = null)
    {
        if (!IPAddress.TryParse(options.Address, out _))
        {
            return new("address", $"'{options.Address}' is not an IP address", "give the address at which gateways reach this host");
        }

        if (!Uri.TryCreate(options.ServerUrl, UriKind.Absolute, out var server) || server.Scheme is not ("http" or "https"))
        {
            return new("server", $"'{options.ServerUrl}' is not the address of a server", "give it as http://host:port");
        }

        DataFolder folder;
        try
        {
            folder = new(options.DataFolder);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return new("data", $"the data folder {options.DataFolder} cannot be used: {fault.Message}", "free space, correct its permissions, or give another with --data");
        }

        using var held = Hold(folder, out var problem);
        if (held is not null)
        {
            await new AgentProcess(options, time, log ?? (_ => { })).WorkAsync(folder, stop);
        }

        return problem;
    }

    // 1. Recover, 2. reconcile, 3. only then talk to the server. What is not known to be wanted is ended only when it is known what is.
    async Task WorkAsync(DataFolder folder, CancellationToken stop)
    {
        await using var store = new MemoryStore(time, KeepRevisions);
        using var events = new EventThread("agent-events");
        using var instanceLogs = new LogKeeper(folder.InstanceLogs, events, time) { OnFault = Fault };
        using var buildLogs = new LogKeeper(folder.BuildLogs, events, time) { OnFault = Fault };
        var groups = ControlGroups.Find(folder.AgentId);
        using var server = new ServerLink(options);
        var inUse = new OutputsInUse();
        Func<string, CancellationToken, Task<string?>>? bring = options.Tls is null ? null : new OutputFetcher(folder, new ServerOutputs(server, time)) { InUse = inUse.Names, OnFault = Fault }.BringAsync;
        await using var driver = new InstanceDriver(store, folder, new(options.InstanceAddress, options.ServerUrl, options.Telemetry, options.Containers, groups, bring, server.SecretsAsync, server.FilesAsync), events, instanceLogs, time, Fault);
        using var book = new WorkBook(store, folder);
        await using var builder = new Builder(store, folder, events, buildLogs, time) { InUse = inUse.Names, OnFault = Fault };
        using var execs = new ExecRunner(driver, server, Fault);
        WorkStream? stream = null;
        var clock = BootClock.Beside(time);
        var file = new TermFile<LeaseTerm>(Path.Combine(folder.Agent, "lease.json"), "lease.json", Fault);
        var movers = new Movers();
        var lease = new LeaseKeeper(store, time, clock, LeaseTerm.Begin(file.Read(), ProcessTable.BootId, clock())) { Renew = () => stream!.Renew(), Keep = file.Write, Matters = movers.Any };
        var reporter = new Reporter(server, options, time) { Limits = groups.Description, OnFault = Fault, OnAnswered = lease.Answered, Clock = clock };
        stream = new WorkStream(server, time)
        {
            OnConnected = () =>
            {
                log($"connected to {server.Server.GetLeftPart(UriPartial.Authority)}");
                reporter.Complete();
            },
            OnMessage = async (message, ended) =>
            {
                execs.Take(message.Execs, stop);
                await book.TakeAsync(message, ended);
                if (message.Full)
                {
                    lease.Told(stream!.Current);
                }
            },
            OnFault = Fault,
        };

        var known = await book.LoadAsync();
        foreach (var instance in known)
        {
            movers.Note(instance.Name, instance);
        }

        await driver.RecoverAsync(known);
        log($"agent of {options.Host} at work in {folder.Root}");
        await TogetherAsync(
            stop,
            until => FollowAsync(store, reporter, inUse, movers, book, until),
            until => LoopAsync(new InstanceReconciler(), store, driver, book, until),
            until => LoopAsync(new BuildReconciler(), store, builder, book, until),
            driver.FollowFilesAsync,
            stream.RunAsync,
            lease.RunAsync,
            reporter.RunAsync);
    }

    // A part that fails takes the others with it: half an agent would look like a whole one. The next run goes on where this one stood.
    static async Task TogetherAsync(CancellationToken stop, params Func<CancellationToken, Task>[] parts)
    {
        using var all = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var running = parts.Select(part => Task.Run(() => part(all.Token), CancellationToken.None)).ToList();
        var first = await Task.WhenAny(running);
        await all.CancelAsync();
        await Task.WhenAll(running);
        await first;
    }

    async Task LoopAsync(IReconciler reconciler, MemoryStore store, IDriver driver, WorkBook book, CancellationToken stop)
    {
        await book.Known.Task.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await new Loop(store, AgentKinds.All, reconciler, driver, time) { OnFault = Fault }.RunAsync(stop);
    }

    // Every change of what is wanted or seen: for the reports, the builder, and the disk.
    async Task FollowAsync(MemoryStore store, Reporter reporter, OutputsInUse inUse, Movers movers, WorkBook book, CancellationToken stop)
    {
        var saver = new Saver(book, time, Fault);
        try
        {
            while (true)
            {
                var range = await store.RangeAsync("", stop: stop);
                foreach (var entry in range.Entries)
                {
                    Note(new(entry.Key, entry, null), reporter, inUse, movers);
                }

                await foreach (var batch in store.WatchAsync("", range.Revision + 1, stop))
                {
                    foreach (var change in batch.Changes)
                    {
                        if (Note(change, reporter, inUse, movers))
                        {
                            saver.Ask(stop);
                        }
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }

        await saver.Saving;
        await saver.SaveAsync(TimeSpan.Zero, CancellationToken.None);
    }

    bool Note(Change change, Reporter reporter, OutputsInUse inUse, Movers movers)
    {
        var kind = AgentKinds.All.OfKey(change.Key);
        var name = change.Key[(kind?.Prefix.Length ?? 0)..];
        if (kind is Kind<Instance> instances)
        {
            var instance = change.Current is { } entry ? instances.Decode(entry) : null;
            inUse.Note(name, instance?.Template.Build);
            movers.Note(name, instance);
            reporter.Note(name, instance?.Status);
            options.Running?.Note(name, instance);
            return true;
        }

        if (kind is Kind<Proc> procs)
        {
            options.Running?.Note(name, change.Current is { } entry ? procs.Decode(entry) : null);
            return false;
        }

        if (kind is Kind<Build> builds)
        {
            reporter.Note(name, change.Current is { } entry ? builds.Decode(entry).Status : null);
            return true;
        }

        return false;
    }

    void Fault(string what, Exception fault) => log($"{what}: {fault.Message}");

    // The lock goes with the process, however that ends.
    static FileStream? Hold(DataFolder folder, out Problem? problem)
    {
        try
        {
            problem = null;
            return new FileStream(Path.Combine(folder.Agent, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            problem = new("data", $"another agent works on {folder.Root} ({fault.Message})", "stop it, or give this one another folder with --data");
            return null;
        }
    }

    /// <summary>Writes statuses to disk some time after they changed: they matter to the next run, but not so much that each is worth a write.</summary>
    sealed class Saver(WorkBook book, TimeProvider time, Action<string, Exception> onFault)
    {
        static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(250);

        public Task Saving { get; private set; } = Task.CompletedTask;

        public void Ask(CancellationToken stop)
        {
            if (Saving.IsCompleted)
            {
                Saving = SaveAsync(Wait, stop);
            }
        }

        public async Task SaveAsync(TimeSpan wait, CancellationToken stop)
        {
            try
            {
                await Task.Delay(wait, time, stop);
                await book.SaveAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                onFault("wanted.json", fault);
            }
        }
    }

    /// <summary>The instances of this host that another one could take over.</summary>
    sealed class Movers
    {
        readonly HashSet<string> names = new(StringComparer.Ordinal);

        public void Note(string name, Instance? instance)
        {
            lock (names)
            {
                _ = instance?.Template.Moves == true ? names.Add(name) : names.Remove(name);
            }
        }

        public bool Any()
        {
            lock (names)
            {
                return names.Count > 0;
            }
        }
    }

    /// <summary>The builds that instances of this host run from.</summary>
    sealed class OutputsInUse
    {
        readonly Dictionary<string, string> byInstance = new(StringComparer.Ordinal);

        public void Note(string instance, string? build)
        {
            lock (byInstance)
            {
                if (build is null)
                {
                    byInstance.Remove(instance);
                }
                else
                {
                    byInstance[instance] = build;
                }
            }
        }

        public HashSet<string> Names()
        {
            lock (byInstance)
            {
                return byInstance.Values.ToHashSet(StringComparer.Ordinal);
            }
        }
    }
}
