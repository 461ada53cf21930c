using Mainstay.Observe.Collect;
using Mainstay.Observe.Collect.Hosts;
using Mainstay.Observe.Collect.Processes;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Store.Metrics;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe;

public sealed class SamplerTests
{
    readonly FakeMachine machine = new();
    readonly FakeTime time = new();
    readonly SampleBuffer buffer = new();

    Dictionary<string, double> Take(Action<SampleBuffer> sample)
    {
        buffer.Begin(time.GetUtcNow());
        sample(buffer);
        return buffer.Samples.ToArray().ToDictionary(s => s.Series.ToString(), s => s.Value);
    }

    [Fact]
    public void A_machine_that_tells_nothing_gives_nothing() => Take(new HostSampler(machine, "h").Sample).ShouldBeEmpty();

    [Fact]
    public void What_a_machine_tells_is_named_by_the_conventions()
    {
        machine.Files["/proc/stat"] = "cpu 100 0 50 800 25 5 5 15 0 0\ncpu0 1\ncpu1 1\nctxt 7\n";
        machine.Files["/proc/pressure/io"] = "some avg10=1 total=2500000\n";
        machine.Files["/proc/mounts"] = "/dev/vda / ext4 rw 0 0\n";
        machine.Files["/proc/sys/fs/file-nr"] = "5 0 9223372036854775807\n";
        machine.Spaces["/"] = new(1000, 400, 300);
        var samples = Take(new HostSampler(machine, "h").Sample);
        samples["system.cpu.time{cpu.mode=\"user\",host.name=\"h\"}"].ShouldBe(1);
        samples["system.cpu.time{cpu.mode=\"interrupt\",host.name=\"h\"}"].ShouldBe(0.1);
        samples["system.cpu.logical.count{host.name=\"h\"}"].ShouldBe(2);
        samples["system.linux.pressure.stall_time{host.name=\"h\",resource=\"io\",scope=\"some\"}"].ShouldBe(2.5);
        samples.Keys.ShouldNotContain("system.file_descriptor.limit{host.name=\"h\"}", "the kernel's largest number is no limit");
        string Of(string state) => $"system.filesystem.usage{{host.name=\"h\",system.device=\"/dev/vda\",system.filesystem.mountpoint=\"/\",system.filesystem.state=\"{state}\",system.filesystem.type=\"ext4\"}}";
        (samples[Of("used")], samples[Of("free")], samples[Of("reserved")]).ShouldBe((600, 300, 100));
    }

    [Fact]
    public void An_instance_is_all_processes_of_its_session_and_all_that_descend_from_them()
    {
        machine.Process(10, 1, 10, user: 100, threads: 3);
        machine.Process(11, 10, 10, user: 50);
        machine.Process(12, 11, 12, user: 25);
        machine.Process(13, 1, 13, user: 1000);
        var sampler = new InstanceSampler(machine, "h");
        var samples = Take(into => sampler.Sample([Web(10)], time.GetUtcNow(), into));
        Value(samples, "process.count").ShouldBe(3);
        Value(samples, "process.thread.count").ShouldBe(5);
        Value(samples, "process.cpu.time", "user").ShouldBe(1.75);
        Value(samples, "process.memory.usage").ShouldBe(300 * 4096);
        Value(samples, "process.uptime").ShouldBe(60);
        sampler.ProcessesOf("web-1")[0].ShouldBe(10);
    }

    [Fact]
    public void Sums_do_not_go_back_when_a_process_ends()
    {
        machine.Process(10, 1, 10, user: 100);
        machine.Process(11, 10, 10, user: 50);
        var sampler = new InstanceSampler(machine, "h");
        double User() => Value(Take(into => sampler.Sample([Web(10)], time.GetUtcNow(), into)), "process.cpu.time", "user");
        User().ShouldBe(1.5);

        // Waited for by its parent: what it used goes over, and counts once.
        machine.Files.Remove("/proc/11/stat");
        machine.Process(10, 1, 10, user: 110, childUser: 55);
        User().ShouldBe(1.65);

        // Nobody waited for it: what it used is not lost.
        machine.Process(12, 10, 10, user: 40);
        User();
        User().ShouldBe(2.05);
        machine.Files.Remove("/proc/12/stat");
        User().ShouldBe(2.05);
        machine.Process(10, 1, 10, user: 120, childUser: 55);
        User().ShouldBe(2.15, "what the others use afterwards counts");
    }

    [Fact]
    public void An_adopted_or_restarted_instance_is_found_by_its_process_at_once()
    {
        machine.Process(10, 1, 10, user: 100);
        machine.Process(20, 1, 20, user: 7);
        var sampler = new InstanceSampler(machine, "h");
        Take(into => sampler.Sample([Web(10)], time.GetUtcNow(), into));
        Value(Take(into => sampler.Sample([Web(20)], time.GetUtcNow(), into)), "process.cpu.time", "user").ShouldBe(0.07);
        Take(into => sampler.Sample([], time.GetUtcNow(), into)).ShouldBeEmpty();
        Take(into => sampler.Sample([Web(99)], time.GetUtcNow(), into)).ShouldBeEmpty("it has ended, or its number is free");
    }

    [Fact]
    public void What_is_dear_is_read_seldom()
    {
        machine.Process(10, 1, 10, user: 100);
        machine.Folders["/proc/10/fd"] = 12;
        machine.Files["/proc/10/io"] = "read_bytes: 4096\nwrite_bytes: 1\n";
        machine.Files["/proc/10/task/10/status"] = "voluntary_ctxt_switches: 5\nnonvoluntary_ctxt_switches: 6\n";
        machine.Files["/proc/10/smaps_rollup"] = "Pss: 7 kB\n";
        machine.Files["/proc/10/cgroup"] = "0::/web\n";
        machine.Files["/sys/fs/cgroup/web/memory.current"] = "4096\n";
        machine.Files["/sys/fs/cgroup/web/memory.max"] = "max\n";
        machine.Files["/sys/fs/cgroup/web/cpu.stat"] = "nr_throttled 1\nthrottled_usec 1500000\n";
        var sampler = new InstanceSampler(machine, "h");
        var each = Enumerable.Range(0, 16).Select(_ => Take(into => sampler.Sample([Web(10)], time.GetUtcNow(), into))).ToArray();
        each.Count(s => s.Keys.Any(k => k.StartsWith("process.disk.io", StringComparison.Ordinal))).ShouldBe(4);
        each.Count(s => s.Keys.Any(k => k.StartsWith("process.memory.pss", StringComparison.Ordinal))).ShouldBe(3, "once settled, and in turn");
        Value(each[0], "process.unix.file_descriptor.count").ShouldBe(12);
        Value(each[5], "process.memory.pss").ShouldBe(7 * 1024);
        Value(each[0], "container.cpu.throttled_time").ShouldBe(1.5);
        Value(each[0], "container.memory.usage").ShouldBe(4096);
        each[0].Keys.ShouldNotContain(k => k.StartsWith("container.memory.limit", StringComparison.Ordinal), "max is no limit");
    }

    [Fact]
    public async Task The_collector_samples_each_second_and_lives_through_what_goes_wrong()
    {
        machine.Files["/proc/loadavg"] = "1 2 3 4/5 6\n";
        var sink = new MetricStore(time);
        var faults = 0;
        var fail = false;
        var collector = new Collector(machine, "h", () => fail ? throw new IOException("gone") : [], sink, time) { OnFault = (_, _) => faults++ };
        using var stop = new CancellationTokenSource();
        var running = collector.RunAsync(stop.Token);
        await Until.HoldsAsync(() => sink.Figures().Taken == 5);
        time.Advance(TimeSpan.FromSeconds(1));
        await Until.HoldsAsync(() => sink.Figures().Taken == 10);
        fail = true;
        time.Advance(TimeSpan.FromSeconds(1));
        await Until.HoldsAsync(() => faults == 1);
        fail = false;
        time.Advance(TimeSpan.FromSeconds(1));
        await Until.HoldsAsync(() => sink.Figures().Taken == 15);
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    WatchedInstance Web(int pid) => new("web-1", "web", "1.0.0", pid, time.GetUtcNow() - TimeSpan.FromMinutes(1), 0);

    static double Value(Dictionary<string, double> samples, string name, string? mode = null) =>
        samples.Single(s => s.Key.StartsWith(name + "{", StringComparison.Ordinal) && (mode is null || s.Key.Contains($"cpu.mode=\"{mode}\"", StringComparison.Ordinal))).Value;
}
