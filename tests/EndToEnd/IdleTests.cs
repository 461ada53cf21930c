using System.Diagnostics;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>What a system costs in which nothing happens.</summary>
public sealed class IdleTests(ITestOutputHelper output)
{
    const long Mi = 1024 * 1024;
    const int Windows = 10;
    const double MostCpu = 0.10;
    static readonly TimeSpan Window = TimeSpan.FromSeconds(3);
    static readonly string[] Roles = ["server", "gateway", "agent"];

    [Fact]
    public async Task The_three_roles_together_stay_below_250_MiB_and_use_hardly_any_CPU()
    {
        await using var mainstay = new Installation();
        var service = new EchoService { Instances = 2, Health = "{ path: /health }" };
        await mainstay.UpAsync(mainstay.Echoes().With("front", service with { Needs = ["back"] }).With("back", service).Text("front"));
        await mainstay.ConvergedAsync();
        await mainstay.SpareReadyAsync();
        string[] names = [.. Roles, "gateway that stands by"];
        int[] pids = [.. Roles.Select(mainstay.Role), mainstay.Spares().Single()];

        // After a start the runtime compiles its busiest methods anew, in bursts: a quiet window is what goes on for ever.
        var cpu = await CpuAsync(pids);
        for (var i = 1; i < Windows && cpu.Sum() > MostCpu; i++)
        {
            cpu = await CpuAsync(pids);
        }

        var proportional = pids.Select(Proc.ProportionalBytes).ToArray();
        var resident = pids.Select(Proc.ResidentBytes).ToArray();
        for (var i = 0; i < names.Length; i++)
        {
            output.WriteLine($"{names[i]}: {proportional[i] / Mi} MiB PSS, {resident[i] / Mi} MiB RSS, {cpu[i]:P2} of a core");
        }

        output.WriteLine($"together: {proportional.Sum() / Mi} MiB PSS, {resident.Sum() / Mi} MiB RSS, {cpu.Sum():P2} of a core");
        proportional.Sum().ShouldBeLessThanOrEqualTo(250 * Mi);
        cpu.Sum().ShouldBeLessThan(MostCpu);
    }

    // The share of a core that each process uses, over one window.
    static async Task<double[]> CpuAsync(int[] pids)
    {
        var began = Stopwatch.GetTimestamp();
        var before = pids.Select(Proc.CpuTime).ToArray();
        await Eventually.PassAsync(Window);
        var elapsed = Stopwatch.GetElapsedTime(began);
        return [.. pids.Select((pid, i) => (Proc.CpuTime(pid) - before[i]) / elapsed)];
    }
}
