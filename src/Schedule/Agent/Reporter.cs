using System.Threading.Channels;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Agent;

/// <summary>
/// Tells the server how instances and builds stand: each change at once, what changes while a report is under way with the next one, and a sign of
/// life each <see cref="Heartbeat"/>. After a failure, or a new connection, the next report is complete.
/// </summary>
sealed class Reporter(ServerLink server, AgentOptions options, TimeProvider time)
{
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(2);
    static readonly TimeSpan ShortestBeat = TimeSpan.FromMilliseconds(100);
    readonly TimeSpan deadline = TimeSpan.FromSeconds(options.OtherServers.Count > 0 ? 1.5 : 2);

    readonly Lock gate = new();
    readonly Dictionary<string, InstanceStatus> instances = new(StringComparer.Ordinal);
    readonly Dictionary<string, BuildStatus> builds = new(StringComparer.Ordinal);
    readonly HashSet<string> dirtyInstances = new(StringComparer.Ordinal);
    readonly HashSet<string> dirtyBuilds = new(StringComparer.Ordinal);
    readonly Channel<bool> asked = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    TimeSpan beat = Heartbeat;
    bool complete = true;
    readonly string run = Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
    long number;

    /// <summary>Whether limits are enforced, for people.</summary>
    public string Limits { get; init; } = "";

    /// <summary>Called with when a report was sent that has been answered, by <see cref="Clock"/>.</summary>
    public Action<TimeSpan> OnAnswered { get; init; } = _ => { };

    /// <summary>Since the machine's boot.</summary>
    public required Func<TimeSpan> Clock { get; init; }

    /// <summary>Called with why a report failed, once per outage.</summary>
    public required Action<string, Exception> OnFault { get; init; }

    /// <summary>Takes a change in; <paramref name="status"/> is null where the instance is gone.</summary>
    public void Note(string instance, InstanceStatus? status) => Note(instances, dirtyInstances, instance, status);

    /// <summary>Takes a change in; <paramref name="status"/> is null where the build is gone.</summary>
    public void Note(string build, BuildStatus? status) => Note(builds, dirtyBuilds, build, status);

    /// <summary>Makes the next report complete, and due at once.</summary>
    public void Complete()
    {
        lock (gate)
        {
            complete = true;
        }

        asked.Writer.TryWrite(true);
    }

    /// <summary>Runs until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var failures = 0;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await SendAsync(stop);
                failures = 0;
                await WaitAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException or UnauthorizedAccessException or System.Text.Json.JsonException)
            {
                if (failures++ == 0)
                {
                    OnFault("report", fault);
                }

                Complete();
                await Task.Delay(WorkStream.PauseAfter(failures), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    void Note<T>(Dictionary<string, T> known, HashSet<string> dirty, string name, T? status) where T : class
    {
        lock (gate)
        {
            if (status is null)
            {
                known.Remove(name);
                dirty.Remove(name);
                return;
            }

            // A change of the spec alone came from the server: nothing to tell.
            if (known.TryGetValue(name, out var before) && Codec.Same(before, status))
            {
                return;
            }

            known[name] = status;
            dirty.Add(name);
        }

        asked.Writer.TryWrite(true);
    }

    async Task WaitAsync(CancellationToken stop)
    {
        using var next = new CancellationTokenSource(beat, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, next.Token);
        try
        {
            await asked.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
        }
    }

    async Task SendAsync(CancellationToken stop)
    {
        ReportMessage message;
        lock (gate)
        {
            message = new()
            {
                AgentPid = Environment.ProcessId,
                Run = run,
                AgentVersion = AgentProcess.Version,
                Address = options.Address,
                Mesh = options.Mesh,
                Home = options.Tls is null,
                Zone = options.Zone,
                Labels = options.Labels,
                Capacity = options.Capacity,
                Machine = options.Machine,
                Limits = Limits,
                Number = ++number,
                Instances = [.. (complete ? instances.Keys : (IEnumerable<string>)dirtyInstances).Select(n => new InstanceReport(n, instances[n]))],
                Builds = [.. (complete ? builds.Keys : (IEnumerable<string>)dirtyBuilds).Select(n => new BuildReport(n, builds[n]))],
            };
            dirtyInstances.Clear();
            dirtyBuilds.Clear();
            complete = false;
        }

        using var late = new CancellationTokenSource(deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        var sentAt = Clock();
        using var response = await server.CallAsync(HttpMethod.Post, "report", Codec.Encode(message), either.Token);
        var answer = await response.Content.ReadAsByteArrayAsync(either.Token);
        beat = answer.Length > 0 && Codec.Decode<ReportAnswer>(answer).Beat is { } asked && asked >= ShortestBeat && asked <= Heartbeat ? asked : Heartbeat;
        OnAnswered(sentAt);
    }
}
