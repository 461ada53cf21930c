using Mainstay.Core.Kinds;
using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule.Drivers;

/// <summary>What a new run of the agent makes of what an earlier one left, whenever that one ended.</summary>
public sealed class RecoveryTests : IDisposable
{
    readonly RuntimeBench bench = new();

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task ARunningInstanceIsAdoptedWithItsPidAndPort()
    {
        var before = bench.Start("sleep 1000");
        bench.Restart().ShouldBe([before]);
        RuntimeBench.IsAlive(before.Pid).ShouldBeTrue();

        bench.Runtime.Stop("web-1", 1, TimeSpan.FromSeconds(10));
        (await bench.EndOf()).Pid.ShouldBe(before.Pid);
    }

    [Fact]
    public async Task AnAdoptedInstanceIsWatched()
    {
        var pipe = bench.Pipe("go");
        bench.Start($"read line < {pipe}; exit 5");
        bench.Restart();
        await File.WriteAllTextAsync(pipe, "go\n");
        (await bench.EndOf()).ExitCode.ShouldBe(5);
    }

    [Fact]
    public async Task AnInstanceThatEndedMeanwhileIsSeenAsEnded()
    {
        var pipe = bench.Pipe("go");
        var started = bench.Start($"sleep 1000 & read line < {pipe}");
        bench.Runtime.Dispose();
        using var watching = new EventThread("watch");
        var ended = new TaskCompletionSource();
        watching.Add(Posix.PidfdOpen(started.Pid), once: true, ended.SetResult);
        await File.WriteAllTextAsync(pipe, "go\n");
        await ended.Task.WaitAsync(RuntimeBench.Patience);

        bench.Restart();
        (await bench.EndOf()).Epoch.ShouldBe(1);
        ProcessTable.Tagged(bench.Folder.AgentId).ShouldBeEmpty("what the leader left is ended too");
    }

    [Fact]
    public void AnIntentWithoutAProcessIsAsIfNeverAsked()
    {
        Write(new() { Instance = "web-1", Epoch = 4, Phase = ProcPhase.Starting, Port = 20007 });
        var record = bench.Restart().ShouldHaveSingleItem();
        (record.Epoch, record.Phase).ShouldBe((3, ProcPhase.Ended));
        bench.Start("sleep 1000", epoch: 4).Phase.ShouldBe(ProcPhase.Running);
    }

    [Fact]
    public void AnIntentWhoseProcessRunsIsAdopted()
    {
        var started = bench.Start("sleep 1000");
        Write(started with { Phase = ProcPhase.Starting, Pid = 0, StartTicks = 0, BootId = "" });
        bench.Restart().ShouldBe([started]);
    }

    [Fact]
    public void AnotherProcessWithTheSamePidIsLeftAlone()
    {
        Write(new()
        {
            Instance = "web-1", Epoch = 1, Phase = ProcPhase.Running, Pid = Environment.ProcessId, StartTicks = 1, BootId = ProcessTable.BootId,
        });
        bench.Restart().ShouldHaveSingleItem().Phase.ShouldBe(ProcPhase.Ended);
    }

    [Fact]
    public async Task AStopHasTheRestOfItsGraceHoweverOftenTheAgentIsStartedAgain()
    {
        var time = new FakeTime();
        using var agents = new RuntimeBench(time);
        var up = agents.Pipe("up");
        var started = agents.Start($"trap '' TERM; echo ready > {up}; while true; do sleep 1000; done");
        await RuntimeBench.Heard(up);
        agents.Runtime.Stop("web-1", 1, TimeSpan.FromSeconds(10));
        for (var run = 0; run < 4; run++)
        {
            time.Advance(TimeSpan.FromSeconds(2.4));
            agents.Restart().ShouldHaveSingleItem().Phase.ShouldBe(ProcPhase.Running);
            agents.Runtime.Stop("web-1", 1, TimeSpan.FromSeconds(10));
        }

        RuntimeBench.IsAlive(started.Pid).ShouldBeTrue("9.6 s are over");
        time.Advance(TimeSpan.FromSeconds(0.5));
        (await agents.EndOf()).ExitCode.ShouldBe(137);
    }

    [Fact]
    public async Task AStopWhoseGraceIsOverMeanwhileEndsItAtOnceAndWhatItHasLeft()
    {
        var time = new FakeTime();
        using var agents = new RuntimeBench(time);
        var up = agents.Pipe("up");
        agents.Start($"setsid sh -c 'trap \"\" TERM; echo ready > {up}; while true; do sleep 1000; done' & wait");
        await RuntimeBench.Heard(up);
        agents.Runtime.Stop("web-1", 1, TimeSpan.FromSeconds(10));
        agents.Runtime.Dispose();
        time.Advance(TimeSpan.FromSeconds(11));
        agents.Restart();
        await agents.EndOf();
        ProcessTable.Tagged(agents.Folder.AgentId).ShouldBeEmpty();
    }

    [Fact]
    public async Task AStopReachesNeitherAnotherProcessThatHasThePidNowNorItsChildren()
    {
        using var other = new RuntimeBench();
        var up = other.Pipe("up");
        var theirs = other.Start($"sleep 1000 & echo $! > {up}; wait");
        var child = int.Parse(await RuntimeBench.Heard(up), System.Globalization.CultureInfo.InvariantCulture);
        Write(theirs with { StartTicks = theirs.StartTicks - 1, KillAt = TimeSpan.Zero });
        bench.Restart().ShouldHaveSingleItem().Phase.ShouldBe(ProcPhase.Ended);
        RuntimeBench.IsAlive(theirs.Pid).ShouldBeTrue();
        RuntimeBench.IsAlive(child).ShouldBeTrue();
    }

    [Fact]
    public void AStopOfAnotherBootEndsNobody()
    {
        using var other = new RuntimeBench();
        var theirs = other.Start("sleep 1000");
        Write(theirs with { BootId = "another", KillAt = TimeSpan.Zero });
        bench.Restart().ShouldHaveSingleItem().Phase.ShouldBe(ProcPhase.Ended);
        RuntimeBench.IsAlive(theirs.Pid).ShouldBeTrue();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"instance\": 3")]
    public void ProcessesWithoutAReadableRecordAreEnded(string content)
    {
        var started = bench.Start("sleep 1000");
        File.WriteAllText(Directory.GetFiles(bench.Folder.Records).Single(), content);
        bench.Restart().ShouldBeEmpty();
        SpinWait.SpinUntil(() => !RuntimeBench.IsAlive(started.Pid), RuntimeBench.Patience).ShouldBeTrue();
    }

    [Fact]
    public void AProcessIsFoundTheMomentAfterItsStart()
    {
        for (var epoch = 1; epoch <= 100; epoch++)
        {
            var started = bench.Start("sleep 1000", $"web-{epoch}");
            ProcessTable.Tagged(bench.Folder.AgentId).Select(t => t.Stat.Pid).ShouldContain(started.Pid, $"start {epoch}");
        }
    }

    [Fact]
    public void InstancesOfAnotherDataFolderAreLeftAlone()
    {
        using var other = new RuntimeBench();
        var theirs = other.Start("sleep 1000");
        bench.Restart();
        RuntimeBench.IsAlive(theirs.Pid).ShouldBeTrue();
    }

    void Write(ProcessRecord record) =>
        File.WriteAllBytes(Path.Combine(bench.Folder.Records, record.Instance + ".json"), Codec.Encode(record));
}
