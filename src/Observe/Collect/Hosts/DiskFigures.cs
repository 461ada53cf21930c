using System.Text;

namespace Mainstay.Observe.Collect.Hosts;

/// <summary>What <c>/proc/diskstats</c> tells of one device, since boot (Documentation/admin-guide/iostats.rst).</summary>
/// <param name="Device">Such as <c>vda</c>.</param>
/// <param name="Reads">Reads completed.</param>
/// <param name="ReadBytes">Bytes read.</param>
/// <param name="ReadMs">Time of all reads together, in milliseconds.</param>
/// <param name="Writes">Writes completed.</param>
/// <param name="WriteBytes">Bytes written.</param>
/// <param name="WriteMs">Time of all writes together, in milliseconds.</param>
/// <param name="InFlight">Operations under way.</param>
/// <param name="BusyMs">Time during which anything was under way, in milliseconds.</param>
public readonly record struct DiskFigures(
    string Device, ulong Reads, ulong ReadBytes, ulong ReadMs, ulong Writes, ulong WriteBytes, ulong WriteMs, ulong InFlight, ulong BusyMs)
{
    /// <summary>The most devices that are looked at.</summary>
    public const int Most = 64;

    // The kernel counts in sectors of 512 bytes, whatever the device's own.
    const ulong Sector = 512;

    /// <summary>The devices that did anything since boot, without partitions, loop and RAM disks: their work is counted at what they lie on.</summary>
    public static List<DiskFigures> Parse(ReadOnlySpan<byte> text)
    {
        var found = new List<DiskFigures>();
        while (found.Count < Most && ProcText.Line(ref text, out var line))
        {
            ProcText.Skip(ref line, 2);
            var name = ProcText.Word(ref line);
            if (name.IsEmpty || name.StartsWith("loop"u8) || name.StartsWith("ram"u8) || name.StartsWith("sr"u8) || name.StartsWith("fd"u8) || IsPartition(name, found))
            {
                continue;
            }

            var reads = ProcText.Number(ref line);
            ProcText.Skip(ref line, 1);
            var readBytes = ProcText.Number(ref line) * Sector;
            var readMs = ProcText.Number(ref line);
            var writes = ProcText.Number(ref line);
            ProcText.Skip(ref line, 1);
            var disk = new DiskFigures(
                Encoding.UTF8.GetString(name), reads, readBytes, readMs, writes, ProcText.Number(ref line) * Sector, ProcText.Number(ref line), ProcText.Number(ref line), ProcText.Number(ref line));
            if (reads + writes > 0)
            {
                found.Add(disk);
            }
        }

        return found;
    }

    // sda1 follows sda, nvme0n1p1 and mmcblk0p1 follow nvme0n1 and mmcblk0.
    static bool IsPartition(ReadOnlySpan<byte> name, List<DiskFigures> before)
    {
        var digits = name.TrimEnd("0123456789"u8);
        if (digits.Length == name.Length)
        {
            return false;
        }

        foreach (var disk in before)
        {
            var whole = Encoding.UTF8.GetBytes(disk.Device).AsSpan();
            if (whole.SequenceEqual(digits) || (digits.EndsWith("p"u8) && whole.SequenceEqual(digits[..^1])))
            {
                return true;
            }
        }

        return false;
    }
}
