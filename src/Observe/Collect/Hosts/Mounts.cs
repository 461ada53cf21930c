using System.Text;

namespace Mainstay.Observe.Collect.Hosts;

/// <summary>A file system on a device.</summary>
public readonly record struct Mount(string Device, string Folder, string Type)
{
    /// <summary>The most file systems that are looked at.</summary>
    public const int Most = 32;

    // Kept on disk, or over the network: what can run full. The rest lives in the kernel or in memory that is counted as such.
    static readonly HashSet<string> Kept = new(StringComparer.Ordinal)
    {
        "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs", "bcachefs", "ntfs", "ntfs3", "vfat", "exfat", "overlay", "nfs", "nfs4", "cifs", "virtiofs", "9p", "fuseblk",
    };

    /// <summary>The file systems of <c>/proc/mounts</c> that can run full, each device once, at its shortest folder.</summary>
    public static List<Mount> Parse(ReadOnlySpan<byte> text)
    {
        var byDevice = new Dictionary<string, Mount>(StringComparer.Ordinal);
        while (ProcText.Line(ref text, out var line))
        {
            var (device, folder, type) = (Text(ProcText.Word(ref line)), Text(ProcText.Word(ref line)), Text(ProcText.Word(ref line)));
            if (Kept.Contains(type) && folder.StartsWith('/') && (!byDevice.TryGetValue(device, out var known) || folder.Length < known.Folder.Length)
                && (byDevice.Count < Most || byDevice.ContainsKey(device)))
            {
                byDevice[device] = new(device, folder, type);
            }
        }

        return [.. byDevice.Values.OrderBy(m => m.Folder, StringComparer.Ordinal)];
    }

    // Blanks are written as octal escapes (getmntent(3)).
    static string Text(ReadOnlySpan<byte> word)
    {
        var bytes = new List<byte>(word.Length);
        for (var i = 0; i < word.Length; i++)
        {
            if (word[i] == '\\' && i + 3 < word.Length && IsOctal(word[i + 1]) && IsOctal(word[i + 2]) && IsOctal(word[i + 3]))
            {
                bytes.Add((byte)(((word[i + 1] - '0') << 6) | ((word[i + 2] - '0') << 3) | (word[i + 3] - '0')));
                i += 3;
            }
            else
            {
                bytes.Add(word[i]);
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    static bool IsOctal(byte c) => c is >= (byte)'0' and <= (byte)'7';
}

/// <summary>How full a file system is, in bytes.</summary>
/// <param name="Total">All of it.</param>
/// <param name="Free">Used for nothing, what only the superuser may take included.</param>
/// <param name="Available">Free for everybody.</param>
public readonly record struct Space(ulong Total, ulong Free, ulong Available);

/// <summary>What <c>cpu.stat</c> of a control group tells of its limit.</summary>
/// <param name="Periods">Periods in which the limit applied.</param>
/// <param name="Throttled">Of them, those in which it was used up.</param>
/// <param name="ThrottledUs">Time that tasks were held back, in microseconds.</param>
public readonly record struct Throttling(ulong Periods, ulong Throttled, ulong ThrottledUs)
{
    /// <summary>Of version 2 (<c>throttled_usec</c>) or 1 (<c>throttled_time</c>, in nanoseconds); null where there is no limit.</summary>
    public static Throttling? Parse(ReadOnlySpan<byte> text) =>
        ProcText.Field(text, "nr_throttled"u8) is not { } throttled ? null
        : new(ProcText.Field(text, "nr_periods"u8) ?? 0, throttled, ProcText.Field(text, "throttled_usec"u8) ?? ((ProcText.Field(text, "throttled_time"u8) ?? 0) / 1000));
}
