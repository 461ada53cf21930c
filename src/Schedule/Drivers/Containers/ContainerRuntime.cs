using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Agent;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Drivers.Containers;

/// <summary>What to start.</summary>
/// <param name="Instance">The instance's name.</param>
/// <param name="Epoch">Which start of it this is.</param>
/// <param name="Template">Image, and how it is run.</param>
/// <param name="Environment">The environment, once the port on the host is known.</param>
/// <param name="Output">File that standard output is appended to.</param>
/// <param name="Error">File that standard error is appended to.</param>
sealed record ContainerStart(string Instance, int Epoch, InstanceTemplate Template, Func<int, Dictionary<string, string>> Environment, string Output, string Error)
{
    /// <summary>The service that it is an instance of.</summary>
    public string Service { get; init; } = Instance;
}

/// <summary>
/// Starts, watches, adopts and stops containers, by the contract of <see cref="ProcessRuntime"/>: verbs are keyed by instance and epoch and idempotent, an instance
/// has at most one container that runs, what is started carries labels by which <see cref="RecoverAsync"/> finds it, containers outlive us, and failures are values. Containers that no
/// instance is known for are removed at recovery; those of an instance when it is forgotten.
/// </summary>
sealed class ContainerRuntime(DataFolder folder, string address, PortPicker ports, string? socket, TimeProvider time) : IAsyncDisposable
{
    /// <summary>The label with the agent's data folder.</summary>
    public const string AgentLabel = "mainstay.agent";
    public const string InstanceLabel = "mainstay.instance";
    public const string EpochLabel = "mainstay.epoch";
    public const string PortLabel = "mainstay.port";

    readonly ConcurrentDictionary<string, SupervisedContainer> byInstance = new(StringComparer.Ordinal);
    readonly Func<TimeSpan> clock = BootClock.Beside(time);
    readonly EngineClient? engine = socket is null ? null : new(socket);
    ImageKeeper? images;
    BridgeKeeper? bridge;

    /// <summary>Called after each change of an instance's container, in order per instance.</summary>
    public required Action<ProcessRecord> OnChange { get; init; }

    /// <summary>Called with what went wrong and is done without, for the log. Default: nothing.</summary>
    public Action<string, Exception> OnFault { get; init; } = (_, _) => { };

    // Made with the first container: where none was ever started, nothing is asked at a start of ours.
    string Marker => Path.Combine(folder.Agent, "containers");

    /// <summary>The engine's socket: the one that <c>DOCKER_HOST</c> or <c>CONTAINER_HOST</c> names, else Podman's, else Docker's; null where there is none.</summary>
    public static string? FindSocket(Func<string, string?> variable)
    {
        const string scheme = "unix://";
        var named = new[] { "DOCKER_HOST", "CONTAINER_HOST" }.Select(variable).FirstOrDefault(v => v?.StartsWith(scheme, StringComparison.Ordinal) == true);
        string?[] usual = [variable("XDG_RUNTIME_DIR") is { Length: > 0 } own ? own + "/podman/podman.sock" : null, "/run/podman/podman.sock", "/var/run/docker.sock"];
        return named?[scheme.Length..] ?? usual.OfType<string>().FirstOrDefault(File.Exists);
    }

    /// <summary>Finds what earlier runs of us started: adopts what runs, and removes what nobody knows. Null where the engine does not answer; then <paramref name="stop"/> decides how long to try.</summary>
    public async Task<IReadOnlyList<ProcessRecord>> RecoverAsync(IReadOnlyCollection<string> known, Func<string, (string Output, string Error)> files, CancellationToken stop)
    {
        if (!File.Exists(Marker))
        {
            return [];
        }

        if (engine is null)
        {
            OnFault("containers", new IOException("the container engine of an earlier run is gone; start it again, containers are adopted when the agent next starts"));
            return [];
        }

        var recovered = new List<ProcessRecord>();
        try
        {
            var all = await engine.ListAsync($"{AgentLabel}={folder.AgentId}", stop);
            foreach (var group in all.Select(Found.Of).GroupBy(f => f.Instance))
            {
                var newest = group.MaxBy(f => f.Epoch)!;
                foreach (var old in group.Where(f => f != newest || !known.Contains(f.Instance)))
                {
                    await engine.RemoveAsync(old.Id, stop);
                }

                if (known.Contains(newest.Instance))
                {
                    ports.Keep(newest.Instance, newest.Port);
                    recovered.Add(await Of(newest.Instance).AdoptAsync(newest, files(newest.Instance), stop));
                }
            }
        }
        catch (Exception fault) when (fault is HttpRequestException or EngineException or IOException)
        {
            OnFault("containers", fault);
        }

        return recovered;
    }

    /// <summary>Starts the instance's container unless this epoch or a later one was started before. What comes of it is told by <see cref="OnChange"/>.</summary>
    public void Start(ContainerStart start)
    {
        if (engine is null)
        {
            OnChange(new ProcessRecord
            {
                Instance = start.Instance,
                Epoch = start.Epoch,
                Phase = ProcPhase.Failed,
                EndedAt = time.GetUtcNow(),
                Message = "there is no container engine; install podman and run 'podman system service --time=0', or name a socket with DOCKER_HOST=unix:///PATH in the agent's environment",
            });
            return;
        }

        if (!File.Exists(Marker))
        {
            File.WriteAllText(Marker, engine.SocketPath);
        }

        Of(start.Instance).Start(start);
    }

    /// <summary>Asks the container of this epoch to end by its image's stop signal, and ends it by force after the grace. Returns at once.</summary>
    /// <remarks>An epoch that was not started yet never will be: it is reported as ended at once.</remarks>
    public void Stop(string instance, int epoch, TimeSpan grace)
    {
        if (engine is null)
        {
            OnChange(new ProcessRecord { Instance = instance, Epoch = epoch, Phase = ProcPhase.Ended, EndedAt = time.GetUtcNow() });
            return;
        }

        Of(instance).Stop(epoch, grace);
    }

    /// <summary>Removes the container of an instance that has ended, and frees its port.</summary>
    public void Forget(string instance)
    {
        if (byInstance.TryGetValue(instance, out var container) && container.Forget())
        {
            byInstance.TryRemove(new(instance, container));
        }
    }

    /// <summary>Runs a checking command in an instance's container; gives the exit code, or null with why there is none.</summary>
    public Task<(int? ExitCode, string Why)> ExecAsync(string instance, string command, TimeSpan timeout, CancellationToken stop) =>
        byInstance.TryGetValue(instance, out var container) ? container.ExecAsync(command, timeout, stop) : Task.FromResult<(int?, string)>((null, "it does not run"));

    /// <summary>Runs a command in an instance's container, and gives what it wrote.</summary>
    public Task<ExecAnswer> ExecAsync(ExecAsk ask, CancellationToken stop) =>
        byInstance.TryGetValue(ask.Instance, out var container) ? container.ExecAsync(ask, stop) : Task.FromResult(new ExecAnswer { Why = "it does not run" });

    /// <summary>Stops watching; the containers run on.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var container in byInstance.Values)
        {
            await container.DisposeAsync();
        }

        engine?.Dispose();
        images?.Dispose();
        bridge?.Dispose();
    }

    SupervisedContainer Of(string instance) => byInstance.GetOrAdd(instance, name => new(name, new(folder, address, ports, engine!, Images, Bridge, time, clock, OnChange, OnFault)));

    ImageKeeper Images => LazyInitializer.EnsureInitialized(ref images, () => new(folder, engine!, time, OnFault));

    BridgeKeeper Bridge => LazyInitializer.EnsureInitialized(ref bridge, () => new(folder, engine!));

    /// <summary>A container as the engine lists it.</summary>
    internal sealed record Found(string Id, string Instance, int Epoch, int Port)
    {
        public static Found Of(JsonNode? listed)
        {
            var labels = listed!["Labels"]!;
            return new((string)listed[nameof(Id)]!, (string?)labels[InstanceLabel] ?? "", Number(labels[EpochLabel]), Number(labels[PortLabel]));
        }

        static int Number(JsonNode? label) => int.TryParse((string?)label, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }
}
