using Mainstay.Core.Kinds;
using Mainstay.Schedule.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule.Drivers;

/// <summary>Limits on what this machine allows; needs control groups, which not every machine that runs tests has.</summary>
public sealed class ControlGroupsTests
{
    [Fact]
    public void What_is_not_limited_enters_nothing_and_never_ran_out()
    {
        var groups = ControlGroups.Find("none" + Environment.ProcessId);
        groups.Description.ShouldNotBeEmpty();
        groups.Enter("web-1", 1, null).ShouldBeEmpty();
        groups.RanOut("web-1", 1).ShouldBeFalse();
        groups.Leave("web-1", 1);
    }

    // As a machine with systemd and version 2 has them; the agent is a service there.
    static string Recorded(TempFolder folder, string controllers, string own = "/system.slice/mainstay.service")
    {
        foreach (var group in new[] { "", own })
        {
            var path = Directory.CreateDirectory(folder.Path + group).FullName;
            File.WriteAllText(Path.Combine(path, "cgroup.controllers"), controllers + "\n");
            File.WriteAllText(Path.Combine(path, "cgroup.procs"), "");
            File.WriteAllText(Path.Combine(path, "cgroup.subtree_control"), "");
        }

        var self = Path.Combine(folder.Path, "self");
        File.WriteAllText(self, $"0::{own}\n");
        return self;
    }

    [Fact]
    public void Version_2_holds_a_start_to_its_limits_in_a_group_of_its_own()
    {
        using var folder = new TempFolder();
        var groups = ControlGroups.Find("a1", folder.Path, Recorded(folder, "cpuset cpu io memory hugetlb pids rdma misc"));
        groups.Description.ShouldBe("cgroup v2: processors and memory");
        var parent = Path.Combine(folder.Path, "system.slice", "mainstay.service", "mainstay-a1");
        File.ReadAllText(Path.Combine(parent, "cgroup.subtree_control")).ShouldBe("+cpu +memory");

        // The kernel makes these files with the group.
        var group = Directory.CreateDirectory(Path.Combine(parent, "web-1.2")).FullName;
        File.WriteAllText(Path.Combine(group, "memory.swap.max"), "max\n");
        File.WriteAllText(Path.Combine(group, "memory.oom.group"), "0\n");
        var enter = groups.Enter("web-1", 2, new() { Memory = new ByteSize(64 << 20), Cpu = new Cpus(50) });
        enter.Split("cgroup.procs").Length.ShouldBe(2, "it is entered once");
        enter.ShouldContain($"'{group}/cgroup.procs'");
        string Of(string file) => File.ReadAllText(Path.Combine(group, file)).Trim();
        (Of("memory.max"), Of("memory.swap.max"), Of("memory.oom.group"), Of("cpu.max")).ShouldBe(("67108864", "0", "1", "50000 100000"));

        File.WriteAllText(Path.Combine(group, "memory.events"), "low 0\nhigh 0\nmax 12\noom 1\noom_kill 0\noom_group_kill 0\n");
        groups.RanOut("web-1", 2).ShouldBeFalse();
        File.WriteAllText(Path.Combine(group, "memory.events"), "low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 1\n");
        groups.RanOut("web-1", 2).ShouldBeTrue();
    }

    [Fact]
    public void Version_2_where_the_own_group_cannot_pass_anything_on_takes_the_root()
    {
        using var folder = new TempFolder();
        var self = Recorded(folder, "cpu memory pids");
        var busy = Path.Combine(folder.Path, "system.slice", "mainstay.service", "cgroup.subtree_control");
        File.Delete(busy);
        Directory.CreateDirectory(busy);
        var groups = ControlGroups.Find("a1", folder.Path, self);
        groups.Enter("web-1", 1, new() { Cpu = new Cpus(200) }).ShouldContain($"'{folder.Path}/mainstay-a1/web-1.1/cgroup.procs'", customMessage: groups.Description);
        File.ReadAllText(Path.Combine(folder.Path, "mainstay-a1", "web-1.1", "cpu.max")).ShouldBe("200000 100000");
    }

    [Theory]
    [InlineData("cpu io", "cgroup v2: processors alone", true)]
    [InlineData("memory", "cgroup v2: memory alone", true)]
    [InlineData("pids", "not enforced: ", false)]
    public void Version_2_limits_what_it_is_given(string controllers, string description, bool isLimited)
    {
        using var folder = new TempFolder();
        var groups = ControlGroups.Find("a1", folder.Path, Recorded(folder, controllers));
        groups.Description.ShouldStartWith(description);
        (groups.Enter("web-1", 1, new() { Memory = new ByteSize(64 << 20), Cpu = new Cpus(50) }).Length > 0).ShouldBe(isLimited);
    }

    [Fact(Explicit = true)]
    public void A_process_that_needs_more_memory_is_ended_and_told_apart()
    {
        var groups = ControlGroups.Find("test" + Environment.ProcessId);
        var enter = groups.Enter("web-1", 1, new() { Memory = new ByteSize(16 << 20), Cpu = new Cpus(50) });
        enter.ShouldNotBeEmpty(groups.Description);
        using var hungry = System.Diagnostics.Process.Start("/bin/sh", ["-c", enter + "exec python3 -c 'x = bytearray(64 << 20)'"]);
        hungry.WaitForExit();
        groups.RanOut("web-1", 1).ShouldBeTrue();
        groups.RanOut("web-1", 2).ShouldBeFalse();
        groups.Leave("web-1", 1);
    }
}
