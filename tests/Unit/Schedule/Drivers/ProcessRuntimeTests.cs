using System.Globalization;
using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule.Drivers;

public sealed class ProcessRuntimeTests : IDisposable
{
    readonly FakeTime time = new();
    readonly RuntimeBench bench;

    public ProcessRuntimeTests() => bench = new(time);

    public void Dispose() => bench.Dispose();

    [Theory]
    [InlineData("exit 7", 7)]
    [InlineData("true", 0)]
    [InlineData("./no-such-program", 127)]
    [InlineData("kill -9 $$; wait", 137)]
    public async Task AnEndIsReportedWithItsExitCode(string command, int expected)
    {
        bench.Start(command).Phase.ShouldBe(ProcPhase.Running);
        (await bench.EndOf()).ExitCode.ShouldBe(expected);
    }

    [Fact]
    public async Task TheReportedPidIsTheProgramItself()
    {
        var pipe = bench.Pipe("pid");
        var started = bench.Start($"sh -c 'echo $$ > {pipe}; exec sleep 1000'");
        (await RuntimeBench.Heard(pipe)).ShouldBe(Text(started.Pid));
    }

    [Fact]
    public async Task TheProgramGetsItsEnvironmentAndNothingElse()
    {
        bench.Start("env");
        await bench.EndOf();
        var keys = File.ReadAllLines(bench.Output).Select(line => line[..line.IndexOf('=', StringComparison.Ordinal)]);
        keys.Except(["PWD", "OLDPWD", "SHLVL", "_"]).ShouldBe(["PATH", "PORT", "MAINSTAY_AGENT", "MAINSTAY_INSTANCE", "MAINSTAY_EPOCH"], ignoreOrder: true);
    }

    [Fact]
    public async Task NoDescriptorAndNoIgnoredSignalLeaksIntoTheProgram()
    {
        bench.Start("sh -c 'ls /proc/$$/fd; grep SigIgn /proc/$$/status'");
        await bench.EndOf();
        var words = File.ReadAllText(bench.Output).Split(['\n', '\t'], StringSplitOptions.RemoveEmptyEntries);
        words[..^1].ShouldBe(["0", "1", "2", "SigIgn:"]);

        // glibc leaves its two internal signals ignored until the new program's own start.
        const ulong glibcOwn = 3ul << 31;
        (ulong.Parse(words[^1], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & ~glibcOwn).ShouldBe(0ul);
    }

    [Fact]
    public async Task AMissingFolderIsAFailureWithARemedy()
    {
        var record = bench.Runtime.Start(bench.Spec("true", folder: "/no/such/folder"));
        record.Phase.ShouldBe(ProcPhase.Failed);
        record.Message.ShouldBe("the working folder /no/such/folder does not exist; create it or correct 'folder'");
        (await bench.EndOf()).ShouldBe(record);
    }

    [Fact]
    public void AnUnusableOutputIsAFailureWithARemedy()
    {
        var record = bench.Runtime.Start(bench.Spec("true") with { Output = "/no/such/folder/out" });
        record.Phase.ShouldBe(ProcPhase.Failed);
        record.Message.ShouldContain("No such file or directory; check");
    }

    [Fact]
    public async Task VerbsAreIdempotentPerEpoch()
    {
        var first = bench.Start("sleep 1000");
        bench.Start("sleep 1000").ShouldBe(first);
        bench.Start("sleep 1000", epoch: 2).ShouldBe(first, "one process per instance at a time");
        bench.Runtime.Stop("web-1", epoch: 9, TimeSpan.Zero);
        bench.Runtime.Stop("web-2", epoch: 1, TimeSpan.Zero);
        RuntimeBench.IsAlive(first.Pid).ShouldBeTrue();

        bench.Runtime.Stop("web-1", epoch: 1, TimeSpan.FromSeconds(10));
        bench.Runtime.Stop("web-1", epoch: 1, TimeSpan.FromSeconds(10));
        (await bench.EndOf()).ExitCode.ShouldBe(143);
        bench.Start("sleep 1000").Phase.ShouldBe(ProcPhase.Ended, "the epoch is over");
        bench.Start("sleep 1000", epoch: 2).Pid.ShouldNotBe(first.Pid);
    }

    [Fact]
    public async Task WhoIgnoresTheRequestIsEndedAfterTheGrace()
    {
        var pipe = bench.Pipe("deaf");
        bench.Start($"trap '' TERM; echo ready > {pipe}; while true; do sleep 1000; done");
        await RuntimeBench.Heard(pipe);
        bench.Runtime.Stop("web-1", 1, TimeSpan.FromSeconds(10));
        time.Advance(TimeSpan.FromSeconds(9.9));
        ProcessTable.Tagged(bench.Folder.AgentId).ShouldNotBeEmpty();
        time.Advance(TimeSpan.FromSeconds(0.2));
        (await bench.EndOf()).ExitCode.ShouldBe(137);
        ProcessTable.Tagged(bench.Folder.AgentId).ShouldBeEmpty();
    }

    [Fact]
    public async Task TheWholeGroupEndsEvenWhereAChildLeftIt()
    {
        var pipe = bench.Pipe("child");
        bench.Start($"sleep 1000 & setsid sh -c 'echo $$ > {pipe}; exec sleep 1000' & wait");
        var outside = int.Parse(await RuntimeBench.Heard(pipe), CultureInfo.InvariantCulture);
        bench.Runtime.Stop("web-1", 1, TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromSeconds(1));
        await bench.EndOf();
        RuntimeBench.IsAlive(outside).ShouldBeFalse();
        ProcessTable.Tagged(bench.Folder.AgentId).ShouldBeEmpty();
    }

    [Fact]
    public async Task AChildKeepsTheGraceWhenTheShellAboveItIsGone()
    {
        var ready = bench.Pipe("ready");
        var done = bench.Pipe("done");
        var leader = bench.Start($"sh -c 'trap \"echo saved > {done}; exit 0\" TERM; echo up > {ready}; while true; do sleep 1000 & wait; done'; echo never");
        await RuntimeBench.Heard(ready);
        bench.Runtime.Stop("web-1", 1, TimeSpan.FromSeconds(10));
        (await RuntimeBench.Heard(done)).ShouldBe("saved");
        await Until.HoldsAsync(() => !RuntimeBench.IsAlive(leader.Pid));
        // The child may have begun its next sleep in the moment of the signal; that one has the rest of the grace.
        time.Advance(TimeSpan.FromSeconds(10));
        (await bench.EndOf()).ExitCode.ShouldBe(143);
    }

    [Fact]
    public async Task WhatACrashedLeaderLeavesBehindIsEnded()
    {
        bench.Start("sleep 1000 & exit 3");
        (await bench.EndOf()).ExitCode.ShouldBe(3);
        ProcessTable.Tagged(bench.Folder.AgentId).ShouldBeEmpty();
    }

    [Fact]
    public async Task ForgettingFreesThePortOnceTheProcessHasEnded()
    {
        var started = bench.Start("sleep 1000");
        bench.Runtime.Forget("web-1");
        Directory.GetFiles(bench.Folder.Records).ShouldHaveSingleItem();
        bench.Runtime.Stop("web-1", 1, TimeSpan.Zero);
        await bench.EndOf();
        bench.Start("sleep 1000", epoch: 2).Port.ShouldBe(started.Port);
        bench.Runtime.Stop("web-1", 2, TimeSpan.Zero);
        await bench.EndOf();
        bench.Runtime.Forget("web-1");
        Directory.GetFiles(bench.Folder.Records).ShouldBeEmpty();
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
