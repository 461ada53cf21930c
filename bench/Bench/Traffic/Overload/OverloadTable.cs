using System.Globalization;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Bench.Traffic.Overload;

/// <summary><c>overload</c>: every controller against the same simulated loads, as a table.</summary>
internal static class OverloadTable
{
    public static int Run(string[] words)
    {
        var seeds = words is ["--seeds", var count] ? int.Parse(count, CultureInfo.InvariantCulture) : 5;
        var calm = OverloadSimulation.Run(new OverloadCase(1, 0.33));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"not loaded: p99 {calm.P99Ms:0.0} ms; {seeds} seeds, the worst of each"));
        Console.WriteLine("| Controller | Load | Hops | Goodput | p99 of admitted | Critical served | Others served | Limits | Changes |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (var controller in Enum.GetValues<LimitController>())
        {
            foreach (var (load, hops) in new[] { (3.0, 1), (10.0, 1), (3.0, 2), (10.0, 2) })
            {
                var results = Enumerable.Range(1, seeds).Select(seed => OverloadSimulation.Run(new OverloadCase(seed, load, hops, controller))).ToArray();
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {controller} | {load}× | {hops} | {results.Min(r => r.Goodput):P0} | {results.Max(r => r.P99Ms):0} ms | {results.Min(r => r.Critical):P1} | {results.Average(r => r.Others):P1} | {string.Join(", ", results[0].Limits)} | {results.Average(r => r.Changes):0} |"));
            }
        }
        return 0;
    }
}
