namespace Mainstay.Observe.Collect.Processes;

/// <summary>What <c>/proc/PID/stat</c> tells of a process (proc(5)); times in clock ticks.</summary>
/// <param name="Parent">Process id of its parent.</param>
/// <param name="Session">Process id of its session's leader.</param>
/// <param name="Ended">It has ended and waits to be reaped.</param>
/// <param name="MajorFaults">Accesses that waited for a disk, with those of children that were waited for.</param>
/// <param name="User">In the program, with children that were waited for.</param>
/// <param name="System">In the kernel, with children that were waited for.</param>
/// <param name="Threads">How many it has.</param>
/// <param name="StartTicks">When it started, since boot.</param>
/// <param name="VirtualBytes">Its address space.</param>
/// <param name="ResidentPages">Of it in memory, shared pages counted fully.</param>
public readonly record struct ProcessLine(
    int Parent, int Session, bool Ended, ulong MajorFaults, ulong User, ulong System, int Threads, ulong StartTicks, ulong VirtualBytes, ulong ResidentPages)
{
    /// <summary>Null where the text is none.</summary>
    public static ProcessLine? Parse(ReadOnlySpan<byte> text)
    {
        // The name in parentheses may hold blanks and parentheses itself; the third field follows the last one.
        var name = text.LastIndexOf((byte)')');
        if (name < 0)
        {
            return null;
        }

        var rest = text[(name + 1)..].TrimEnd((byte)'\n');
        var state = ProcText.Word(ref rest);
        var parent = ProcText.Number(ref rest);
        ProcText.Skip(ref rest, 1);
        var session = ProcText.Number(ref rest);
        ProcText.Skip(ref rest, 5);
        var (faults, childFaults) = (ProcText.Number(ref rest), ProcText.Number(ref rest));
        var (user, system, childUser, childSystem) = (ProcText.Number(ref rest), ProcText.Number(ref rest), ProcText.Number(ref rest), ProcText.Number(ref rest));
        ProcText.Skip(ref rest, 2);
        var threads = ProcText.Number(ref rest);
        ProcText.Skip(ref rest, 1);
        var start = ProcText.Word(ref rest);
        var size = ProcText.Number(ref rest);
        return state.Length != 1 || ProcText.Value(start) is not { } startTicks ? null : new(
            (int)Math.Min(parent, int.MaxValue), (int)Math.Min(session, int.MaxValue), state[0] is (byte)'Z' or (byte)'X', faults + childFaults, user + childUser, system + childSystem,
            (int)Math.Min(threads, int.MaxValue), startTicks, size, ProcText.Number(ref rest));
    }
}

/// <summary>What <c>/proc/PID/io</c> tells: bytes read from and written to disks, with those of children that were waited for.</summary>
public readonly record struct ProcessIo(ulong ReadBytes, ulong WriteBytes)
{
    public static ProcessIo? Parse(ReadOnlySpan<byte> text) =>
        ProcText.Field(text, "read_bytes"u8) is { } read && ProcText.Field(text, "write_bytes"u8) is { } write ? new(read, write) : null;
}

/// <summary>What <c>/proc/PID/task/TID/status</c> tells: how often a thread gave its processor up itself, and how often it was taken.</summary>
public readonly record struct ContextSwitches(ulong Voluntary, ulong Involuntary)
{
    public static ContextSwitches? Parse(ReadOnlySpan<byte> text) =>
        ProcText.Field(text, "voluntary_ctxt_switches"u8) is { } own ? new(own, ProcText.Field(text, "nonvoluntary_ctxt_switches"u8) ?? 0) : null;
}

/// <summary>What <c>/proc/PID/task/TID/schedstat</c> tells (Documentation/scheduler/sched-stats.rst), in nanoseconds: how long a thread ran, and how long it could have run and waited for a processor.</summary>
public readonly record struct RunQueue(ulong RanNs, ulong WaitedNs)
{
    /// <summary>Null where the kernel does not count it.</summary>
    public static RunQueue? Parse(ReadOnlySpan<byte> text)
    {
        text = text.TrimEnd((byte)'\n');
        return ProcText.Value(ProcText.Word(ref text)) is { } ran && ProcText.Value(ProcText.Word(ref text)) is { } waited ? new(ran, waited) : null;
    }
}

/// <summary>What <c>/proc/PID/cgroup</c> tells: where the figures of a process's control groups are.</summary>
/// <param name="Memory">Folder of its memory; null where it is in no group of its own.</param>
/// <param name="Cpu">Folder of its processor time; null likewise.</param>
/// <param name="Unified">Version 2.</param>
public readonly record struct ControlGroup(string? Memory, string? Cpu, bool Unified)
{
    public static ControlGroup Parse(ReadOnlySpan<byte> text)
    {
        string? memory = null, cpu = null, unified = null;
        while (ProcText.Line(ref text, out var line))
        {
            var first = line.IndexOf((byte)':');
            var second = first < 0 ? -1 : line[(first + 1)..].IndexOf((byte)':');
            if (second < 0)
            {
                continue;
            }

            var controllers = line.Slice(first + 1, second);
            var path = System.Text.Encoding.UTF8.GetString(line[(first + second + 2)..]);
            if (path is "/" or "" || path.Contains("..", StringComparison.Ordinal))
            {
                continue;
            }

            unified = controllers.IsEmpty ? "/sys/fs/cgroup" + path : unified;
            foreach (var range in controllers.Split((byte)','))
            {
                var one = controllers[range];
                memory = one.SequenceEqual("memory"u8) ? "/sys/fs/cgroup/memory" + path : memory;
                cpu = one.SequenceEqual("cpu"u8) ? "/sys/fs/cgroup/cpu" + path : cpu;
            }
        }

        return unified is null || memory is not null || cpu is not null ? new(memory, cpu, false) : new(unified, unified, true);
    }
}
