namespace Mainstay.Observe.Collect.Hosts;

/// <summary>What <c>/proc/meminfo</c> tells, in bytes.</summary>
/// <param name="Total">All of it.</param>
/// <param name="Free">Used for nothing.</param>
/// <param name="Available">What programs could get without swapping.</param>
/// <param name="Buffers">Block devices' buffers.</param>
/// <param name="Cached">Files' pages, shared memory included, and what can be reclaimed of the kernel's slabs.</param>
/// <param name="SwapTotal">Room on disk.</param>
/// <param name="SwapFree">Of it free.</param>
public readonly record struct MemoryFigures(ulong Total, ulong Free, ulong Available, ulong Buffers, ulong Cached, ulong SwapTotal, ulong SwapFree)
{
    /// <summary>What programs hold: neither free nor a cache.</summary>
    public ulong Used => Total - Math.Min(Total, Free + Buffers + Cached);

    /// <summary>Null where the text has no total.</summary>
    public static MemoryFigures? Parse(ReadOnlySpan<byte> text)
    {
        ulong total = 0, free = 0, available = 0, buffers = 0, cached = 0, swapTotal = 0, swapFree = 0;
        while (ProcText.Line(ref text, out var line))
        {
            var key = ProcText.Word(ref line);
            var value = ProcText.Number(ref line) * 1024;
            switch (key)
            {
                case var k when k.SequenceEqual("MemTotal:"u8): total = value; break;
                case var k when k.SequenceEqual("MemFree:"u8): free = value; break;
                case var k when k.SequenceEqual("MemAvailable:"u8): available = value; break;
                case var k when k.SequenceEqual("Buffers:"u8): buffers = value; break;
                case var k when k.SequenceEqual("Cached:"u8) || k.SequenceEqual("SReclaimable:"u8): cached += value; break;
                case var k when k.SequenceEqual("SwapTotal:"u8): swapTotal = value; break;
                case var k when k.SequenceEqual("SwapFree:"u8): swapFree = value; break;
            }
        }

        return total == 0 ? null : new(total, free, available == 0 ? Math.Min(total, free + buffers + cached) : available, buffers, cached, swapTotal, swapFree);
    }
}
