using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule.Drivers;

public sealed class BuilderTests : IAsyncDisposable
{
    readonly TempFolder root = new();
    readonly FakeTime time = new();
    readonly MemoryStore store = new();
    readonly EventThread events = new("test-builds");
    readonly DataFolder folder;
    readonly LogKeeper logs;
    readonly HashSet<string> inUse = [];
    readonly Builder builder;

    public BuilderTests()
    {
        folder = new(root["data"]);
        logs = new(folder.BuildLogs, events, TimeProvider.System);
        builder = new(store, folder, events, logs, time) { InUse = () => inUse };
    }

    public async ValueTask DisposeAsync()
    {
        await builder.DisposeAsync();
        logs.Dispose();
        events.Dispose();
        await store.DisposeAsync();
        root.Dispose();
    }

    [Fact]
    public async Task SuccessGivesTheOutputItsName()
    {
        var run = await Build("echo making; echo content > $OUT/file");
        (run.State, run.ExitCode).ShouldBe((BuildState.Succeeded, 0));
        File.ReadAllText(Path.Combine(folder.OutputOf("web", Name(0)), "file")).ShouldBe("content\n");
        LogSegments.Tail(Path.Combine(folder.BuildLogs, Name(0)), 10).Lines.Select(l => l.Text).ShouldBe(["making"]);
    }

    [Fact]
    public async Task FailureLeavesNothingAndTellsTheLastLines()
    {
        var run = await Build("echo half > $OUT/file; seq 1 5000; echo what went wrong >&2; exit 3");
        (run.State, run.ExitCode).ShouldBe((BuildState.Failed, 3));
        run.Tail.Length.ShouldBeInRange(2000, 4096);
        run.Tail.ShouldContain("what went wrong");
        Directory.GetDirectories(Path.Combine(folder.Builds, "web")).ShouldBeEmpty();
    }

    [Fact]
    public async Task WhatIsThereIsNotBuiltAgain()
    {
        await Build("echo once >> $OUT/../count");
        (await Build("exit 1", attempt: 2)).State.ShouldBe(BuildState.Succeeded);
        File.ReadAllText(Path.Combine(folder.Builds, "web", "count")).ShouldBe("once\n");
    }

    [Fact]
    public async Task AHalfBuildOfAnEarlierRunDoesNotCount()
    {
        var half = folder.OutputOf("web", Name(0)) + ".tmp";
        Directory.CreateDirectory(half);
        await File.WriteAllTextAsync(Path.Combine(half, "old"), "");
        (await Build("test ! -e $OUT/old")).State.ShouldBe(BuildState.Succeeded);
        Directory.Exists(half).ShouldBeFalse();
    }

    [Fact]
    public async Task AMissingFolderIsAFailureWithARemedy() =>
        (await Build("true", build => build with { Folder = "/no/such/folder" })).Tail
            .ShouldBe("the folder /no/such/folder does not exist; create it or correct 'folder'");

    [Fact]
    public async Task TooLongIsEndedWithEverythingItStarted()
    {
        var build = Wanted("touch $OUT/../started; setsid sleep 1000 & sleep 1000");
        var run = RunAsync(build);
        await Started();
        SpinWait.SpinUntil(() => time.Pending > 0, RuntimeBench.Patience).ShouldBeTrue();
        time.Advance(TimeSpan.FromMinutes(10));
        (await run).Tail.ShouldStartWith("took longer than 10m");
        SpinWait.SpinUntil(() => ProcessTable.Tagged(folder.AgentId).Count == 0, RuntimeBench.Patience).ShouldBeTrue();
    }

    [Fact]
    public async Task ACancelledBuildIsEnded()
    {
        var run = RunAsync(Wanted("touch $OUT/../started; sleep 1000"));
        await Started();
        await builder.DoAsync(new CancelBuild(Name(0)), default);
        (await run).Tail.ShouldBe("cancelled");
        await Until.HoldsAsync(() => ProcessTable.Tagged(folder.AgentId).Count == 0);
    }

    [Fact]
    public async Task OldOutputsGoButNotThoseInUse()
    {
        inUse.Add(Name(1));
        for (var i = 0; i < 9; i++)
        {
            await RunAsync(Wanted("touch $OUT/x") with { Name = Name(i) });
            Directory.SetLastWriteTimeUtc(folder.OutputOf("web", Name(i)), time.GetUtcNow().UtcDateTime.AddMinutes(i));
        }

        Directory.GetDirectories(Path.Combine(folder.Builds, "web")).Select(d => "web-" + Path.GetFileName(d)).Order()
            .ShouldBe([Name(1), Name(4), Name(5), Name(6), Name(7), Name(8)]);
    }

    Task<BuildRun> Build(string command, int attempt = 1) => RunAsync(Wanted(command) with { Attempt = attempt });

    Task<BuildRun> Build(string command, Func<Build, Build> change) => RunAsync(change(Wanted(command)));

    Build Wanted(string command) => new() { Name = Name(0), Service = "web", Host = "local", Command = command, Folder = root.Path, Digest = new string('0', 64) };

    static string Name(int number) => $"web-00000000000{number}";

    // Asks, and waits for the end.
    async Task<BuildRun> RunAsync(Build build)
    {
        var from = store.Revision + 1;
        await builder.DoAsync(new RunBuild(build.Name, build), default);
        using var patience = new CancellationTokenSource(RuntimeBench.Patience);
        await foreach (var batch in store.WatchAsync($"buildrun/{build.Name}", from, patience.Token))
        {
            var run = Codec.Decode<BuildRun>(batch.Changes[^1].Current!.Value.Span);
            if (run.Attempt == build.Attempt && run.State is BuildState.Succeeded or BuildState.Failed)
            {
                return run;
            }
        }

        throw new InvalidOperationException("the watch ended");
    }

    async Task Started()
    {
        var path = Path.Combine(folder.Builds, "web");
        Directory.CreateDirectory(path);
        using var watcher = new FileSystemWatcher(path, "started");
        var started = new TaskCompletionSource();
        watcher.Created += (_, _) => started.TrySetResult();
        watcher.EnableRaisingEvents = true;
        if (!File.Exists(Path.Combine(path, "started")))
        {
            await started.Task.WaitAsync(RuntimeBench.Patience);
        }
    }
}
