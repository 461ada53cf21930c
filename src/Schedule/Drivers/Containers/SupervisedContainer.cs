using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Schedule.Agent;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Drivers.Containers;

/// <summary>The container of one instance from its start, or adoption, to its end. What is asked and seen goes through one lock; what takes time runs beside it.</summary>
sealed class SupervisedContainer(string instance, SupervisedContainer.Surroundings world) : IAsyncDisposable
{
    static readonly TimeSpan Again = TimeSpan.FromSeconds(1);

    readonly Lock gate = new();
    readonly CancellationTokenSource disposed = new();
    readonly TermFile<StopTerm> stopping = new(Path.Combine(world.Folder.Records, instance + ".stop"), $"stop of {instance}", world.OnFault);
    ProcessRecord? record;
    Life? life;
    ITimer? killTimer;
    Task logging = Task.CompletedTask;
    TimeSpan? killAt;

    /// <summary>Takes up a container that an earlier run of us left. One that was asked to end has the rest of its grace, and is not asked again.</summary>
    public async Task<ProcessRecord> AdoptAsync(ContainerRuntime.Found found, (string Output, string Error) files, CancellationToken stop)
    {
        var seen = await world.Engine.InspectAsync(found.Id, stop);
        var next = Seen(new ProcessRecord { Instance = instance, Epoch = found.Epoch, Phase = ProcPhase.Starting, Port = found.Port }, seen, null);
        if (next.Phase == ProcPhase.Ended)
        {
            await TryAsync("logs", () => new ContainerLog(world.Engine, PositionFile, world.Time).FollowAsync(found.Id, files.Output, files.Error, stop));
            next = next with { EndedAt = world.Time.GetUtcNow() };
        }

        lock (gate)
        {
            // Made and never started: as if the start had not been asked for.
            record = next.Phase == ProcPhase.Starting ? next with { Phase = ProcPhase.Ended, Epoch = found.Epoch - 1 } : next;
            life = new(found.Id, new CancellationTokenSource()) { StopSignal = StopSignalOf(seen) ?? "SIGTERM" };
            if (record.Phase == ProcPhase.Running)
            {
                var now = life;
                if (stopping.Read() is { } term && term.Epoch == found.Epoch && term.Boot == ProcessTable.BootId)
                {
                    (killAt, now.Asked) = (term.KillAt, true);
                    KillIn(now, term.KillAt - world.Clock());
                }

                var limit = (long?)seen?["HostConfig"]?["Memory"] is > 0 and var bytes ? new ByteSize(bytes) : (ByteSize?)null;
                _ = Task.Run(() => WatchAsync(now, files.Output, files.Error, limit), CancellationToken.None);
            }

            return record;
        }
    }

    public void Start(ContainerStart start)
    {
        lock (gate)
        {
            if (disposed.IsCancellationRequested || (record is not null && (record.Epoch >= start.Epoch || record.Phase is ProcPhase.Running or ProcPhase.Starting)))
            {
                return;
            }

            var before = life;
            killAt = null;
            stopping.Delete();
            life = new(null, new CancellationTokenSource());
            Tell(new ProcessRecord { Instance = instance, Epoch = start.Epoch, Phase = ProcPhase.Starting, Port = record?.Port ?? 0 });
            var now = life;
            _ = Task.Run(() => LiveAsync(start, before, now), CancellationToken.None);
        }
    }

    public void Stop(int epoch, TimeSpan grace)
    {
        lock (gate)
        {
            if (disposed.IsCancellationRequested)
            {
                return;
            }

            if (record is not { Phase: ProcPhase.Running or ProcPhase.Starting })
            {
                // An epoch that was stopped before it was started never starts: whoever waits for its end is told.
                Tell(record is null || record.Epoch < epoch ? new ProcessRecord { Instance = instance, Epoch = epoch, Phase = ProcPhase.Ended, Port = record?.Port ?? 0, EndedAt = world.Time.GetUtcNow() } : record);
                return;
            }

            if (record.Epoch != epoch || life is null)
            {
                return;
            }

            life.Asked = true;
            if (record.Phase == ProcPhase.Starting)
            {
                life.Stop.Cancel();
                return;
            }

            var due = world.Clock() + grace;
            if (killAt <= due)
            {
                return;
            }

            var isFirst = killAt is null;
            killAt = due;
            if (isFirst && grace > TimeSpan.Zero)
            {
                AskToEnd(life);
            }
            else
            {
                stopping.Write(new(epoch, ProcessTable.BootId, due));
            }

            KillIn(life, grace);
        }
    }

    /// <summary>False where the container still runs.</summary>
    public bool Forget()
    {
        lock (gate)
        {
            if (record is null || record.Phase is ProcPhase.Running or ProcPhase.Starting)
            {
                return record is null;
            }

            new ContainerLog(world.Engine, PositionFile, world.Time).Forget();
            stopping.Delete();
            world.Ports.Release(instance, record.Port);
            record = null;
            if (life?.Id is { } id)
            {
                _ = Task.Run(() => TryAsync("remove", () => world.Engine.RemoveAsync(id, CancellationToken.None)), CancellationToken.None);
            }

            return true;
        }
    }

    public Task<(int? ExitCode, string Why)> ExecAsync(string command, TimeSpan timeout, CancellationToken stop) => ExecAsync([ShellCommand.Shell, "-c", command], timeout, null, stop);

    public async Task<ExecAnswer> ExecAsync(ExecAsk ask, CancellationToken stop)
    {
        using var written = new ExecOutput(ExecAsk.MostOutput);
        var (code, why) = await ExecAsync(ask.Command, ask.Timeout, written, stop);
        return new() { ExitCode = code, Why = why, Output = written.Output, Error = written.Error };
    }

    async Task<(int? ExitCode, string Why)> ExecAsync(IReadOnlyList<string> argv, TimeSpan timeout, ExecOutput? into, CancellationToken stop)
    {
        string? id;
        lock (gate)
        {
            id = record is { Phase: ProcPhase.Running } ? life?.Id : null;
        }

        if (id is null)
        {
            return (null, "it does not run");
        }

        using var deadline = new CancellationTokenSource(timeout, world.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            return (await world.Engine.ExecAsync(id, argv, into, either.Token), "");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return (null, $"took longer than {Durations.Format(timeout)}");
        }
        catch (Exception fault) when (fault is EngineException or HttpRequestException or IOException)
        {
            return (null, fault.Message);
        }
    }

    /// <summary>Stops watching, once it is kept how far its log was written; the container runs on.</summary>
    public async ValueTask DisposeAsync()
    {
        Task last;
        lock (gate)
        {
            disposed.Cancel();
            killTimer?.Dispose();
            last = logging;
        }

        await last;
    }

    string PositionFile => Path.Combine(world.Folder.Records, instance + ".logged");

    // 1. The image, 2. what an earlier epoch left goes, 3. create, 4. start, 5. watch. Asked to stop before it runs, it never does.
    async Task LiveAsync(ContainerStart start, Life? before, Life now)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(disposed.Token, now.Stop.Token);
        try
        {
            while (!await world.Images.UseAsync(start.Service, start.Template.Image!, await FetchAsync(start.Template, either.Token), either.Token))
            {
                // It was removed in this instant, as one that nobody used.
            }

            if (before?.Id is { } old)
            {
                await world.Engine.RemoveAsync(old, either.Token);
            }

            new ContainerLog(world.Engine, PositionFile, world.Time).Forget();
            if (world.Ports.Pick(instance, record?.Port ?? 0) is not { } port)
            {
                throw new IOException($"no port from {PortPicker.First} to {PortPicker.Last} is free; stop what holds them");
            }

            var name = $"mainstay-{world.Folder.AgentId[..8]}-{instance}-{start.Epoch.ToString(CultureInfo.InvariantCulture)}";
            var bridge = InstanceEnvironment.CallsFromBridge(start.Template) ? await world.Bridge.UseAsync(either.Token) : null;
            await BeginAsync(now, name, ContainerWish.Of(start, world.Folder.AgentId, world.Address, port, bridge), either.Token);
            var seen = await world.Engine.InspectAsync(now.Id!, either.Token);
            now.StopSignal = StopSignalOf(seen) ?? now.StopSignal;
            lock (gate)
            {
                // One that has ended already is told to have run first, and its end once what it wrote is there.
                var begun = record! with { Port = port, StartedAt = world.Time.GetUtcNow() };
                Tell(Seen(begun, seen, null) is { Phase: ProcPhase.Running } running ? running : begun with { Phase = ProcPhase.Running });
            }

            await WatchAsync(now, start.Output, start.Error, start.Template.Reserved.Memory);
        }
        catch (OperationCanceledException) when (disposed.IsCancellationRequested)
        {
            // Whoever comes next adopts what was made.
        }
        catch (OperationCanceledException)
        {
            await DropAsync(now);
            Over(ProcPhase.Ended, "");
        }
        catch (Exception fault) when (fault is EngineException or HttpRequestException or IOException or UnauthorizedAccessException)
        {
            await DropAsync(now);
            Over(ProcPhase.Failed, fault is HttpRequestException ? $"the container engine at {world.Engine.SocketPath} cannot be reached ({fault.Message}); start it" : fault.Message);
        }
    }

    // Whether it had to be fetched.
    async Task<bool> FetchAsync(InstanceTemplate template, CancellationToken stop)
    {
        var pull = template.Container?.Pull ?? ImagePull.Missing;
        if (pull != ImagePull.Always && await world.Engine.HasImageAsync(template.Image!, stop))
        {
            return false;
        }

        if (pull == ImagePull.Never)
        {
            throw new IOException($"image {template.Image} is not on this host; put it there, or let it be fetched with 'pull: missing'");
        }

        try
        {
            var before = await world.Engine.ImageAsync(template.Image!, stop);
            await world.Engine.PullAsync(template.Image!, await LoginAsync(template.Container?.Login, stop), stop);
            return (await world.Engine.ImageAsync(template.Image!, stop))?.Id != before?.Id;
        }
        catch (EngineException refused)
        {
            throw new IOException($"image {template.Image} cannot be fetched: {refused.Message}; check its name, and container.login where the registry asks who you are");
        }
    }

    static async Task<string?> LoginAsync(string? place, CancellationToken stop) =>
        place is null ? null
        : SecretPlace.Variable(place) is { } variable ? Environment.GetEnvironmentVariable(variable) ?? throw new IOException($"the variable {variable} with the registry's login is not set; set it for the agent")
        : (await File.ReadAllTextAsync(place, stop)).Trim();

    // Not every engine has the small init that passes signals on and reaps; without it the image's program is process 1 itself.
    async Task BeginAsync(Life now, string name, JsonObject wish, CancellationToken stop)
    {
        try
        {
            now.Id = await CreateAsync(name, wish, stop);
            await world.Engine.StartAsync(now.Id, stop);
        }
        catch (EngineException refused) when (refused.Message.Contains("init", StringComparison.OrdinalIgnoreCase) || refused.Message.Contains("catatonit", StringComparison.OrdinalIgnoreCase))
        {
            wish["HostConfig"]!["Init"] = false;
            now.Id = await CreateAsync(name, wish, stop);
            await world.Engine.StartAsync(now.Id, stop);
        }
    }

    // Docker tells a name, Podman a number.
    static string? StopSignalOf(JsonNode? seen) => seen?["Config"]?["StopSignal"]?.ToString() is { Length: > 0 } signal ? signal : null;

    // A name that is taken is what we made when we ended between making and noting it.
    async Task<string> CreateAsync(string name, JsonObject wish, CancellationToken stop)
    {
        try
        {
            return await world.Engine.CreateAsync(name, wish, stop);
        }
        catch (EngineException taken) when (taken.Status == HttpStatusCode.Conflict || taken.Message.Contains("already in use", StringComparison.Ordinal))
        {
            await world.Engine.RemoveAsync(name, stop);
            return await world.Engine.CreateAsync(name, wish, stop);
        }
    }

    // Until it ends. An engine that goes away takes no verdict with it: it is asked again until it is back.
    async Task WatchAsync(Life now, string output, string error, ByteSize? memory)
    {
        Task written;
        lock (gate)
        {
            written = logging = Task.Run(() => TryAsync("logs", () => new ContainerLog(world.Engine, PositionFile, world.Time).FollowAsync(now.Id!, output, error, disposed.Token)), CancellationToken.None);
        }

        while (!disposed.IsCancellationRequested)
        {
            try
            {
                await world.Engine.WaitAsync(now.Id!, disposed.Token);
                var seen = await world.Engine.InspectAsync(now.Id!, disposed.Token);
                if (seen?["State"]?["Running"]?.GetValue<bool>() != true)
                {
                    await written;
                    lock (gate)
                    {
                        killTimer?.Dispose();
                        killTimer = null;
                        Tell(Seen(record!, seen, now.Asked ? null : memory) with { EndedAt = world.Time.GetUtcNow(), Phase = ProcPhase.Ended, Pid = 0 });
                    }

                    return;
                }
            }
            catch (OperationCanceledException) when (disposed.IsCancellationRequested)
            {
                return;
            }
            catch (EngineException gone) when (gone.Status == HttpStatusCode.NotFound)
            {
                Over(ProcPhase.Ended, "");
                return;
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException or EngineException)
            {
                world.OnFault($"container of {instance}", fault);
            }

            await Task.Delay(Again, world.Time, disposed.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    ProcessRecord Seen(ProcessRecord last, JsonNode? seen, ByteSize? memory)
    {
        var state = seen?["State"];
        if (state is null)
        {
            return last with { Phase = ProcPhase.Ended, Pid = 0, EndedAt = world.Time.GetUtcNow() };
        }

        var started = DateTimeOffset.TryParse((string?)state["StartedAt"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) && at.Year > 1970 ? at.ToUniversalTime() : last.StartedAt;
        if ((bool?)state["Running"] == true)
        {
            return last with { Phase = ProcPhase.Running, Pid = (int?)state["Pid"] ?? 0, StartedAt = started };
        }

        if ((string?)state["Status"] is "created" or "configured" or "initialized")
        {
            return last with { Phase = ProcPhase.Starting };
        }

        // Podman does not always say who ended it: by force, unasked and with a limit leaves the kernel alone.
        var code = (int?)state["ExitCode"];
        var isMemory = (bool?)state["OOMKilled"] == true || (code == 137 && memory is not null);
        return last with
        {
            Phase = ProcPhase.Ended, Pid = 0, StartedAt = started, ExitCode = code, OutOfMemory = isMemory,
            Message = isMemory ? $"ended by the kernel: it needs more memory than {(memory is { } limit ? $"its limit of {limit}" : "its limit")}" : "",
        };
    }

    void Over(ProcPhase phase, string message)
    {
        lock (gate)
        {
            if (record is not null && !disposed.IsCancellationRequested)
            {
                Tell(record with { Phase = phase, Pid = 0, EndedAt = world.Time.GetUtcNow(), Message = message });
            }
        }
    }

    void Tell(ProcessRecord next)
    {
        record = next;
        world.OnChange(next);
    }

    // Kept once the engine has passed the signal on: whoever comes after us goes on with it, and asks where that was not done.
    void AskToEnd(Life to) => _ = Task.Run(
        () => TryAsync(to.StopSignal, async () =>
        {
            await world.Engine.KillAsync(to.Id!, to.StopSignal, disposed.Token);
            lock (gate)
            {
                if (ReferenceEquals(to, life) && record is { Phase: ProcPhase.Running } && killAt is { } due)
                {
                    stopping.Write(new(record.Epoch, ProcessTable.BootId, due));
                }
            }
        }),
        CancellationToken.None);

    void KillIn(Life to, TimeSpan rest)
    {
        killTimer?.Dispose();
        killTimer = rest > TimeSpan.Zero ? world.Time.CreateTimer(_ => Signal(to, "SIGKILL"), null, rest, Timeout.InfiniteTimeSpan) : null;
        if (rest <= TimeSpan.Zero)
        {
            Signal(to, "SIGKILL");
        }
    }

    void Signal(Life to, string signal)
    {
        if (to.Id is { } id)
        {
            _ = Task.Run(() => TryAsync(signal, () => world.Engine.KillAsync(id, signal, disposed.Token)), CancellationToken.None);
        }
    }

    async Task DropAsync(Life now)
    {
        if (now.Id is { } id)
        {
            now.Id = null;
            await TryAsync("remove", () => world.Engine.RemoveAsync(id, disposed.Token));
        }
    }

    async Task TryAsync(string what, Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (OperationCanceledException) when (disposed.IsCancellationRequested)
        {
        }
        catch (Exception fault) when (fault is EngineException or HttpRequestException or IOException or UnauthorizedAccessException)
        {
            world.OnFault($"{what}: container of {instance}", fault);
        }
    }

    /// <summary>One start's container.</summary>
    sealed class Life(string? id, CancellationTokenSource stop)
    {
        public string? Id { get; set; } = id;

        /// <summary>Ends what comes before it runs.</summary>
        public CancellationTokenSource Stop => stop;

        public bool Asked { get; set; }

        public string StopSignal { get; set; } = "SIGTERM";
    }

    /// <summary>What all containers of a runtime share.</summary>
    internal sealed record Surroundings(DataFolder Folder, string Address, PortPicker Ports, EngineClient Engine, ImageKeeper Images, BridgeKeeper Bridge, TimeProvider Time, Func<TimeSpan> Clock, Action<ProcessRecord> OnChange, Action<string, Exception> OnFault);
}
