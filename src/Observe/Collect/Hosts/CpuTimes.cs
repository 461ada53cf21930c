namespace Mainstay.Observe.Collect.Hosts;

/// <summary>What <c>/proc/stat</c> tells: time of all processors together since boot, in clock ticks (proc(5)).</summary>
/// <param name="Processors">How many there are.</param>
/// <param name="User">In programs, without nice and guests' extra count.</param>
/// <param name="Nice">In programs of low priority.</param>
/// <param name="System">In the kernel.</param>
/// <param name="Idle">Nothing to do.</param>
/// <param name="IoWait">Nothing to do but wait for disks.</param>
/// <param name="Interrupt">Interrupts, hard and soft.</param>
/// <param name="Steal">Taken by the machine that this one is a guest of.</param>
/// <param name="ContextSwitches">Since boot.</param>
/// <param name="Running">Threads that run or want to.</param>
/// <param name="Blocked">Threads that wait for a disk.</param>
public readonly record struct CpuTimes(
    int Processors, ulong User, ulong Nice, ulong System, ulong Idle, ulong IoWait, ulong Interrupt, ulong Steal, ulong ContextSwitches, ulong Running, ulong Blocked)
{
    /// <summary>Null where the text has no line of all processors.</summary>
    public static CpuTimes? Parse(ReadOnlySpan<byte> text)
    {
        CpuTimes? times = null;
        var processors = 0;
        var rest = text;
        while (ProcText.Line(ref rest, out var line))
        {
            var word = ProcText.Word(ref line);
            if (word.SequenceEqual("cpu"u8))
            {
                times = new(
                    0, ProcText.Number(ref line), ProcText.Number(ref line), ProcText.Number(ref line), ProcText.Number(ref line), ProcText.Number(ref line),
                    ProcText.Number(ref line) + ProcText.Number(ref line), ProcText.Number(ref line), 0, 0, 0);
            }
            else if (word.StartsWith("cpu"u8))
            {
                processors++;
            }
        }

        return times is not { } found ? null : found with
        {
            Processors = Math.Max(1, processors),
            ContextSwitches = ProcText.Field(text, "ctxt"u8) ?? 0,
            Running = ProcText.Field(text, "procs_running"u8) ?? 0,
            Blocked = ProcText.Field(text, "procs_blocked"u8) ?? 0,
        };
    }
}
