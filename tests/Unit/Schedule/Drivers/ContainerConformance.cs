using System.Net;
using System.Threading.Channels;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Observe.Collect;
using Mainstay.Observe.Collect.Processes;
using Mainstay.Observe.Drivers;
using Mainstay.Schedule.Agent;
using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Drivers;
using Mainstay.Schedule.Drivers.Containers;
using Mainstay.Tests.Conformance;
using Mainstay.Tests.Traffic;
using Mainstay.Traffic;
using Mainstay.Traffic.Decide;
using Mainstay.Traffic.Drivers;
using Shouldly;
using Xunit;
using Gateway = Mainstay.Traffic.Path.Gateway;

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
    public async Task A_command_beside_it_runs_inside_and_what_it_says_comes_back()
    {
        await using var bench = Open();
        bench.Start("trap 'exit 0' TERM; while true; do sleep 1; done");
        var running = await bench.NextAsync(ProcPhase.Running, ProcPhase.Failed);
        running.Phase.ShouldBe(ProcPhase.Running, running.Message);
        Task<ExecAnswer> Exec(int seconds, params string[] command) => bench.Runtime.ExecAsync(new("1", "web-1", command, TimeSpan.FromSeconds(seconds)), default);
        static string Text(string base64) => System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(base64));
        var said = await Exec(60, "sh", "-c", "echo \"$WHO $1\"; echo oh >&2; exit 7", "sh", "a b");
        (said.ExitCode, Text(said.Output), Text(said.Error)).ShouldBe((7, "me a b\n", "oh\n"), said.Why);
        (await Exec(1, "sleep", "1000")).Why.ShouldBe("took longer than 1s");
        (await Exec(60, "sh", "-c", "while true; do echo 0123456789012345678901234567890123456789012345678901234567890123456789; done")).Why.ShouldBe("it wrote more than 4 MiB");

        // What it uses is seen as of any process.
        using var machine = new LinuxMachine();
        var (sampler, samples) = (new InstanceSampler(machine, "h1"), new SampleBuffer());
        samples.Begin(TimeProvider.System.GetUtcNow());
        sampler.Sample([new("web-1", "web", "1.0.0", running.Pid, running.StartedAt, 0)], TimeProvider.System.GetUtcNow(), samples);
        sampler.ProcessesOf("web-1").ShouldContain(running.Pid);
        samples.Samples.ToArray().ShouldContain(s => s.Series.Name == "process.memory.usage" && s.Value > 0);
    }

    [Fact(Explicit = true)]
    public async Task Images_come_from_a_registry_that_asks_who_one_is_and_go_when_nobody_needs_them()
    {
        await using var bench = Open();
        await using var registry = await DockerRegistry.StartAsync(podman.Registry, bench.Folder.Root);
        string Tag(int number) => $"{podman.Registry}/shop/web:{number}";
        for (var number = 1; number <= 8; number++)
        {
            await podman.DoAsync("import", "--change", $"LABEL=number={number}", podman.Tar, Tag(number));
            await podman.DoAsync("push", "--creds", $"{DockerRegistry.User}:{DockerRegistry.Password}", Tag(number));
            await podman.DoAsync("rmi", Tag(number));
        }

        var login = Path.Combine(bench.Folder.Root, "login");
        await File.WriteAllTextAsync(login, $"{DockerRegistry.User}:wrong\n", TestContext.Current.CancellationToken);
        bench.Begin(Tag(1), new() { Args = ["true"] }, 1, "web-0");
        (await bench.NextAsync(ProcPhase.Failed)).Message.ShouldContain("cannot be fetched");
        bench.Begin(Tag(1), new() { Args = ["true"], Login = login }, 2, "web-0");
        (await bench.NextAsync(ProcPhase.Failed)).Message.ShouldContain("check its name, and container.login");
        await File.WriteAllTextAsync(login, $"{DockerRegistry.User}:{DockerRegistry.Password}\n", TestContext.Current.CancellationToken);

        using var engine = new EngineClient(podman.Socket);
        for (var number = 1; number <= 8; number++)
        {
            bench.Begin(Tag(number), new() { Args = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 1; done"], Login = login }, 1, $"web-{number}");
            var running = await bench.NextAsync(ProcPhase.Running, ProcPhase.Failed);
            running.Phase.ShouldBe(ProcPhase.Running, running.Message);

            // The first one runs on: its image is in use, however old.
            if (number > 1)
            {
                bench.Stop(1, TimeSpan.Zero, $"web-{number}");
                await bench.NextAsync(ProcPhase.Ended);
                bench.Forget($"web-{number}");
                await Until.HoldsAsync(async () => (await engine.ListAsync($"{ContainerRuntime.AgentLabel}={bench.Folder.AgentId}", default)).Count == 1);
            }
        }

        var there = new List<int>();
        for (var number = 1; number <= 8; number++)
        {
            if (await engine.HasImageAsync(Tag(number), default))
            {
                there.Add(number);
            }
        }

        there.ShouldBe([1, 4, 5, 6, 7, 8]);
        (await engine.HasImageAsync(Podman.Image, default)).ShouldBeTrue("what others put there stays");
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

    [Theory]
    [InlineData(ContainerNetwork.Host)]
    [InlineData(ContainerNetwork.Bridge)]
    public async Task Where_a_container_listens_is_seen_and_nobody_elses_sockets(ContainerNetwork network)
    {
        await using var bench = Open();
        var port = FreePorts.One();
        var spec = new ContainerSpec { Network = network, Pull = ImagePull.Never, Args = ["sh", "-c", $"httpd -f -p {port}"] };
        bench.Begin(
            new InstanceTemplate { Run = "", Folder = "/", Image = Podman.Image, Container = spec, Env = new SortedDictionary<string, string>(StringComparer.Ordinal) { [Tags.Instance] = "web-1" }, Health = new(), Restart = new() },
            1,
            "web-1");
        var started = await bench.NextAsync(ProcPhase.Running, ProcPhase.Failed);
        await Until.HoldsAsync(() => ProcessTable.Listeners(bench.Folder.AgentId, "web-1", started.Pid, network) is { Count: > 0 } listens && listens.All(at => at.Port == port));
        ProcessTable.Listeners(bench.Folder.AgentId, "web-2", started.Pid, network).ShouldBeNull();
        ProcessTable.Listeners(bench.Folder.AgentId, "web-1", started.Pid, container: null).ShouldBeNull();
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
    public async Task What_was_written_of_its_log_is_kept_before_the_next_run_of_the_agent_goes_on_there()
    {
        await using var bench = Open();
        bench.Start("echo up; trap 'exit 0' TERM; while true; do sleep 1; done");
        await Until.HoldsAsync(() => File.Exists(bench.Output) && File.ReadAllText(bench.Output).Contains("up", StringComparison.Ordinal));
        await bench.Runtime.DisposeAsync();
        (await File.ReadAllTextAsync(Path.Combine(bench.Folder.Records, "web-1.logged"), TestContext.Current.CancellationToken)).ShouldEndWith(" 1");
    }

    [Fact]
    public async Task Without_an_engine_it_says_what_to_do()
    {
        await using var bench = new Bench(null);
        bench.Start("true");
        (await bench.NextAsync(ProcPhase.Failed)).Message.ShouldContain("install podman");
    }

    [Fact]
    public async Task From_a_bridge_network_the_gateway_is_called_and_tells_the_version()
    {
        await using var bench = Open();
        Assert.SkipUnless(File.Exists("/usr/sbin/iptables"), "the package iptables is not installed");
        await using var orders = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nyes\n");
        var port = FreePorts.One() + ContainerBridge.OtherBelow;
        var link = new MeshLink { Name = "web.orders", Caller = "web", Callee = "orders", Port = port, Both = true, Bridged = true };
        var table = TableDecide.Next(new TableView(1, null, [], [link], [new() { Name = "orders", Items = [new("orders-1", $"127.0.0.1:{orders.Port}", "")] }], new Dictionary<string, ServiceSpec>(), []));
        await using var gateway = new Gateway(OnBothTransports.Of(TransportKind.Default));
        using var live = new LiveTable(gateway, new GatewayOptions { DataFolder = bench.Folder.Root });
        live.Apply(table);
        gateway.Bridge.ShouldBeNull("no container of its own network was started");

        // Each asks until it is answered: the gateway hears of the network while the first is made.
        var spec = new ContainerSpec { Network = ContainerNetwork.Bridge, Pull = ImagePull.Never, Args = ["sh", "-c", "until wget -q -O - $ORDERS_URL/; do sleep 0.1; done"] };
        var service = new Service { Name = "web", BaseFolder = "/", Spec = new() { Image = Podman.Image, Container = spec } };
        var template = Templates.Of(service, new Dictionary<string, int> { ["orders"] = port });
        foreach (var (instance, other) in new (string, bool?)[] { ("web-1", null), ("web-2", true) })
        {
            bench.Begin(template with { Other = other }, 1, instance);
            var ended = await bench.NextAsync(ProcPhase.Ended, ProcPhase.Failed);
            (ended.Phase, ended.ExitCode).ShouldBe((ProcPhase.Ended, 0), ended.Message);
        }

        (await File.ReadAllLinesAsync(bench.Output, TestContext.Current.CancellationToken)).ShouldBe(["yes", "yes"]);
        var records = gateway.TakeRecords("test", 1, 0).Records;
        records.Select(r => $"{r.Caller} by {r.Listener}: {r.Requests}").Order(StringComparer.Ordinal).ShouldBe(["web by web.orders~+: 1", "web by web.orders~: 1"]);
        gateway.TurnedAway.ShouldBe(0);
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

        public Task StopKeptAsync() => Until.HoldsAsync(() => File.Exists(Path.Combine(Folder.Records, "web-1.stop")));

        public Task<IReadOnlyList<ProcessRecord>> RestartAsync() => RestartAsync(["web-1"]);

        public async Task<IReadOnlyList<ProcessRecord>> RestartAsync(IReadOnlyCollection<string> known)
        {
            await Runtime.DisposeAsync();
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
            await Runtime.DisposeAsync();
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

        public void Begin(string image, ContainerSpec spec, int epoch, string instance)
        {
            Begin(new InstanceTemplate { Run = "", Folder = "/", Image = image, Container = spec, Health = new(), Restart = new() }, epoch, instance);
        }

        public void Begin(InstanceTemplate template, int epoch, string instance) =>
            Runtime.Start(new(instance, epoch, template, port => new(template.Env, StringComparer.Ordinal) { ["PORT"] = $"{port}", ["WHO"] = "me" }, Output, Error) { Service = "web" });
    }
}
