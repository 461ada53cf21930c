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
