using System.Net;
using System.Threading.Channels;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Drivers;
using Mainstay.Schedule.Drivers.Containers;
using Mainstay.Tests.Conformance;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule.Drivers;

/// <summary>Containers keep the contract of runtimes, with a real podman; and what only containers have.</summary>
public sealed class ContainerConformance(Podman podman) : RuntimeConformance, IClassFixture<Podman>
{
    private protected override Task<IRuntimeBench> OpenAsync() => Task.FromResult<IRuntimeBench>(Open());

    [Fact]
    public async Task A_container_has_its_environment_user_and_mounts_and_nothing_else_to_write()
    {
        await using var bench = Open();
        var shared = Directory.CreateDirectory(Path.Combine(bench.Folder.Root, "shared")).FullName;
        await File.WriteAllTextAsync(Path.Combine(shared, "in"), "from the host\n", TestContext.Current.CancellationToken);
        bench.Start(
            "cat /shared/in; echo $WHO; echo x > /tmp/x || echo read only; echo y > /shared/y || echo mounted read only",
            new ContainerSpec { Mounts = [$"{shared}:/shared:ro"], ReadOnly = true, User = "65534:65534" });
        var ended = await bench.NextAsync(ProcPhase.Ended, ProcPhase.Failed);
        ended.Phase.ShouldBe(ProcPhase.Ended, ended.Message);
        (await File.ReadAllLinesAsync(bench.Output, TestContext.Current.CancellationToken)).ShouldBe(["from the host", "me", "read only", "mounted read only"]);
    }

    [Fact]
    public async Task A_checking_command_runs_inside()
    {
        await using var bench = Open();
        bench.Start("echo 1 > /tmp/state; trap 'exit 0' TERM; while true; do sleep 1; done");
        var running = await bench.NextAsync(ProcPhase.Running, ProcPhase.Failed);
        running.Phase.ShouldBe(ProcPhase.Running, running.Message);
        var patience = TimeSpan.FromMinutes(1);
        await Until.HoldsAsync(async () => (await bench.Runtime.ExecAsync("web-1", "test \"$(cat /tmp/state)\" = 1", patience, default)).ExitCode == 0);
        (await bench.Runtime.ExecAsync("web-1", "exit 9", patience, default)).ExitCode.ShouldBe(9);
        (await bench.Runtime.ExecAsync("web-2", "true", patience, default)).ExitCode.ShouldBeNull();
    }

    [Fact]
    public async Task What_needs_more_memory_than_its_limit_is_told_apart()
    {
        await using var bench = Open();
        bench.Start("dd if=/dev/zero of=/dev/null bs=64M count=1", new ContainerSpec { Memory = new ByteSize(16 << 20) });
        var ended = await bench.NextAsync(ProcPhase.Ended, ProcPhase.Failed);
        (ended.ExitCode, ended.OutOfMemory).ShouldBe((137, true), ended.Message);
        ended.Message.ShouldContain("its limit of 16Mi");
    }

    [Fact]
    public async Task Containers_that_nobody_knows_are_removed_at_recovery()
    {
        await using var bench = Open();
        bench.Start("while true; do sleep 1; done");
        var running = await bench.NextAsync(ProcPhase.Running, ProcPhase.Failed);
        running.Phase.ShouldBe(ProcPhase.Running, running.Message);
        (await bench.RestartAsync([])).ShouldBeEmpty();
        await Until.HoldsAsync(() => ProcessTable.Stat(running.Pid) is null);
    }

    [Fact]
    public async Task Without_an_engine_it_says_what_to_do()
    {
        await using var bench = new Bench(null);
        bench.Start("true");
        (await bench.NextAsync(ProcPhase.Failed)).Message.ShouldContain("install podman");
    }

    Bench Open()
    {
        Assert.SkipWhen(podman.Missing is not null, podman.Missing ?? "");
        return new(podman.Socket);
    }

    sealed class Bench : IRuntimeBench
    {
        static int last;

        readonly string? socket;
        readonly Channel<ProcessRecord> changes = Channel.CreateUnbounded<ProcessRecord>();
        readonly List<string> faults = [];

        public Bench(string? socket)
        {
            this.socket = socket;
            Folder = new DataFolder(Path.Combine(Path.GetTempPath(), $"mainstay-containers-{Environment.ProcessId}-{Interlocked.Increment(ref last)}"));
            Runtime = Make();
        }

        public DataFolder Folder { get; }

        public ContainerRuntime Runtime { get; private set; }

        public string Output => Path.Combine(Folder.Root, "out");

        public string Error => Path.Combine(Folder.Root, "err");

        public void Start(string command, int epoch = 1, string instance = "web-1") => Start(command, new ContainerSpec(), epoch, instance);

        public void Start(string command, ContainerSpec spec, int epoch = 1, string instance = "web-1") =>
            Begin(Podman.Image, spec with { Pull = ImagePull.Never, Args = ["sh", "-c", command] }, epoch, instance);

        public void StartImpossible() => Begin("localhost/no-such:image", new ContainerSpec { Pull = ImagePull.Never }, 1, "web-1");

        public void Stop(int epoch, TimeSpan grace, string instance) => Runtime.Stop(instance, epoch, grace);

        public void Forget(string instance) => Runtime.Forget(instance);

        public Task<IReadOnlyList<ProcessRecord>> RestartAsync() => RestartAsync(["web-1"]);

        public async Task<IReadOnlyList<ProcessRecord>> RestartAsync(IReadOnlyCollection<string> known)
        {
            Runtime.Dispose();
            Runtime = Make();
            return await Runtime.RecoverAsync(known, _ => (Output, Error), default);
        }

        public async Task<ProcessRecord> NextAsync(params ProcPhase[] phases)
        {
            using var patience = new CancellationTokenSource(Until.Patience);
            try
            {
                await foreach (var record in changes.Reader.ReadAllAsync(patience.Token))
                {
                    if (phases.Contains(record.Phase))
                    {
                        return record;
                    }
                }
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"no {string.Join(" or ", phases)}; faults: {string.Join("; ", faults)}");
            }

            throw new InvalidOperationException("the runtime stopped reporting");
        }

        public async ValueTask DisposeAsync()
        {
            Runtime.Dispose();
            if (socket is not null)
            {
                using var engine = new EngineClient(socket);
                foreach (var left in await engine.ListAsync($"{ContainerRuntime.AgentLabel}={Folder.AgentId}", default))
                {
                    await engine.RemoveAsync((string)left!["Id"]!, default);
                }
            }

            Directory.Delete(Folder.Root, recursive: true);
        }

        ContainerRuntime Make() => new(Folder, "127.0.0.1", new PortPicker(IPAddress.Loopback, Folder.AgentId), socket, TimeProvider.System)
        {
            OnChange = record => changes.Writer.TryWrite(record),
            OnFault = (what, fault) => { lock (faults) { faults.Add($"{what}: {fault.Message}"); } },
        };

        void Begin(string image, ContainerSpec spec, int epoch, string instance)
        {
            var template = new InstanceTemplate { Run = "", Folder = "/", Image = image, Container = spec, Health = new(), Restart = new() };
            Runtime.Start(new(instance, epoch, template, port => new(StringComparer.Ordinal) { ["PORT"] = $"{port}", ["WHO"] = "me" }, Output, Error));
        }
    }
}
