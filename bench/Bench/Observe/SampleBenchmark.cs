using System.Globalization;
using Mainstay.Observe.Collect;
using Mainstay.Observe.Collect.Hosts;
using Mainstay.Observe.Collect.Processes;
using Mainstay.Observe.Drivers;

namespace Mainstay.Bench.Observe;

/// <summary>One sample of this machine and of twenty instances, as an agent takes it each second: whichever processes run here stand for instances.</summary>
internal sealed class SampleBenchmark : IBenchmark
{
    private const int Instances = 20;

    private readonly LinuxMachine machine = new();
    private readonly SampleBuffer buffer = new();
    private HostSampler hosts = null!;
    private InstanceSampler processes = null!;
    private WatchedInstance[] watched = [];

    public string Name => "observe/sample";

    public void Setup()
    {
        var pids = new List<int>();
        machine.Numbers("/proc", pids);
        watched = [.. pids.Take(Instances).Select(pid => new WatchedInstance(string.Create(CultureInfo.InvariantCulture, $"a-{pid}"), "a", "1.0.0", pid, null, 0))];
        (hosts, processes) = (new(machine, "local"), new(machine, "local"));
        Run(30);
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            buffer.Begin(DateTimeOffset.UnixEpoch);
            hosts.Sample(buffer);
            processes.Sample(watched, DateTimeOffset.UnixEpoch, buffer);
        }
    }
}
