using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Query;

/// <summary>Makes the view of hosts and instances from the samples of the last minutes.</summary>
public static class RuntimeBuilder
{
    /// <summary>How many steps a trend has.</summary>
    public const int TrendSteps = 60;

    const long TrendStepMs = 5000;

    public static RuntimeView Build(IMetricStore store, IReadOnlyList<MiddlewareFigures> middleware, DateTimeOffset now)
    {
        var at = now.ToUnixTimeMilliseconds();
        var hosts = new Readings(store, "host.name", at);
        var instances = new Readings(store, "service.instance.id", at);
        var trends = new Trends(store, at);
        return new(
            now,
            [.. hosts.All("system.cpu.logical.count").Select(h => Host(hosts, trends, h.Value))],
            [.. instances.All("process.memory.usage").Select(i => Instance(instances, i.Value, i.Series))],
            middleware);
    }

    static HostFigures Host(Readings read, Trends trends, string host)
    {
        var processors = read.Last("system.cpu.logical.count", host);
        double? Share(string mode) => read.Rate("system.cpu.time", host, ("cpu.mode", mode)) / processors;
        return new()
        {
            Name = host,
            Processors = processors,
            Cpu = Busy(Share("idle"), Share("iowait")),
            Steal = Share("steal"),
            IoWait = Share("iowait"),
            Throttled = read.Rate("system.cpu.throttled_time", host),
            Load = read.Last("system.cpu.load_average.1m", host),
            MemoryTotal = read.Last("system.memory.limit", host),
            MemoryAvailable = read.Last("system.memory.linux.available", host),
            SwapUsed = read.Last("system.paging.usage", host, ("system.paging.state", "used")),
            CpuPressure = Stall(read, host, "cpu"),
            MemoryPressure = Stall(read, host, "memory"),
            IoPressure = Stall(read, host, "io"),
            OpenFiles = read.Last("system.file_descriptor.count", host),
            Disks = [.. read.Series("system.disk.io_time", host).Select(s => s.Label("system.device")).Distinct().Select(d => Disk(read, host, d))],
            FileSystems = [.. read.Series("system.filesystem.usage", host).Where(s => s.Label("system.filesystem.state") == "used").Select(s => FileSystem(read, host, s))],
            Networks = [.. read.Series("system.network.io", host).Select(s => s.Label("network.interface.name")).Distinct().Select(n => Network(read, host, n))],
            Trends = trends.Of(host),
        };
    }

    static double? Busy(double? idle, double? waiting) => idle is null ? null : Math.Clamp(1 - idle.Value - (waiting ?? 0), 0, 1);

    static double? Stall(Readings read, string host, string resource) =>
        read.Rate("system.linux.pressure.stall_time", host, ("resource", resource), ("scope", "some")) is { } share ? Math.Min(1, share) : null;

    static DiskUse Disk(Readings read, string host, string device) => new(
        device,
        read.Rate("system.disk.io", host, ("system.device", device), ("disk.io.direction", "read")),
        read.Rate("system.disk.io", host, ("system.device", device), ("disk.io.direction", "write")),
        read.Rate("system.disk.io_time", host, ("system.device", device)) is { } busy ? Math.Min(1, busy) : null);

    static FileSystemUse FileSystem(Readings read, string host, MetricSeries series)
    {
        var folder = series.Label("system.filesystem.mountpoint");
        double In(string state) => read.Last("system.filesystem.usage", host, ("system.filesystem.mountpoint", folder), ("system.filesystem.state", state)) ?? 0;
        return new(folder, series.Label("system.device"), In("used"), In("free"));
    }

    static NetworkUse Network(Readings read, string host, string name) => new(
        name,
        read.Rate("system.network.io", host, ("network.interface.name", name), ("network.io.direction", "receive")),
        read.Rate("system.network.io", host, ("network.interface.name", name), ("network.io.direction", "transmit")),
        read.Rate("system.network.errors", host, ("network.interface.name", name)) + read.Rate("system.network.packet.dropped", host, ("network.interface.name", name)));

    static InstanceFigures Instance(Readings read, string name, MetricSeries series) => new()
    {
        Name = name,
        Service = series.Label("service.name"),
        Version = series.Label("service.version"),
        Host = series.Label("host.name"),
        Cpu = read.Rate("process.cpu.time", name),
        Memory = read.Last("process.memory.usage", name),
        MemoryShare = read.Last("process.memory.pss", name),
        Processes = read.Last("process.count", name),
        Threads = read.Last("process.thread.count", name),
        Files = read.Last("process.unix.file_descriptor.count", name),
        ReadBytes = read.Rate("process.disk.io", name, ("disk.io.direction", "read")),
        WriteBytes = read.Rate("process.disk.io", name, ("disk.io.direction", "write")),
        ContextSwitches = read.Rate("process.context_switches", name),
        Uptime = read.Last("process.uptime", name),
        Restarts = read.Last("service.instance.restarts", name),
        Throttled = read.Rate("container.cpu.throttled_time", name),
        DotNet = read.Last("dotnet.gc.last_collection.heap.size", name) is { } heap ? DotNet(read, name, heap) : null,
    };

    static DotNetFigures DotNet(Readings read, string name, double heap) => new()
    {
        Heap = heap,
        Allocated = read.Rate("dotnet.gc.heap.total_allocated", name),
        Collections = read.Rate("dotnet.gc.collections", name),
        Paused = read.Rate("dotnet.gc.pause.time", name),
        PoolThreads = read.Last("dotnet.thread_pool.thread.count", name),
        PoolQueue = read.Last("dotnet.thread_pool.queue.length", name),
        Contentions = read.Rate("dotnet.monitor.lock_contentions", name),
        Exceptions = read.Rate("dotnet.exceptions", name),
    };

    /// <summary>What hosts did over the last minutes, all hosts read at once.</summary>
    sealed class Trends(IMetricStore store, long atMs)
    {
        // Steps end at whole multiples, so that a view made a second later differs in nothing but its end.
        readonly long end = atMs - (atMs % TrendStepMs);

        ILookup<string, SeriesSamples>? cpu, count, available, total, disk, pressure;

        public HostTrends Of(string host)
        {
            cpu ??= Read(MetricQuery.Rate(MetricSelector.Of("system.cpu.time"), MetricQuery.DefaultRange));
            count ??= Read(MetricQuery.Last(MetricSelector.Of("system.cpu.logical.count")));
            available ??= Read(MetricQuery.Last(MetricSelector.Of("system.memory.linux.available")));
            total ??= Read(MetricQuery.Last(MetricSelector.Of("system.memory.limit")));
            disk ??= Read(MetricQuery.Rate(MetricSelector.Of("system.disk.io_time"), MetricQuery.DefaultRange));
            pressure ??= Read(MetricQuery.Rate(MetricSelector.Of("system.linux.pressure.stall_time").With("resource", "cpu").With("scope", "some"), MetricQuery.DefaultRange));
            var idle = Sums(cpu[host].Where(s => s.Series.Label("cpu.mode") is "idle" or "iowait"));
            var (processors, free, all) = (Sums(count[host]), Sums(available[host]), Sums(total[host]));
            return new(
                [.. idle.Zip(processors, (i, n) => Shown(1 - (i / n)))],
                [.. free.Zip(all, (f, a) => Shown(1 - (f / a)))],
                [.. Sums(disk[host], Math.Max).Select(Shown)],
                [.. Sums(pressure[host]).Select(Shown)]);
        }

        ILookup<string, SeriesSamples> Read(MetricQuery query) =>
            query.Over(store, end - ((TrendSteps - 1) * TrendStepMs), end, TrendStepMs).ToLookup(s => s.Series.Label("host.name"), StringComparer.Ordinal);

        double?[] Sums(IEnumerable<SeriesSamples> series, Func<double, double, double>? merge = null)
        {
            var sums = new double?[TrendSteps];
            foreach (var point in series.SelectMany(s => s.Points))
            {
                var step = TrendSteps - 1 - (int)((end - point.AtMs) / TrendStepMs);
                sums[step] = sums[step] is { } before ? merge?.Invoke(before, point.Value) ?? before + point.Value : point.Value;
            }

            return sums;
        }

        static double? Shown(double? share) => share is { } known ? Math.Round(Math.Clamp(known, 0, 1), 3) : null;
    }
}
