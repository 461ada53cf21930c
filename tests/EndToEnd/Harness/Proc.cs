using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Mainstay.EndToEnd.Harness;

/// <summary>The machine's processes, as <c>/proc</c> tells of them (proc(5)).</summary>
static class Proc
{
    public const int SigInt = 2;
    public const int SigKill = 9;
    public const int SigTerm = 15;
    public const int SigCont = 18;
    public const int SigStop = 19;

    public static IEnumerable<int> All() => Directory.EnumerateDirectories("/proc")
        .Select(f => int.TryParse(Path.GetFileName(f), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
        .Where(pid => pid > 0);

    /// <summary>False also for a zombie: it has ended and only waits to be reaped.</summary>
    public static bool IsAlive(int pid) => Read(pid, "stat") is { Length: > 0 } stat && stat[(stat.LastIndexOf(')') + 2)..][0] is not ('Z' or 'X');

    /// <summary>Those that it started, those that these started, and so on.</summary>
    public static IReadOnlyList<int> Descendants(int pid)
    {
        var children = All().ToLookup(Parent);
        var found = new List<int> { pid };
        for (var i = 0; i < found.Count; i++)
        {
            found.AddRange(children[found[i]].Except(found));
        }

        return found[1..];
    }

    public static string[] Arguments(int pid) => Read(pid, "cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The environment that the process was started with; empty when it is gone or another user's.</summary>
    public static IReadOnlyDictionary<string, string> Environment(int pid) =>
        Read(pid, "environ").Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(v => v.Split('=', 2))
            .Where(v => v.Length == 2)
            .GroupBy(v => v[0], StringComparer.Ordinal)
            .ToDictionary(v => v.Key, v => v.First()[1], StringComparer.Ordinal);

    /// <summary>Bytes of its own and its share of what it shares (PSS).</summary>
    public static long ProportionalBytes(int pid) => RollupBytes(pid, "Pss:");

    /// <summary>Bytes of it in memory, shared ones counted in full (RSS).</summary>
    public static long ResidentBytes(int pid) => RollupBytes(pid, "Rss:");

    /// <summary>CPU time used so far, user and system.</summary>
    public static TimeSpan CpuTime(int pid)
    {
        var stat = Read(pid, "stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        const int userField = 14 - 3, systemField = 15 - 3, ticksPerSecond = 100;
        return TimeSpan.FromSeconds((double)(Number(fields[userField]) + Number(fields[systemField])) / ticksPerSecond);
    }

    public static void Signal(int pid, int signal) => _ = kill(pid, signal);

    static int Parent(int pid) => Read(pid, "stat") is { Length: > 0 } stat ? (int)Number(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]) : 0;

    static long RollupBytes(int pid, string name) =>
        Number(Read(pid, "smaps_rollup").Split('\n').First(l => l.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "").Trim()) * 1024;

    static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    static string Read(int pid, string file)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/{file}"));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    [DllImport("libc", SetLastError = true)]
    static extern int kill(int pid, int signal);
}
