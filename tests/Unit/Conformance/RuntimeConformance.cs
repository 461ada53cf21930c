using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Conformance;

/// <summary>What instances are run by: processes or containers, each on a data folder of its own. Commands are for <c>/bin/sh</c>.</summary>
interface IRuntimeBench : IAsyncDisposable
{
    /// <summary>File that standard output is appended to.</summary>
    string Output { get; }

    string Error { get; }

    void Start(string command, int epoch = 1, string instance = "web-1");

    /// <summary>A start that cannot succeed.</summary>
    void StartImpossible();

    void Stop(int epoch, TimeSpan grace, string instance = "web-1");

    void Forget(string instance = "web-1");

    /// <summary>Waits until a run of the agent that comes next knows that <c>web-1</c> was asked to end.</summary>
    Task StopKeptAsync();

    /// <summary>As if the agent had been restarted.</summary>
    Task<IReadOnlyList<ProcessRecord>> RestartAsync();

    /// <summary>The next record that is told with one of these phases.</summary>
    Task<ProcessRecord> NextAsync(params ProcPhase[] phases);
}

/// <summary>The contract of runtimes; each driver inherits it.</summary>
public abstract class RuntimeConformance
{
    static readonly TimeSpan Grace = TimeSpan.FromMinutes(5);

    private protected abstract Task<IRuntimeBench> OpenAsync();

    [Theory]
    [InlineData("exit 7", 7)]
    [InlineData("true", 0)]
    public async Task An_end_is_told_with_its_exit_code_and_what_it_wrote(string end, int code)
    {
        await using var bench = await OpenAsync();
        bench.Start($"echo one; echo two >&2; echo port $PORT; {end}");
        var ended = await bench.NextAsync(ProcPhase.Ended, ProcPhase.Failed);
        (ended.Phase, ended.ExitCode).ShouldBe((ProcPhase.Ended, code), ended.Message);
        (await File.ReadAllLinesAsync(bench.Output, TestContext.Current.CancellationToken)).ShouldBe(["one", $"port {ended.Port}"]);
        (await File.ReadAllLinesAsync(bench.Error, TestContext.Current.CancellationToken)).ShouldBe(["two"]);
    }

    [Fact]
    public async Task Verbs_are_idempotent_per_epoch()
    {
        await using var bench = await OpenAsync();
        bench.Start("trap 'exit 3' TERM; echo up; while true; do sleep 1; done");
        var first = await bench.NextAsync(ProcPhase.Running, ProcPhase.Failed);
        first.Phase.ShouldBe(ProcPhase.Running, first.Message);
        first.Pid.ShouldBeGreaterThan(0);
        await UpAsync(bench);
        bench.Start("exit 1");
        bench.Start("exit 1", epoch: 2);
        bench.Stop(9, TimeSpan.Zero);
        ProcessTable.Stat(first.Pid).ShouldNotBeNull();

        bench.Stop(1, Grace);
        bench.Stop(1, Grace);
        (await bench.NextAsync(ProcPhase.Ended)).ExitCode.ShouldBe(3, "it was asked, and had its time");
        bench.Start("exit 1");
        bench.Start("exit 4", epoch: 2);
        var second = await bench.NextAsync(ProcPhase.Ended);
        while (second.Epoch < 2)
        {
            second = await bench.NextAsync(ProcPhase.Ended);
        }

        second.ExitCode.ShouldBe(4);
    }

    [Fact]
    public async Task Who_ignores_the_request_is_ended_by_force_after_the_grace()
    {
        await using var bench = await OpenAsync();
        bench.Start("trap '' TERM; echo up; while true; do sleep 1; done");
        await UpAsync(bench);
        bench.Stop(1, TimeSpan.FromMilliseconds(300));
        (await bench.NextAsync(ProcPhase.Ended)).ExitCode.ShouldBe(137);
    }

    [Fact]
    public async Task A_stop_goes_on_where_it_was_when_the_agent_is_gone_before_the_grace_is_over()
    {
        await using var bench = await OpenAsync();
        bench.Start("trap 'echo asked' TERM; echo up; while true; do sleep 0.1; done");
        await UpAsync(bench);
        bench.Stop(1, TimeSpan.FromSeconds(3));
        await Until.HoldsAsync(() => File.ReadAllText(bench.Output).Contains("asked", StringComparison.Ordinal));
        await bench.StopKeptAsync();
        // The grace goes on while nobody is there: a slow machine may find it over.
        var found = (await bench.RestartAsync()).ShouldHaveSingleItem();
        var ended = found.Phase == ProcPhase.Ended ? found : await bench.NextAsync(ProcPhase.Ended);
        ended.ExitCode.ShouldBe(137, "nobody has asked this run of the agent");
        (await File.ReadAllLinesAsync(bench.Output, TestContext.Current.CancellationToken)).ShouldBe(["up", "asked"], "it is asked once");
    }

    // What it does on a signal is settled once it says so.
    static Task UpAsync(IRuntimeBench bench) => Until.HoldsAsync(() => File.Exists(bench.Output) && File.ReadAllText(bench.Output).Contains("up", StringComparison.Ordinal));

    [Fact]
    public async Task An_epoch_that_was_stopped_before_its_start_never_starts()
    {
        await using var bench = await OpenAsync();
        bench.Stop(1, TimeSpan.Zero);
        (await bench.NextAsync(ProcPhase.Ended)).Epoch.ShouldBe(1);
        bench.Start("exit 5");
        bench.Start("exit 6", epoch: 2);
        (await bench.NextAsync(ProcPhase.Running)).Epoch.ShouldBe(2);
    }

    [Fact]
    public async Task What_cannot_be_started_is_told_with_a_remedy()
    {
        await using var bench = await OpenAsync();
        bench.StartImpossible();
        var failed = await bench.NextAsync(ProcPhase.Failed, ProcPhase.Ended);
        failed.Phase.ShouldBe(ProcPhase.Failed);
        failed.Message.ShouldContain(";");
    }

    [Fact]
    public async Task What_runs_is_adopted_as_it_is_and_watched_and_forgotten_in_the_end()
    {
        await using var bench = await OpenAsync();
        bench.Start("trap 'echo bye; exit 3' TERM; echo up; while true; do sleep 1; done");
        var before = await bench.NextAsync(ProcPhase.Running, ProcPhase.Failed);
        before.Phase.ShouldBe(ProcPhase.Running, before.Message);
        await UpAsync(bench);
        var after = (await bench.RestartAsync()).ShouldHaveSingleItem();
        (after.Instance, after.Epoch, after.Phase, after.Pid, after.Port).ShouldBe((before.Instance, 1, ProcPhase.Running, before.Pid, before.Port));

        bench.Forget();
        ProcessTable.Stat(before.Pid).ShouldNotBeNull("what runs is not forgotten");
        bench.Stop(1, Grace);
        await bench.NextAsync(ProcPhase.Ended);
        (await File.ReadAllLinesAsync(bench.Output, TestContext.Current.CancellationToken)).ShouldBe(["up", "bye"]);
        bench.Forget();
        bench.Start("exit 8");
        (await bench.NextAsync(ProcPhase.Ended, ProcPhase.Failed)).ExitCode.ShouldBe(8, "what is forgotten begins anew");
    }
}
