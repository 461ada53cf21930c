using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Schedule.Agent;
using Mainstay.Schedule.Drivers;
using Mainstay.Tests.Schedule.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule.Agent;

/// <summary>The whole agent with real processes, against a server written by hand.</summary>
public sealed class AgentProcessTests : IAsyncLifetime
{
    readonly TempFolder data = new();
    FakeServer server = null!;
    CancellationTokenSource stop = new();
    Task<Problem?> agent = Task.FromResult<Problem?>(null);

    public async ValueTask InitializeAsync()
    {
        server = await FakeServer.StartAsync();
        await File.WriteAllTextAsync(data["token"], "a secret\n");
        StartAgent();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAgentAsync();
        await server.DisposeAsync();
        foreach (var process in ProcessTable.Tagged(new DataFolder(data.Path).AgentId))
        {
            ProcessTable.Kill(process.Stat);
        }

        data.Dispose();
    }

    [Fact]
    public async Task AnInstanceIsStartedCheckedStoppedAndForgotten()
    {
        server.Want(Web("sleep 1000"));
        var ready = await server.Reported("web-1", s => s.State == InstanceState.Ready);
        RuntimeBench.IsAlive(ready.Pid).ShouldBeTrue();
        ready.Endpoint.ShouldStartWith("127.0.0.1:2");
        server.Token.ShouldBe("a secret");

        server.Want(Web("sleep 1000") with { Goal = InstanceGoal.Stop });
        (await server.Reported("web-1", s => s.State == InstanceState.Stopped)).ExitCode.ShouldBe(143);
        RuntimeBench.IsAlive(ready.Pid).ShouldBeFalse();

        using var watcher = new FileSystemWatcher(data["agent/instances"]);
        var forgotten = new TaskCompletionSource();
        watcher.Deleted += (_, _) => forgotten.TrySetResult();
        watcher.EnableRaisingEvents = true;
        server.Gone("web-1");
        await forgotten.Task.WaitAsync(RuntimeBench.Patience);
    }

    [Fact]
    public async Task ACommandRunsBesideAnInstanceWithItsEnvironmentAndEndsInTime()
    {
        server.Want(Web("sleep 1000"));
        await server.Reported("web-1", s => s.State == InstanceState.Ready);
        var said = await server.ExecAsync(new("1", "web-1", ["sh", "-c", "echo \"$MAINSTAY_INSTANCE in $PWD: $1\"; echo oh >&2; exit 7", "sh", "a b"], TimeSpan.FromMinutes(1)));
        (said.ExitCode, Text(said.Output), Text(said.Error)).ShouldBe((7, $"web-1 in {data.Path}: a b\n", "oh\n"));
        (await server.ExecAsync(new("2", "web-1", ["./no-such-program"], TimeSpan.FromMinutes(1)))).ExitCode.ShouldBe(127);
        var slow = await server.ExecAsync(new("3", "web-1", ["sleep", "1000"], TimeSpan.FromMilliseconds(200)));
        (slow.ExitCode, slow.Why).ShouldBe((null, "took longer than 200ms"));
        var loud = await server.ExecAsync(new("4", "web-1", ["sh", "-c", "while true; do echo 0123456789012345678901234567890123456789012345678901234567890123456789; done"], TimeSpan.FromMinutes(1)));
        (loud.ExitCode, loud.Why).ShouldBe((null, "it wrote more than 4 MiB and was ended"));
        (await server.ExecAsync(new("5", "web-2", ["true"], TimeSpan.FromMinutes(1)))).Why.ShouldBe("it does not run");
        Directory.GetFiles(data["agent"], "exec-*").ShouldBeEmpty();
    }

    [Fact]
    public async Task AnInstanceIsToldThatAFileOfItsIsAnother()
    {
        server.Give("app.conf", "web.1", "one");
        var web = Web("exec sh -c 'cat $APP_CONF > began; trap \"cat $APP_CONF > told\" USR1; touch up; while true; do sleep 0.05; done'");
        var files = new Dictionary<string, ConfigFile> { ["app.conf"] = new() { From = "web", OnChange = new() { Signal = "USR1" } } };
        server.Want(web with { Template = web.Template with { Files = files, Health = web.Template.Health with { Command = "test -e up" } } });
        var before = await server.Reported("web-1", s => s.State == InstanceState.Ready);
        (await File.ReadAllTextAsync(data["began"])).ShouldBe("one");
        server.Give("app.conf", "web.2", "two");
        await Until.HoldsAsync(() => File.Exists(data["told"]) && File.ReadAllText(data["told"]) == "two");
        await Until.HoldsAsync(() => server.FileHeld is [{ Tag: "web.2", Problem: null }]);

        // The agent's next run goes on with it.
        await StopAgentAsync();
        StartAgent();
        server.Give("app.conf", "web.3", "three");
        await Until.HoldsAsync(() => File.ReadAllText(data["told"]) == "three");
        RuntimeBench.IsAlive(before.Pid).ShouldBeTrue();
    }

    static string Text(string base64) => System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(base64));

    [Fact]
    public async Task AKilledInstanceIsReplacedAtOnce()
    {
        server.Want(Web("sleep 1000"));
        var first = await server.Reported("web-1", s => s.State == InstanceState.Ready);
        _ = Posix.kill(first.Pid, Posix.SigKill);
        var second = await server.Reported("web-1", s => s.State == InstanceState.Ready && s.Restarts == 1);
        second.Pid.ShouldNotBe(first.Pid);
        (second.ExitCode, second.Endpoint, second.Epoch).ShouldBe((137, first.Endpoint, 2));
    }

    [Fact]
    public async Task ACrashLoopIsNamed()
    {
        server.Want(Web("exit 3"));
        var status = await server.Reported("web-1", s => s is { Reason: Reasons.CrashLoop, State: InstanceState.Backoff });
        status.ExitCode.ShouldBe(3);
    }

    [Fact]
    public async Task ACommandThatDoesNotExistIsAFailedStart()
    {
        var web = Web("./no-such-command");
        server.Want(web with { Template = web.Template with { Health = new() } });
        var status = await server.Reported("web-1", s => s.State == InstanceState.Backoff);
        status.Reason.ShouldBe(Reasons.StartFailed);
        status.Message.ShouldContain("a command was not found");
    }

    [Fact]
    public async Task InstancesOutliveTheAgentAndAreAdopted()
    {
        server.Want(Web("sleep 1000"));
        var before = await server.Reported("web-1", s => s.State == InstanceState.Ready);
        await StopAgentAsync();
        RuntimeBench.IsAlive(before.Pid).ShouldBeTrue();

        server.Statuses.Clear();
        StartAgent();
        var after = await server.Reported("web-1", s => s.State == InstanceState.Ready);
        Codec.Encode(after).ShouldBe(Codec.Encode(before));

        _ = Posix.kill(after.Pid, Posix.SigKill);
        (await server.Reported("web-1", s => s.State == InstanceState.Ready && s.Restarts == 1)).Pid.ShouldNotBe(after.Pid);
    }

    [Fact]
    public async Task InstancesAreAdoptedEvenWhereTheAgentForgotThatTheyAreWanted()
    {
        server.Want(Web("sleep 1000"));
        var before = await server.Reported("web-1", s => s.State == InstanceState.Ready);
        await StopAgentAsync();
        File.Delete(data["agent/wanted.json"]);
        server.Statuses.Clear();
        StartAgent();
        var after = await server.Reported("web-1", s => s.State == InstanceState.Ready);
        (after.Pid, after.Epoch).ShouldBe((before.Pid, before.Epoch));
    }

    [Fact]
    public async Task WithoutAServerTheAgentGoesOn()
    {
        server.Want(Web("sleep 1000"));
        var first = await server.Reported("web-1", s => s.State == InstanceState.Ready);
        var port = new Uri(server.Url).Port;
        await server.DisposeAsync();
        await StopAgentAsync();
        _ = Posix.kill(first.Pid, Posix.SigKill);
        StartAgent(port);

        server = await FakeServer.StartAsync(port);
        server.Want(Web("sleep 1000"));
        (await server.Reported("web-1", s => s.State == InstanceState.Ready && s.Restarts == 1)).Epoch.ShouldBe(2);
    }

    [Fact]
    public async Task WhatTheServerNoLongerNamesIsStopped()
    {
        server.Want(Web("sleep 1000"));
        var ready = await server.Reported("web-1", s => s.State == InstanceState.Ready);
        await StopAgentAsync();
        server.Gone("web-1");
        using var events = new EventThread("test");
        var ended = new TaskCompletionSource();
        events.Add(Posix.PidfdOpen(ready.Pid), once: true, ended.SetResult);
        StartAgent();
        await ended.Task.WaitAsync(RuntimeBench.Patience);
    }

    [Fact]
    public async Task ABuildIsMadeOnceAndItsOutputGivenToTheInstance()
    {
        var build = new Build
        {
            Name = "web-0123456789ab", Service = "web", Host = "local", Folder = data.Path, Digest = new string('0', 64),
            Command = "echo built >> count; echo content > $OUT/file",
        };
        server.Want(build);
        (await server.ReportedBuild(build.Name, s => s.State == BuildState.Succeeded)).Attempt.ShouldBe(1);

        server.Want(build with { Attempt = 2 });
        await server.ReportedBuild(build.Name, s => s is { State: BuildState.Succeeded, Attempt: 2 });
        File.ReadAllText(data["count"]).ShouldBe("built\n");

        var instance = Web("cat $OUT/file; sleep 1000");
        server.Want(instance with { Template = instance.Template with { Build = build.Name } });
        await server.Reported("web-1", s => s.State == InstanceState.Ready);
        using var patience = new CancellationTokenSource(RuntimeBench.Patience);
        await foreach (var line in LogReader.OfInstances(data.Path).ReadAsync(LogReader.ServiceIs("web"), 10, follow: true, patience.Token))
        {
            (line.Instance, line.Stream, line.Text).ShouldBe(("web-1", "out", "content"));
            break;
        }
    }

    [Fact]
    public async Task ASecondAgentOnTheSameDataIsRefused()
    {
        await server.NextReport();
        var problem = await AgentProcess.RunAsync(Options(server.Url), TimeProvider.System, CancellationToken.None);
        problem.ShouldNotBeNull().What.ShouldStartWith($"another agent works on {data.Path}");
    }

    [Theory]
    [InlineData("127.0.0.1", "somewhere", "server")]
    [InlineData("localhost", "http://127.0.0.1:1", "address")]
    public async Task OptionsThatCannotWorkAreRefused(string address, string url, string path)
    {
        var problem = await AgentProcess.RunAsync(Options(url) with { Address = address, DataFolder = data["other"] }, TimeProvider.System, CancellationToken.None);
        problem.ShouldNotBeNull().Path.ShouldBe(path);
    }

    [Fact]
    public async Task AFolderThatCannotBeUsedIsRefused()
    {
        await File.WriteAllTextAsync(data["file"], "");
        var problem = await AgentProcess.RunAsync(Options(server.Url) with { DataFolder = data["file"] }, TimeProvider.System, CancellationToken.None);
        problem.ShouldNotBeNull().Path.ShouldBe("data");
    }

    [Fact]
    public async Task ReportsComeWithoutAnythingToTell()
    {
        (await server.NextReport()).AgentPid.ShouldBe(Environment.ProcessId);
        server.LastReport!.Address.ShouldBe("127.0.0.1");
        server.LastReport.AgentVersion.ShouldNotBeEmpty();
    }

    AgentOptions Options(string url) => new() { Host = "local", DataFolder = data.Path, ServerUrl = url, TokenFile = data["token"] };

    void StartAgent(int port = 0)
    {
        stop = new();
        var url = port == 0 ? server.Url : $"http://127.0.0.1:{port}";
        agent = Task.Run(() => AgentProcess.RunAsync(Options(url), TimeProvider.System, stop.Token));
    }

    async Task StopAgentAsync()
    {
        await stop.CancelAsync();
        (await agent.WaitAsync(RuntimeBench.Patience)).ShouldBeNull();
    }

    Instance Web(string run) => new()
    {
        Name = "web-1",
        Service = "web",
        Host = "local",
        Template = new()
        {
            Run = run,
            Folder = data.Path,
            Version = "1.0.0",
            Grace = TimeSpan.FromSeconds(5),
            Health = new() { Command = "true" },
            Restart = new() { Backoff = TimeSpan.FromMilliseconds(10), MaxBackoff = TimeSpan.FromMilliseconds(50) },
        },
    };
}
