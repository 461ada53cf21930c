using System.Globalization;
using Mainstay.Observe.Collect.Hosts;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Collect.Processes;

/// <summary>The processes of one instance and their series. Sums over processes never go back when one of them ends: what a child used goes over to who waits for it, and what is lost is kept.</summary>
sealed class InstanceGroup
{
    const int SettledAfter = 5;

    readonly IMachine machine;
    readonly List<int> threads = [];
    readonly MetricSeries userTime, systemTime, faults, memory, share, virtualMemory, threadCount, processCount, files, readBytes, writeBytes, voluntary, involuntary, waiting, uptime, restarts;
    readonly MetricSeries groupMemory, groupLimit, groupThrottled;
    readonly Sum user = new(), system = new(), faulted = new(), read = new(), written = new(), gaveUp = new(), preempted = new(), waited = new();
    ControlGroup? control;
    int age;

    public InstanceGroup(IMachine machine, string host, WatchedInstance instance)
    {
        (this.machine, Instance) = (machine, instance);
        var labels = instance.Labels(host);
        MetricSeries Of(string name, string unit, MetricKind kind, params (string, string)[] further) => new(name, unit, kind, [.. labels, .. further]);
        userTime = Of("process.cpu.time", "s", MetricKind.Counter, ("cpu.mode", "user"));
        systemTime = Of("process.cpu.time", "s", MetricKind.Counter, ("cpu.mode", "system"));
        faults = Of("process.paging.faults", "{fault}", MetricKind.Counter, ("system.paging.fault.type", "major"));
        memory = Of("process.memory.usage", "By", MetricKind.Gauge);
        share = Of("process.memory.pss", "By", MetricKind.Gauge);
        virtualMemory = Of("process.memory.virtual", "By", MetricKind.Gauge);
        threadCount = Of("process.thread.count", "{thread}", MetricKind.Gauge);
        processCount = Of("process.count", "{process}", MetricKind.Gauge);
        files = Of("process.unix.file_descriptor.count", "{file_descriptor}", MetricKind.Gauge);
        readBytes = Of("process.disk.io", "By", MetricKind.Counter, ("disk.io.direction", "read"));
        writeBytes = Of("process.disk.io", "By", MetricKind.Counter, ("disk.io.direction", "write"));
        voluntary = Of("process.context_switches", "{context_switch}", MetricKind.Counter, ("process.context_switch.type", "voluntary"));
        involuntary = Of("process.context_switches", "{context_switch}", MetricKind.Counter, ("process.context_switch.type", "involuntary"));
        waiting = Of("process.cpu.wait", "s", MetricKind.Counter);
        uptime = Of("process.uptime", "s", MetricKind.Gauge);
        restarts = Of("service.instance.restarts", "{restart}", MetricKind.Counter);
        groupMemory = Of("container.memory.usage", "By", MetricKind.Gauge);
        groupLimit = Of("container.memory.limit", "By", MetricKind.Gauge);
        groupThrottled = Of("container.cpu.throttled_time", "s", MetricKind.Counter);
    }

    public WatchedInstance Instance { get; set; }

    /// <summary>Process ids, the leader's first.</summary>
    public List<int> Members { get; } = [];

    /// <param name="now">The time of the sample.</param>
    /// <param name="detail">Whether to read what is dear.</param>
    /// <param name="shares">Whether to read what is dearest.</param>
    /// <param name="into">Where the samples go.</param>
    public void Sample(DateTimeOffset now, bool detail, bool shares, SampleBuffer into)
    {
        int count = 0, threadsNow = 0;
        ulong resident = 0, address = 0;
        foreach (var pid in Members)
        {
            if (ProcessLine.Parse(machine.Read(InstanceSampler.PathOf(pid))) is { Ended: false } line)
            {
                count++;
                threadsNow += line.Threads;
                resident += line.ResidentPages;
                address += line.VirtualBytes;
                user.Add(line.User);
                system.Add(line.System);
                faulted.Add(line.MajorFaults);
            }
        }

        // A process that ended a moment ago: who keeps it up will say so.
        if (count == 0)
        {
            return;
        }

        into.Add(userTime, user.Take() / machine.TicksPerSecond);
        into.Add(systemTime, system.Take() / machine.TicksPerSecond);
        into.Add(faults, faulted.Take());
        into.Add(memory, (double)resident * machine.PageBytes);
        into.Add(virtualMemory, address);
        into.Add(threadCount, threadsNow);
        into.Add(processCount, count);
        into.Add(uptime, Instance.StartedAt is { } started ? Math.Max(0, (now - started).TotalSeconds) : null);
        into.Add(restarts, Instance.Restarts);
        if (detail || age == 0)
        {
            Detail(into);
        }

        // A process that was just started has not touched its memory yet.
        if (shares || age == SettledAfter)
        {
            Shares(into);
        }

        age++;
    }

    void Detail(SampleBuffer into)
    {
        var (open, any) = (0, false);
        var (io, switches, queued) = (false, false, false);
        foreach (var pid in Members)
        {
            var folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/");
            var entries = machine.Entries(folder + "fd");
            (open, any) = (open + Math.Max(0, entries), any || entries >= 0);
            if (ProcessIo.Parse(machine.Read(folder + "io")) is { } bytes)
            {
                read.Add(bytes.ReadBytes);
                written.Add(bytes.WriteBytes);
                io = true;
            }

            threads.Clear();
            machine.Numbers(folder + "task", threads);
            foreach (var thread in threads)
            {
                var task = string.Create(CultureInfo.InvariantCulture, $"{folder}task/{thread}/");
                if (RunQueue.Parse(machine.Read(task + "schedstat")) is { } queue)
                {
                    waited.Add(queue.WaitedNs);
                    queued = true;
                }

                if (ContextSwitches.Parse(machine.Read(task + "status")) is { } changed)
                {
                    gaveUp.Add(changed.Voluntary);
                    preempted.Add(changed.Involuntary);
                    switches = true;
                }
            }
        }

        into.Add(files, any ? open : null);
        into.Add(readBytes, io ? read.Take() : null);
        into.Add(writeBytes, io ? written.Take() : null);
        into.Add(voluntary, switches ? gaveUp.Take() : null);
        into.Add(involuntary, switches ? preempted.Take() : null);
        into.Add(waiting, queued ? waited.Take() / 1e9 : null);
        Control(into);
    }

    void Control(SampleBuffer into)
    {
        control ??= ControlGroup.Parse(machine.Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{Instance.Pid}/cgroup")));
        if (control is { Memory: { } folder, Unified: var unified })
        {
            into.Add(groupMemory, Number(folder + (unified ? "/memory.current" : "/memory.usage_in_bytes")));
            // The kernel writes "max", or a number near the largest, for no limit.
            into.Add(groupLimit, Number(folder + (unified ? "/memory.max" : "/memory.limit_in_bytes")) is { } limit and < 1UL << 60 ? limit : null);
        }

        if (control is { Cpu: { } cpu })
        {
            into.Add(groupThrottled, Throttling.Parse(machine.Read(cpu + "/cpu.stat"))?.ThrottledUs / 1e6);
        }
    }

    void Shares(SampleBuffer into)
    {
        ulong? sum = null;
        foreach (var pid in Members)
        {
            if (ProcText.Field(machine.Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/smaps_rollup")), "Pss"u8) is { } kilobytes)
            {
                sum = (sum ?? 0) + (kilobytes * 1024);
            }
        }

        into.Add(share, sum);
    }

    ulong? Number(string path) => ProcText.Value(machine.Read(path).TrimEnd((byte)'\n'));

    /// <summary>A sum over processes that come and go.</summary>
    sealed class Sum
    {
        ulong now;
        ulong before;
        ulong total;

        public void Add(ulong value) => now += value;

        public double Take()
        {
            total += now > before ? now - before : 0;
            (before, now) = (now, 0);
            return total;
        }
    }
}
