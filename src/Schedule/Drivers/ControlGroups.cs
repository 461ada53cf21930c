using System.Globalization;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Drivers;

/// <summary>
/// Holds processes to their processors and memory by the kernel's control groups (cgroups(7)), version 2 or 1, where this user may make them; one group for each start. Where not, nothing is limited, and
/// <see cref="Description"/> says why.
/// </summary>
public sealed class ControlGroups
{
    const int PeriodUs = 100_000;

    // What is limited, and the folder that groups are made in; both are the same in version 2.
    readonly string? cpu;
    readonly string? memory;
    readonly bool isUnified;

    ControlGroups(string? cpu, string? memory, bool isUnified, string description) => (this.cpu, this.memory, this.isUnified, Description) = (cpu, memory, isUnified, description);

    /// <summary>What is enforced here and how, for people.</summary>
    public string Description { get; }

    /// <summary>What the machine allows an agent.</summary>
    /// <param name="agent">Id of the agent: its groups are its own.</param>
    public static ControlGroups Find(string agent) => Find(agent, "/sys/fs/cgroup", "/proc/self/cgroup");

    /// <summary>The same on another layout: where groups are mounted, and the file that says in which the agent is.</summary>
    internal static ControlGroups Find(string agent, string root, string self)
    {
        try
        {
            return File.Exists(Path.Combine(root, "cgroup.controllers")) ? Unified(agent, root, self) : Separate(agent, root, self);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return new(null, null, false, $"not enforced: {refused.Message}");
        }
    }

    /// <summary>Makes the group of a start; gives what a shell does to enter it, empty where nothing is limited.</summary>
    /// <exception cref="IOException">The group cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not.</exception>
    public string Enter(string instance, int epoch, ResourceSpec? resources)
    {
        var script = "";
        var name = NameOf(instance, epoch);
        if (resources?.Memory is { } size && memory is not null)
        {
            var group = Directory.CreateDirectory(Path.Combine(memory, name)).FullName;
            Write(group, isUnified ? "memory.max" : "memory.limit_in_bytes", size.Bytes);
            // Swap would only put the end off.
            TryWrite(group, isUnified ? "memory.swap.max" : "memory.memsw.limit_in_bytes", isUnified ? 0 : size.Bytes);
            TryWrite(group, "memory.oom.group", 1);
            script += Joining(group);
        }

        if (resources?.Cpu is { } share && cpu is not null)
        {
            var group = Directory.CreateDirectory(Path.Combine(cpu, name)).FullName;
            var quota = (long)share.Hundredths * PeriodUs / 100;
            if (isUnified)
            {
                File.WriteAllText(Path.Combine(group, "cpu.max"), string.Create(CultureInfo.InvariantCulture, $"{quota} {PeriodUs}"));
            }
            else
            {
                Write(group, "cpu.cfs_period_us", PeriodUs);
                Write(group, "cpu.cfs_quota_us", quota);
            }

            script += cpu == memory && resources.Memory is not null ? "" : Joining(group);
        }

        return script;
    }

    /// <summary>Whether the kernel ended any process of a start for want of memory.</summary>
    public bool RanOut(string instance, int epoch)
    {
        if (memory is null)
        {
            return false;
        }

        try
        {
            var lines = File.ReadLines(Path.Combine(memory, NameOf(instance, epoch), isUnified ? "memory.events" : "memory.oom_control"));
            return lines.Any(l => l.Split(' ') is ["oom_kill", var count] && count != "0");
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Removes the group of a start whose processes have all ended.</summary>
    public void Leave(string instance, int epoch)
    {
        foreach (var folder in new[] { memory, cpu }.OfType<string>().Distinct())
        {
            try
            {
                Directory.Delete(Path.Combine(folder, NameOf(instance, epoch)));
            }
            catch (Exception kept) when (kept is IOException or UnauthorizedAccessException)
            {
                // There was none, or something in it has not been reaped yet; an empty group costs next to nothing.
            }
        }
    }

    // A shell that cannot enter goes on without: a limit that fails is no reason to be down, and the next line of its log says so.
    static string Joining(string group) => $"echo $$ > '{group}/cgroup.procs' || echo 'mainstay: this process is not limited' >&2\n";

    static string NameOf(string instance, int epoch) => $"{instance}.{epoch.ToString(CultureInfo.InvariantCulture)}";

    // A group with processes of its own cannot pass controllers on (cgroups(7), "no internal processes"), and that is what the agent's own mostly is; the machine's root can.
    static ControlGroups Unified(string agent, string root, string self)
    {
        var own = root + (File.ReadLines(self).FirstOrDefault(l => l.StartsWith("0::", StringComparison.Ordinal))?[3..].TrimEnd('/') ?? "");
        string? why = null;
        foreach (var group in new[] { own, root }.Distinct())
        {
            try
            {
                return Below(group, agent);
            }
            catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
            {
                why ??= refused.Message;
            }
        }

        return new(null, null, false, $"not enforced: {why}");
    }

    static ControlGroups Below(string group, string agent)
    {
        var there = File.ReadAllText(Path.Combine(group, "cgroup.controllers")).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var (cpu, memory) = (there.Contains("cpu"), there.Contains("memory"));
        if (!cpu && !memory)
        {
            throw new IOException($"{group} has neither processors nor memory to pass on");
        }

        var wanted = (cpu, memory) switch { (true, true) => "+cpu +memory", (true, _) => "+cpu", _ => "+memory" };
        File.WriteAllText(Path.Combine(group, "cgroup.subtree_control"), wanted);
        var parent = Directory.CreateDirectory(Path.Combine(group, $"mainstay-{agent}")).FullName;
        File.WriteAllText(Path.Combine(parent, "cgroup.subtree_control"), wanted);
        return new(cpu ? parent : null, memory ? parent : null, true, $"cgroup v2: {(cpu, memory) switch { (true, true) => "processors and memory", (true, _) => "processors alone", _ => "memory alone" }}");
    }

    static ControlGroups Separate(string agent, string root, string self)
    {
        var problems = new List<string>();
        string? Of(string controller)
        {
            try
            {
                var own = File.ReadLines(self).Select(l => l.Split(':', 3)).FirstOrDefault(p => p.Length == 3 && p[1].Split(',').Contains(controller))?[2].TrimEnd('/');
                if (own is null)
                {
                    return null;
                }

                // Whether groups can be made is shown by making one; the real one is made when something is limited.
                var parent = $"{root}/{controller}{own}/mainstay-{agent}";
                if (!Directory.Exists(parent))
                {
                    Directory.CreateDirectory(parent);
                    Directory.Delete(parent);
                }

                return parent;
            }
            catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
            {
                problems.Add(refused.Message);
                return null;
            }
        }

        var (cpu, memory) = (Of("cpu"), Of("memory"));
        var what = (cpu, memory) switch
        {
            (not null, not null) => "cgroup v1: processors and memory",
            (not null, null) => "cgroup v1: processors alone",
            (null, not null) => "cgroup v1: memory alone",
            _ => "not enforced: no control groups",
        };
        return new(cpu, memory, false, string.Join("; ", problems.Prepend(what)));
    }

    static void Write(string group, string file, long value) => File.WriteAllText(Path.Combine(group, file), value.ToString(CultureInfo.InvariantCulture));

    static void TryWrite(string group, string file, long value)
    {
        // Not every kernel has it, and creating a file there is no use.
        if (File.Exists(Path.Combine(group, file)))
        {
            Write(group, file, value);
        }
    }
}
