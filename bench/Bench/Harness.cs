using System.Globalization;
using System.Runtime;
using System.Text.Json;

namespace Mainstay.Bench;

/// <summary>
/// Measures allocated bytes and CPU time per operation. Bytes are exact and held against a budget; the time is for the eye, since only
/// a comparison within one run says anything.
/// </summary>
internal static class Harness
{
    private const int Spans = 5;
    private const int MostWarm = 8;

    /// <summary>0 when every benchmark is within its budget; 1 when one is not, or has none; 2 for wrong arguments.</summary>
    public static int Run(string[] args)
    {
        var smoke = args.Contains("--smoke");
        var budgetAsked = args.Contains("--budget");
        var filter = args.FirstOrDefault(arg => !arg.StartsWith('-'));
        if (args.Any(arg => arg.StartsWith('-') && arg is not ("--smoke" or "--budget")))
        {
            Console.Error.WriteLine(
                """
                usage: Bench [--budget] [--smoke] [NAME-PART]
                       Bench gateway --table FILE
                       Bench gateway --listen PORT --to PORT --transport sockets|epoll [NAME=PORT ...]
                       Bench gateway --cached --listen PORT --to PORT
                       Bench hold idle|half|unread|mute|garbage PORT CONNECTIONS
                       Bench ingest --http URL --api URL [--seconds 10] [--connections 2] [--batch 500]
                       Bench store --path DIR [--etcd URL] [--writers 64] [--seconds 4] [--rounds 3]
                """);
            return 2;
        }
        var budget = ReadBudget();
        var failures = 0;
        Console.WriteLine($"{"benchmark",-36}{"CPU ns/op",12}{"bytes/op",12}{"budget",12}");
        foreach (var benchmark in All().Where(one => filter is null || one.Name.Contains(filter, StringComparison.Ordinal)))
        {
            var (nanoseconds, bytes) = Measure(benchmark, TimeSpan.FromMilliseconds(smoke ? 50 : 500));
            var isWithin = budget.TryGetValue(benchmark.Name, out var allowed) && bytes <= allowed;
            if (!isWithin) failures++;
            var limit = budget.ContainsKey(benchmark.Name) ? allowed.ToString(CultureInfo.InvariantCulture) : "none";
            Console.WriteLine($"{benchmark.Name,-36}{nanoseconds,12:F1}{bytes,12}{limit,12}{(isWithin ? "" : "  over budget")}");
        }
        return budgetAsked && failures > 0 ? 1 : 0;
    }

    private static IEnumerable<IBenchmark> All() => typeof(Harness).Assembly.GetTypes()
        .Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(IBenchmark)))
        .Select(type => (IBenchmark)Activator.CreateInstance(type)!)
        .OrderBy(benchmark => benchmark.Name, StringComparer.Ordinal);

    private static Dictionary<string, long> ReadBudget()
    {
        var file = Path.Combine(AppContext.BaseDirectory, "budget.json");
        using var budget = JsonDocument.Parse(File.ReadAllText(file));
        return budget.RootElement.EnumerateObject().ToDictionary(one => one.Name, one => one.Value.GetInt64());
    }

    /// <summary>
    /// Grows the batch until it takes a tenth of the time, warms up until the compiler has been silent for as long as it measures, then measures five times. The
    /// median counts: other machines on the same processors disturb single ones. All in CPU time.
    /// </summary>
    private static (double Nanoseconds, long Bytes) Measure(IBenchmark benchmark, TimeSpan span)
    {
        benchmark.Setup();
        var batch = 1024;
        while (Repeat(benchmark, batch) < span / 10) batch *= 2;
        for (var (tries, compiled) = (0, -1L); tries < MostWarm && compiled != JitInfo.GetCompiledMethodCount(); tries++)
        {
            compiled = JitInfo.GetCompiledMethodCount();
            for (var warm = TimeSpan.Zero; warm < span;) warm += Repeat(benchmark, batch);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        var (operations, costs) = (0L, new double[Spans]);
        for (var index = 0; index < Spans; index++)
        {
            var (elapsed, begun) = (TimeSpan.Zero, operations);
            for (; elapsed < span / Spans; operations += batch) elapsed += Repeat(benchmark, batch);
            costs[index] = elapsed.TotalNanoseconds / (operations - begun);
        }
        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        Array.Sort(costs);
        // Whole bytes: what a batch costs once is spread over its operations.
        return (costs[Spans / 2], bytes / operations);
    }

    private static TimeSpan Repeat(IBenchmark benchmark, int batch)
    {
        var used = Environment.CpuUsage.TotalTime;
        benchmark.Run(batch);
        return Environment.CpuUsage.TotalTime - used;
    }
}
