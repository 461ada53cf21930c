using System.Globalization;
using System.Net;
using System.Text;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Drivers;

/// <summary>What <c>/proc</c> says about processes (proc(5)). A process that ends while it is read counts as absent.</summary>
static class ProcessTable
{
    const uint KernelThread = 0x0020_0000; // PF_KTHREAD of proc(5)'s flags
    const int MostLooks = 500; // at about a millisecond each

    /// <summary>Changes with every boot of the machine: process ids and start ticks mean nothing across it.</summary>
    public static string BootId { get; } = ReadText("/proc/sys/kernel/random/boot_id")?.Trim() ?? "";

    /// <summary>The process as it is now; null where there is none or it has ended and only waits to be reaped.</summary>
    public static ProcessStat? Stat(int pid) => Read(pid) is { State: not ('Z' or 'X') } stat ? stat : null;

    /// <summary>The wait status of a process that has ended and was not reaped yet; null otherwise, and where the system does not tell us.</summary>
    public static int? WaitStatusOfEnded(int pid, long startTicks) =>
        Read(pid) is { State: 'Z' } stat && stat.StartTicks == startTicks ? stat.WaitStatus : null;

    /// <summary>When the process started, ended or not; null where its number is free.</summary>
    public static long? StartTicks(int pid) => Read(pid)?.StartTicks;

    /// <summary>All running processes whose environment says that they belong to <paramref name="agent"/>, with what they are part of.</summary>
    public static IReadOnlyList<TaggedProcess> Tagged(string agent)
    {
        var found = new List<TaggedProcess>();
        foreach (var pid in Pids())
        {
            if (Tag(pid, agent) is { } tag && Stat(pid) is { } stat)
            {
                found.Add(new(tag.Part, tag.Epoch, stat));
            }
        }

        return found;
    }

    /// <summary>All running processes of a session, or tagged as a part of the agent's, but its leader.</summary>
    /// <param name="agent">The agent.</param>
    /// <param name="part">The instance or build.</param>
    /// <param name="leader">Process id of the session's leader.</param>
    /// <param name="startTicks">Start of the leader: an older process of the same session number is somebody else's.</param>
    public static IReadOnlyList<ProcessStat> Members(string agent, string part, int leader, long startTicks)
    {
        var found = new List<ProcessStat>();
        foreach (var pid in Pids())
        {
            if (pid != leader && Stat(pid) is { } stat
                && ((stat.Session == leader && leader > 0 && stat.StartTicks >= startTicks) || Tag(pid, agent)?.Part == part))
            {
                found.Add(stat);
            }
        }

        return found;
    }

    /// <summary>Where the processes of one part of the agent's listen, over TCP; null where that cannot be seen: another user's, another machine's, or gone.</summary>
    /// <param name="agent">The agent.</param>
    /// <param name="part">The instance.</param>
    /// <param name="leader">One of its processes.</param>
    /// <param name="container">The network of the container that it is in; null where it is a process of the agent's own.</param>
    public static IReadOnlyCollection<IPEndPoint>? Listeners(string agent, string part, int leader, ContainerNetwork? container)
    {
        // An engine's process has the instance's name, and not the agent's mark, by which it would count as one of ours.
        var isIts = container is null ? Tag(leader, agent)?.Part == part : Environment(leader) is { } given && ValueOf(given, Tags.Instance) == part;
        if (!isIts || Stat(leader) is not { } stat || ReadText($"/proc/{leader}/net/tcp") is not { } four)
        {
            return null;
        }

        // Without IPv6 there is no such table.
        var listeners = ProcNet.Listeners(four).Concat(ProcNet.Listeners(ReadText($"/proc/{leader}/net/tcp6") ?? ""));
        if (container == ContainerNetwork.Bridge)
        {
            return [.. listeners.Select(l => l.At)];
        }

        var members = container is null ? Members(agent, part, leader, stat.StartTicks).Select(m => m.Pid).Prepend(leader) : Beside(leader);
        var sockets = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in members)
        {
            if (!AddSockets(member, sockets))
            {
                return null;
            }
        }

        return [.. listeners.Where(l => sockets.Contains($"socket:[{l.Inode}]")).Select(l => l.At)];
    }

    /// <summary>Ends a process by force unless its number has passed to another since it was seen.</summary>
    public static void Kill(ProcessStat seen)
    {
        var pidfd = Posix.PidfdOpen(seen.Pid);
        if (pidfd >= 0)
        {
            if (Stat(seen.Pid)?.StartTicks == seen.StartTicks)
            {
                _ = Posix.PidfdSendSignal(pidfd, Posix.SigKill);
            }

            _ = Posix.close(pidfd);
        }
    }

    static IEnumerable<int> Pids() => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
        .Where(pid => pid > 0);

    // While a process replaces its program it has neither arguments nor environment for a moment, and looks as if it were nobody's: a child is in that moment when the
    // call that started it returns. One that has its arguments got its environment before them, so it is read once more.
    static (string Part, int Epoch)? Tag(int pid, string agent)
    {
        var patience = new SpinWait();
        for (var count = 0; count < MostLooks; count++)
        {
            if (Environment(pid) is not { } found)
            {
                return null;
            }

            if (found.Length > 0)
            {
                return Tag(found, agent);
            }

            if (!IsReplacing(pid))
            {
                return Environment(pid) is { } settled ? Tag(settled, agent) : null;
            }

            patience.SpinOnce();
        }

        return null;
    }

    static bool IsReplacing(int pid) => ReadText($"/proc/{pid}/cmdline") is "" && Read(pid) is { State: not ('Z' or 'X'), IsKernels: false };

    // A process that ended meanwhile, or is another user's, is not one of ours either way.
    static byte[]? Environment(int pid)
    {
        try
        {
            return File.ReadAllBytes($"/proc/{pid}/environ");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    static (string Part, int Epoch)? Tag(byte[] environment, string agent) =>
        environment.AsSpan().IndexOf(Encoding.UTF8.GetBytes(Tags.Agent)) < 0 || ValueOf(environment, Tags.Agent) != agent
            || ValueOf(environment, Tags.Instance) is not { } part
            ? null
            : (part, int.TryParse(ValueOf(environment, Tags.Epoch), CultureInfo.InvariantCulture, out var epoch) ? epoch : 0);

    static string? ValueOf(ReadOnlySpan<byte> environment, string variable)
    {
        ReadOnlySpan<byte> prefix = Encoding.UTF8.GetBytes(variable + "=");
        foreach (var range in environment.Split((byte)0))
        {
            var entry = environment[range];
            if (entry.StartsWith(prefix))
            {
                return Encoding.UTF8.GetString(entry[prefix.Length..]);
            }
        }

        return null;
    }

    static ProcessStat? Read(int pid)
    {
        // The second field is the program's name in parentheses and may itself hold spaces and parentheses; the third follows the last one.
        if (ReadText($"/proc/{pid}/stat") is not { } text || text.LastIndexOf(')') is not (> 0 and var name) || text.Length < name + 3)
        {
            return null;
        }

        var fields = text[(name + 2)..].Split(' ');
        return fields.Length < 20
            ? null
            : new(pid, fields[0][0], Number(fields[3]), long.Parse(fields[19], CultureInfo.InvariantCulture), fields.Length > 49 ? Number(fields[49]) : null)
            {
                IsKernels = (uint.Parse(fields[6], CultureInfo.InvariantCulture) & KernelThread) != 0,
            };
    }

    static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    // A container has a name space of processes to itself (pid_namespaces(7)).
    static IEnumerable<int> Beside(int leader) => LinkOf($"/proc/{leader}/ns/pid") is { } space ? Pids().Where(pid => LinkOf($"/proc/{pid}/ns/pid") == space) : [];

    // False where we may not look. A process that has ended meanwhile, or a descriptor that was closed, holds none.
    static bool AddSockets(int pid, HashSet<string> sockets)
    {
        try
        {
            foreach (var descriptor in Directory.EnumerateFiles($"/proc/{pid}/fd"))
            {
                if (LinkOf(descriptor) is { } target && target.StartsWith("socket:", StringComparison.Ordinal))
                {
                    sockets.Add(target);
                }
            }

            return true;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return gone is not UnauthorizedAccessException;
        }
    }

    static string? LinkOf(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: false)?.Name;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    static string? ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

/// <summary>A line of the process table.</summary>
/// <param name="Pid">Process id.</param>
/// <param name="State">One letter: R, S, D, Z (ended, not reaped) …</param>
/// <param name="Session">Process id of its session's leader.</param>
/// <param name="StartTicks">When it started, in clock ticks since boot: with the pid and the boot id it identifies a process for ever.</param>
/// <param name="WaitStatus">Its wait status once it has ended; null where the kernel does not say.</param>
readonly record struct ProcessStat(int Pid, char State, int Session, long StartTicks, int? WaitStatus)
{
    /// <summary>It is a thread of the kernel, which never has arguments or an environment.</summary>
    public bool IsKernels { get; init; }
}

/// <summary>A process that carries our tags.</summary>
/// <param name="Part">The instance or build that it was started for.</param>
/// <param name="Epoch">The start of that instance that it belongs to.</param>
/// <param name="Stat">Its line of the process table.</param>
readonly record struct TaggedProcess(string Part, int Epoch, ProcessStat Stat);

/// <summary>The environment variables by which processes of ours are found again.</summary>
static class Tags
{
    /// <summary>The agent's data folder, as <see cref="DataFolder.AgentId"/>.</summary>
    public const string Agent = "MAINSTAY_AGENT";

    /// <summary>The instance's name; for builds <c>build/</c> and the build's name.</summary>
    public const string Instance = "MAINSTAY_INSTANCE";

    /// <summary>The start of the instance.</summary>
    public const string Epoch = "MAINSTAY_EPOCH";

    /// <summary>Tells builds from instances.</summary>
    public const string BuildPrefix = "build/";
}
