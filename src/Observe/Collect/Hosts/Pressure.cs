namespace Mainstay.Observe.Collect.Hosts;

/// <summary>What a file of <c>/proc/pressure</c> tells (Documentation/accounting/psi.rst), in microseconds since boot.</summary>
/// <param name="SomeUs">Time in which at least one task waited for the resource.</param>
/// <param name="FullUs">Time in which all tasks that had work waited; null where the kernel does not tell.</param>
public readonly record struct Pressure(ulong SomeUs, ulong? FullUs)
{
    /// <summary>Null where the text is none, as where the kernel has no such file or has it switched off.</summary>
    public static Pressure? Parse(ReadOnlySpan<byte> text)
    {
        ulong? some = null, full = null;
        while (ProcText.Line(ref text, out var line))
        {
            var total = line.LastIndexOf("total="u8);
            if (total < 0)
            {
                continue;
            }

            var value = ProcText.Value(line[(total + 6)..]);
            if (line.StartsWith("some "u8))
            {
                some = value;
            }
            else if (line.StartsWith("full "u8))
            {
                full = value;
            }
        }

        return some is { } found ? new(found, full) : null;
    }
}

/// <summary>What <c>/proc/loadavg</c> tells: threads that run or wait to, on average over 1, 5 and 15 minutes.</summary>
public readonly record struct LoadAverage(double One, double Five, double Fifteen)
{
    public static LoadAverage? Parse(ReadOnlySpan<byte> text) =>
        ProcText.Decimal(ProcText.Word(ref text)) is { } one && ProcText.Decimal(ProcText.Word(ref text)) is { } five && ProcText.Decimal(ProcText.Word(ref text)) is { } fifteen
            ? new(one, five, fifteen)
            : null;
}

/// <summary>What <c>/proc/sys/fs/file-nr</c> tells: file descriptors of the whole machine.</summary>
public readonly record struct OpenFiles(ulong Open, ulong Limit)
{
    public static OpenFiles? Parse(ReadOnlySpan<byte> text)
    {
        text = text.TrimEnd((byte)'\n');
        if (ProcText.Value(ProcText.Word(ref text)) is not { } open)
        {
            return null;
        }

        ProcText.Skip(ref text, 1);
        return ProcText.Value(ProcText.Word(ref text)) is { } limit ? new(open, limit) : null;
    }
}

/// <summary>What <c>/proc/vmstat</c> tells of paging, since boot.</summary>
/// <param name="SwappedIn">Pages read from swap.</param>
/// <param name="SwappedOut">Pages written to swap.</param>
/// <param name="MajorFaults">Accesses that had to wait for a disk.</param>
/// <param name="OutOfMemoryKills">Processes ended because memory ran out.</param>
public readonly record struct PagingFigures(ulong SwappedIn, ulong SwappedOut, ulong MajorFaults, ulong OutOfMemoryKills)
{
    public static PagingFigures? Parse(ReadOnlySpan<byte> text) =>
        ProcText.Field(text, "pgmajfault"u8) is { } faults
            ? new(ProcText.Field(text, "pswpin"u8) ?? 0, ProcText.Field(text, "pswpout"u8) ?? 0, faults, ProcText.Field(text, "oom_kill"u8) ?? 0)
            : null;
}
