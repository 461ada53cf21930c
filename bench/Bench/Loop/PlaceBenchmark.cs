using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Policies;

namespace Mainstay.Bench.Loop;

/// <summary>The host of one more instance, chosen from 1,000 hosts in 10 zones with 10,000 instances, each with room and a part of it kept free.</summary>
internal sealed class PlaceBenchmark : IBenchmark
{
    const int Hosts = 1000;

    readonly HostLoads hosts = [.. Enumerable.Range(0, Hosts).Select(i => new HostLoad(Name(i), 10)
    {
        Zone = "z" + (i % 10).ToString(CultureInfo.InvariantCulture),
        Capacity = (new Cpus(800), new ByteSize(16L << 30)),
        Reserved = (i * 7 % 700, (i * 13 % 15L) << 30),
        Services = new Dictionary<string, int> { ["web"] = 1, ["batch"] = 9 },
    })];

    readonly PlaceAsk ask = new()
    {
        Place = new() { Near = ["batch"], Apart = ["other"], PerHost = 3 },
        Wants = (new Cpus(50), new ByteSize(256 << 20)),
        Own = Enumerable.Range(0, Hosts).ToDictionary(Name, _ => 1),
    };

    string IBenchmark.Name => "schedule/place";

    public void Setup()
    {
        if (Placement.Pick(hosts, ask) is null) throw new InvalidOperationException("No host takes it.");
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            if (Placement.Pick(hosts, ask) is null) throw new InvalidOperationException("No host takes it.");
        }
    }

    static string Name(int host) => "h" + host.ToString(CultureInfo.InvariantCulture);
}
