using System.Diagnostics;
using System.Globalization;
using System.Text;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Numbers;

namespace Mainstay.Bench.Observe;

/// <summary>How long a top list over an hour takes with as many operations and instances as are counted, each called in every minute.</summary>
internal static class TopLoad
{
    private const int Lines = 4096;
    private const int Rounds = 20;

    public static int Run()
    {
        var operations = new OperationStatistics();
        for (var minute = 0; minute < 60; minute++)
        {
            for (var line = 0; line < Lines; line++)
            {
                var (name, instance) = (Encoding.UTF8.GetBytes($"GET /things/{line % 1024}"), Encoding.UTF8.GetBytes($"shop-{line / 1024}"));
                for (var call = 0; call < 4; call++)
                {
                    operations.Add(TopOf.Operations, "shop"u8, name, instance, 1_000_000L << call, call == 3, new TraceId(1, 2), 3_600_000 + (minute * 60));
                }
            }
        }

        var times = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            var rows = operations.Top(TopOf.Operations, TopBy.Heat, 3600, 10, 3_600_000 + 3599).Count;
            times.Add(rows == 10 ? Stopwatch.GetElapsedTime(began).TotalMilliseconds : double.NaN);
        }

        times.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"top 10 of {Lines} operations and instances over an hour: median {times[Rounds / 2]:F1} ms, most {times[^1]:F1} ms"));
        return 0;
    }
}
