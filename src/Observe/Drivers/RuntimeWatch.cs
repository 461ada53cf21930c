using System.Globalization;
using System.Net.Sockets;
using System.Numerics;
using Mainstay.Observe.Collect;
using Mainstay.Observe.Collect.Processes;
using Mainstay.Observe.Collect.Runtime;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Drivers;

/// <summary>
/// Listens to the .NET runtimes among the instances' processes. A process is one where its diagnostic socket exists, which is looked for in each of the first samples after it came, and then
/// ever more seldom: others cost next to nothing. Values of several runtimes of one instance are added up.
/// </summary>
public sealed class RuntimeWatch(IMachine machine, string host) : IAsyncDisposable
{
    /// <summary>The most processes of one instance that are listened to.</summary>
    public const int MostEach = 4;

    /// <summary>The most processes of all.</summary>
    public const int Most = 200;

    // The runtime opens its socket within its first tenth of a second; later where the machine is busy, or a script does something else before it becomes the runtime.
    const int Looks = 10;

    readonly CancellationTokenSource over = new();
    readonly Dictionary<int, Process> processes = [];
    readonly Dictionary<string, Dictionary<(string, string?), MetricSeries>> series = new(StringComparer.Ordinal);

    /// <summary>Between two values of a counter, in seconds. Default 1.</summary>
    public int EverySeconds { get; init; } = 1;

    /// <summary>Called with why a runtime cannot be listened to, once per process.</summary>
    public Action<string, Exception> OnFault { get; init; } = (_, _) => { };

    /// <summary>How many are listened to.</summary>
    public int Sessions => processes.Values.Count(p => p.Session is not null);

    /// <summary>Looks for new processes, and adds what the known ones said.</summary>
    /// <param name="instances">Those that run.</param>
    /// <param name="members">The process ids of each.</param>
    /// <param name="into">Where the samples go.</param>
    public void Sample(IReadOnlyList<WatchedInstance> instances, Func<string, IReadOnlyList<int>> members, SampleBuffer into)
    {
        var seen = new HashSet<int>();
        foreach (var instance in instances)
        {
            var sums = new Dictionary<(string, string?), (RuntimeMetric Metric, double Sum)>();
            foreach (var pid in members(instance.Name).Take(64))
            {
                seen.Add(pid);
                foreach (var metric in Of(pid, instance.Name)?.Counters.Take() ?? [])
                {
                    var key = (metric.Name, metric.Generation);
                    sums[key] = (metric, sums.GetValueOrDefault(key).Sum + metric.Value);
                }
            }

            foreach (var (metric, sum) in sums.Values)
            {
                into.Add(SeriesOf(instance, metric), sum);
            }
        }

        foreach (var gone in processes.Keys.Where(p => !seen.Contains(p)).ToArray())
        {
            processes[gone].Stop.Cancel();
            processes.Remove(gone);
        }

        foreach (var gone in series.Keys.Except(instances.Select(i => i.Name + "\n" + i.Version)).ToArray())
        {
            series.Remove(gone);
        }
    }

    /// <summary>Stops listening; the runtimes are told.</summary>
    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await Task.WhenAll(processes.Values.Select(p => p.Running));
        over.Dispose();
    }

    DiagnosticSession? Of(int pid, string instance)
    {
        if (ProcessLine.Parse(machine.Read(InstanceSampler.PathOf(pid))) is not { Ended: false } line)
        {
            return null;
        }

        // The number of a process that ended may be another's by now.
        if (processes.TryGetValue(pid, out var process) && process.StartTicks != line.StartTicks)
        {
            process.Stop.Cancel();
            processes.Remove(pid);
            process = null;
        }

        if (process is null)
        {
            processes[pid] = process = new(line.StartTicks, instance, CancellationTokenSource.CreateLinkedTokenSource(over.Token));
        }

        if (process.Session is null && ++process.Samples is var samples && (samples <= Looks || BitOperations.IsPow2(samples)))
        {
            if (SocketOf(pid, line.StartTicks) is { } path && Sessions < Most && processes.Values.Count(p => p.Session is not null && p.Instance == instance) < MostEach)
            {
                process.Session = new(path, EverySeconds);
                process.Running = Task.Run(() => ListenAsync(process, process.Session));
            }
        }

        return process.Session;
    }

    async Task ListenAsync(Process process, DiagnosticSession session)
    {
        try
        {
            await session.RunAsync(process.Stop.Token);
        }
        catch (Exception ended) when (process.Stop.IsCancellationRequested && ended is OperationCanceledException or SocketException or IOException)
        {
            // As asked.
        }
        catch (Exception fault) when (fault is SocketException or IOException or OperationCanceledException)
        {
            if (!process.IsFaultTold)
            {
                process.IsFaultTold = true;
                OnFault($"runtime of {process.Instance}", fault);
            }

            // Its socket is there a moment before it is listened on; and a session that broke off can be begun again.
            process.Session = null;
        }
    }

    // The socket lies in the process's own temporary folder, which may be in another file system than ours.
    string? SocketOf(int pid, ulong startTicks)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"dotnet-diagnostic-{pid}-{startTicks}-socket");
        var root = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/root");
        var folder = VariableOf(machine.Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/environ"))) ?? "/tmp";
        foreach (var path in (string[])[Path.Combine(folder, name), root + Path.Combine(folder, name)])
        {
            // A socket's address has room for so many bytes.
            if (path.Length < 108 && path.StartsWith('/') && File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }

    static string? VariableOf(ReadOnlySpan<byte> environment)
    {
        foreach (var range in environment.Split((byte)0))
        {
            if (environment[range].StartsWith("TMPDIR="u8) && environment[range].Length > 7)
            {
                return System.Text.Encoding.UTF8.GetString(environment[range][7..]);
            }
        }

        return null;
    }

    MetricSeries SeriesOf(WatchedInstance instance, RuntimeMetric metric)
    {
        var key = instance.Name + "\n" + instance.Version;
        if (!series.TryGetValue(key, out var known))
        {
            series[key] = known = [];
        }

        if (!known.TryGetValue((metric.Name, metric.Generation), out var one))
        {
            known[(metric.Name, metric.Generation)] = one = new(
                metric.Name, metric.Unit, metric.Kind,
                [.. instance.Labels(host), .. metric.Generation is { } generation ? [("dotnet.gc.heap.generation", generation)] : Array.Empty<(string, string)>()]);
        }

        return one;
    }

    sealed class Process(ulong startTicks, string instance, CancellationTokenSource stop)
    {
        public ulong StartTicks => startTicks;

        public string Instance => instance;

        public CancellationTokenSource Stop => stop;

        /// <summary>Those taken without a session.</summary>
        public uint Samples { get; set; }

        public bool IsFaultTold { get; set; }

        public DiagnosticSession? Session { get => Volatile.Read(ref field); set => Volatile.Write(ref field, value); }

        public Task Running { get; set; } = Task.CompletedTask;
    }
}
