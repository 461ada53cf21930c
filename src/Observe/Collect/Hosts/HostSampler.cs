using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Collect.Hosts;

/// <summary>
/// Samples the machine. Names are those of OpenTelemetry's semantic conventions; <c>system.linux.pressure.stall_time</c>, <c>system.cpu.throttled_time</c> and
/// <c>system.file_descriptor.*</c>, for which there are none, are ours. How full file systems are is read every <see cref="SpaceEvery"/> samples, since a dead network file system would hold it up.
/// </summary>
public sealed class HostSampler(IMachine machine, string host)
{
    /// <summary>How many samples pass between two looks at file systems.</summary>
    public const int SpaceEvery = 10;

    static readonly string[] PressureResources = ["cpu", "memory", "io"];
    static readonly string[] ThrottleFiles = ["/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/cpu/cpu.stat"];

    readonly Cpu cpu = new(host);
    readonly Memory memory = new(host);
    readonly Dictionary<string, Disk> disks = new(StringComparer.Ordinal);
    readonly Dictionary<string, Network> networks = new(StringComparer.Ordinal);
    readonly Dictionary<string, FileSystem> fileSystems = new(StringComparer.Ordinal);
    readonly Stall[] stalls = [.. PressureResources.Select(r => new Stall(host, r))];
    readonly MetricSeries throttledTime = new("system.cpu.throttled_time", "s", MetricKind.Counter, ("host.name", host));
    readonly MetricSeries openFiles = new("system.file_descriptor.count", "{file_descriptor}", MetricKind.Gauge, ("host.name", host));
    readonly MetricSeries fileLimit = new("system.file_descriptor.limit", "{file_descriptor}", MetricKind.Gauge, ("host.name", host));
    long number;

    /// <summary>Takes one sample of everything.</summary>
    public void Sample(SampleBuffer into)
    {
        cpu.Sample(machine, into);
        memory.Sample(machine, into);
        foreach (var disk in DiskFigures.Parse(machine.ReadKept("/proc/diskstats")))
        {
            Of(disks, disk.Device, name => new(host, name)).Sample(disk, into);
        }

        foreach (var network in NetworkFigures.Parse(machine.ReadKept("/proc/net/dev")))
        {
            Of(networks, network.Interface, name => new(host, name)).Sample(network, into);
        }

        for (var i = 0; i < stalls.Length; i++)
        {
            stalls[i].Sample(Pressure.Parse(machine.ReadKept(stalls[i].File)), into);
        }

        foreach (var file in ThrottleFiles)
        {
            if (Throttling.Parse(machine.ReadKept(file)) is { } throttling)
            {
                into.Add(throttledTime, throttling.ThrottledUs / 1e6);
                break;
            }
        }

        if (OpenFiles.Parse(machine.ReadKept("/proc/sys/fs/file-nr")) is { } files)
        {
            into.Add(openFiles, files.Open);
            // The kernel's "no limit" is the largest number that it has.
            into.Add(fileLimit, files.Limit < long.MaxValue ? files.Limit : null);
        }

        if (number++ % SpaceEvery == 0)
        {
            SampleSpace(into);
        }
    }

    void SampleSpace(SampleBuffer into)
    {
        foreach (var mount in Mount.Parse(machine.Read("/proc/mounts")))
        {
            if (machine.SpaceOf(mount.Folder) is { Total: > 0 } space)
            {
                Of(fileSystems, mount.Folder, _ => new(host, mount)).Sample(space, into);
            }
        }
    }

    // Names that come and go without end (virtual interfaces) do not grow this without end.
    static T Of<T>(Dictionary<string, T> known, string name, Func<string, T> make)
    {
        if (!known.TryGetValue(name, out var one))
        {
            if (known.Count >= 4 * NetworkFigures.Most)
            {
                known.Clear();
            }

            known[name] = one = make(name);
        }

        return one;
    }

    sealed class Cpu(string host)
    {
        readonly MetricSeries[] times = [.. ((string[])["user", "nice", "system", "idle", "iowait", "interrupt", "steal"])
            .Select(mode => new MetricSeries("system.cpu.time", "s", MetricKind.Counter, ("host.name", host), ("cpu.mode", mode)))];
        readonly MetricSeries[] loads = [.. ((string[])["1m", "5m", "15m"])
            .Select(span => new MetricSeries($"system.cpu.load_average.{span}", "{thread}", MetricKind.Gauge, ("host.name", host)))];
        readonly MetricSeries count = new("system.cpu.logical.count", "{cpu}", MetricKind.Gauge, ("host.name", host));
        readonly MetricSeries switches = new("system.cpu.context_switches", "{switch}", MetricKind.Counter, ("host.name", host));
        readonly MetricSeries running = new("system.process.count", "{thread}", MetricKind.Gauge, ("host.name", host), ("process.state", "running"));
        readonly MetricSeries blocked = new("system.process.count", "{thread}", MetricKind.Gauge, ("host.name", host), ("process.state", "blocked"));

        public void Sample(IMachine machine, SampleBuffer into)
        {
            if (CpuTimes.Parse(machine.ReadKept("/proc/stat")) is { } cpu)
            {
                var ticks = machine.TicksPerSecond;
                ReadOnlySpan<ulong> modes = [cpu.User, cpu.Nice, cpu.System, cpu.Idle, cpu.IoWait, cpu.Interrupt, cpu.Steal];
                for (var i = 0; i < modes.Length; i++)
                {
                    into.Add(times[i], modes[i] / ticks);
                }

                into.Add(count, cpu.Processors);
                into.Add(switches, cpu.ContextSwitches);
                into.Add(running, cpu.Running);
                into.Add(blocked, cpu.Blocked);
            }

            if (LoadAverage.Parse(machine.ReadKept("/proc/loadavg")) is { } load)
            {
                into.Add(loads[0], load.One);
                into.Add(loads[1], load.Five);
                into.Add(loads[2], load.Fifteen);
            }
        }
    }

    sealed class Memory(string host)
    {
        readonly MetricSeries[] usage = [.. ((string[])["used", "free", "buffers", "cached"])
            .Select(state => new MetricSeries("system.memory.usage", "By", MetricKind.Gauge, ("host.name", host), ("system.memory.state", state)))];
        readonly MetricSeries limit = new("system.memory.limit", "By", MetricKind.Gauge, ("host.name", host));
        readonly MetricSeries available = new("system.memory.linux.available", "By", MetricKind.Gauge, ("host.name", host));
        readonly MetricSeries swapUsed = new("system.paging.usage", "By", MetricKind.Gauge, ("host.name", host), ("system.paging.state", "used"));
        readonly MetricSeries swapFree = new("system.paging.usage", "By", MetricKind.Gauge, ("host.name", host), ("system.paging.state", "free"));
        readonly MetricSeries swappedIn = new("system.paging.operations", "{operation}", MetricKind.Counter, ("host.name", host), ("system.paging.direction", "in"));
        readonly MetricSeries swappedOut = new("system.paging.operations", "{operation}", MetricKind.Counter, ("host.name", host), ("system.paging.direction", "out"));
        readonly MetricSeries faults = new("system.paging.faults", "{fault}", MetricKind.Counter, ("host.name", host), ("system.paging.fault.type", "major"));
        readonly MetricSeries kills = new("system.linux.memory.oom_kills", "{kill}", MetricKind.Counter, ("host.name", host));

        public void Sample(IMachine machine, SampleBuffer into)
        {
            if (MemoryFigures.Parse(machine.ReadKept("/proc/meminfo")) is { } memory)
            {
                into.Add(usage[0], memory.Used);
                into.Add(usage[1], memory.Free);
                into.Add(usage[2], memory.Buffers);
                into.Add(usage[3], memory.Cached);
                into.Add(limit, memory.Total);
                into.Add(available, memory.Available);
                if (memory.SwapTotal > 0)
                {
                    into.Add(swapUsed, memory.SwapTotal - Math.Min(memory.SwapTotal, memory.SwapFree));
                    into.Add(swapFree, memory.SwapFree);
                }
            }

            if (PagingFigures.Parse(machine.ReadKept("/proc/vmstat")) is { } paging)
            {
                into.Add(swappedIn, paging.SwappedIn);
                into.Add(swappedOut, paging.SwappedOut);
                into.Add(faults, paging.MajorFaults);
                into.Add(kills, paging.OutOfMemoryKills);
            }
        }
    }

    sealed class Disk(string host, string device)
    {
        readonly MetricSeries readBytes = Of("system.disk.io", "By", host, device, "read");
        readonly MetricSeries writeBytes = Of("system.disk.io", "By", host, device, "write");
        readonly MetricSeries reads = Of("system.disk.operations", "{operation}", host, device, "read");
        readonly MetricSeries writes = Of("system.disk.operations", "{operation}", host, device, "write");
        readonly MetricSeries readTime = Of("system.disk.operation_time", "s", host, device, "read");
        readonly MetricSeries writeTime = Of("system.disk.operation_time", "s", host, device, "write");
        readonly MetricSeries busy = new("system.disk.io_time", "s", MetricKind.Counter, ("host.name", host), ("system.device", device));

        public void Sample(in DiskFigures disk, SampleBuffer into)
        {
            into.Add(readBytes, disk.ReadBytes);
            into.Add(writeBytes, disk.WriteBytes);
            into.Add(reads, disk.Reads);
            into.Add(writes, disk.Writes);
            into.Add(readTime, disk.ReadMs / 1000.0);
            into.Add(writeTime, disk.WriteMs / 1000.0);
            into.Add(busy, disk.BusyMs / 1000.0);
        }

        static MetricSeries Of(string name, string unit, string host, string device, string direction) =>
            new(name, unit, MetricKind.Counter, ("host.name", host), ("system.device", device), ("disk.io.direction", direction));
    }

    sealed class Network(string host, string device)
    {
        readonly MetricSeries received = Of("system.network.io", "By", host, device, "receive");
        readonly MetricSeries sent = Of("system.network.io", "By", host, device, "transmit");
        readonly MetricSeries packetsIn = Of("system.network.packet.count", "{packet}", host, device, "receive");
        readonly MetricSeries packetsOut = Of("system.network.packet.count", "{packet}", host, device, "transmit");
        readonly MetricSeries errorsIn = Of("system.network.errors", "{error}", host, device, "receive");
        readonly MetricSeries errorsOut = Of("system.network.errors", "{error}", host, device, "transmit");
        readonly MetricSeries dropsIn = Of("system.network.packet.dropped", "{packet}", host, device, "receive");
        readonly MetricSeries dropsOut = Of("system.network.packet.dropped", "{packet}", host, device, "transmit");

        public void Sample(in NetworkFigures network, SampleBuffer into)
        {
            into.Add(received, network.ReceivedBytes);
            into.Add(sent, network.SentBytes);
            into.Add(packetsIn, network.ReceivedPackets);
            into.Add(packetsOut, network.SentPackets);
            into.Add(errorsIn, network.ReceiveErrors);
            into.Add(errorsOut, network.SendErrors);
            into.Add(dropsIn, network.ReceiveDrops);
            into.Add(dropsOut, network.SendDrops);
        }

        static MetricSeries Of(string name, string unit, string host, string device, string direction) =>
            new(name, unit, MetricKind.Counter, ("host.name", host), ("network.interface.name", device), ("network.io.direction", direction));
    }

    sealed class FileSystem(string host, Mount mount)
    {
        readonly MetricSeries used = Of(host, mount, "used");
        readonly MetricSeries free = Of(host, mount, "free");
        readonly MetricSeries reserved = Of(host, mount, "reserved");

        public void Sample(in Space space, SampleBuffer into)
        {
            into.Add(used, space.Total - Math.Min(space.Total, space.Free));
            into.Add(free, space.Available);
            into.Add(reserved, space.Free - Math.Min(space.Free, space.Available));
        }

        static MetricSeries Of(string host, Mount mount, string state) => new(
            "system.filesystem.usage", "By", MetricKind.Gauge, ("host.name", host), ("system.device", mount.Device), ("system.filesystem.mountpoint", mount.Folder),
            ("system.filesystem.type", mount.Type), ("system.filesystem.state", state));
    }

    sealed class Stall(string host, string resource)
    {
        readonly MetricSeries some = new("system.linux.pressure.stall_time", "s", MetricKind.Counter, ("host.name", host), ("resource", resource), ("scope", "some"));
        readonly MetricSeries full = new("system.linux.pressure.stall_time", "s", MetricKind.Counter, ("host.name", host), ("resource", resource), ("scope", "full"));

        public string File { get; } = $"/proc/pressure/{resource}";

        public void Sample(Pressure? pressure, SampleBuffer into)
        {
            into.Add(some, pressure?.SomeUs / 1e6);
            into.Add(full, pressure?.FullUs / 1e6);
        }
    }
}
