using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Query;

/// <summary>Which API calls which, as the newest traces show it.</summary>
/// <param name="Traces">How many traces that is.</param>
/// <param name="Edges">Those with most calls first.</param>
public sealed record ApiMap(int Traces, IReadOnlyList<ApiCall> Edges);

/// <summary>An API that calls another one, directly or by way of what its service does itself.</summary>
/// <param name="From">The caller's service.</param>
/// <param name="FromApi">What the caller is asked for; the name of the first span where nobody asked it, as of a page in a browser or a job.</param>
/// <param name="To">The callee's service.</param>
/// <param name="ToApi">What it is asked for.</param>
/// <param name="Calls">In those traces.</param>
/// <param name="CallsPerRequest">How often one request of the caller's API does it, on average: more than 1 is a loop.</param>
/// <param name="Share">Which part of all calls of the callee's API these are.</param>
/// <param name="ErrorRatio">Which part of them failed.</param>
/// <param name="P50Ms">The median, as the callee sees it.</param>
/// <param name="P99Ms">The 99th percentile.</param>
/// <param name="Trace">The slowest of them.</param>
public sealed record ApiCall(
    string From, string FromApi, string To, string ToApi, int Calls, double CallsPerRequest, double Share, double ErrorRatio, double P50Ms, double P99Ms, string Trace);

/// <summary>Makes the map of APIs of traces. Pure.</summary>
public static class ApiMapBuilder
{
    /// <summary>All calls between APIs, or those from and to one service.</summary>
    /// <param name="traces">Each as a tree.</param>
    /// <param name="service">Null for all.</param>
    public static ApiMap Build(IReadOnlyCollection<TraceView> traces, string? service = null)
    {
        var (calls, requests) = (new Dictionary<(Api From, Api To), Sum>(), new Dictionary<Api, int>());
        foreach (var trace in traces)
        {
            Take(trace, calls, requests);
        }

        var edges = calls.Where(c => service is null || c.Key.From.Service == service || c.Key.To.Service == service)
            .OrderByDescending(c => c.Value.Durations.Count)
            .ThenBy(c => c.Key.From.Service, StringComparer.Ordinal).ThenBy(c => c.Key.From.Name, StringComparer.Ordinal)
            .ThenBy(c => c.Key.To.Service, StringComparer.Ordinal).ThenBy(c => c.Key.To.Name, StringComparer.Ordinal);
        return new(traces.Count, [.. edges.Select(c => c.Value.Edge(c.Key.From, c.Key.To, requests[c.Key.From], requests[c.Key.To]))]);
    }

    // Spans come parents first: what a span was asked for is what it serves itself, or what the one above it was asked for.
    static void Take(TraceView trace, Dictionary<(Api From, Api To), Sum> calls, Dictionary<Api, int> requests)
    {
        var above = new List<Api>();
        foreach (var span in trace.Spans)
        {
            var depth = Math.Min(span.Depth, above.Count);
            above.RemoveRange(depth, above.Count - depth);
            var serves = span.Kind is SpanKind.Server or SpanKind.Consumer;
            if (!serves && depth > 0)
            {
                above.Add(above[^1]);
                continue;
            }

            var own = new Api(span.Service, span.Name);
            requests[own] = requests.GetValueOrDefault(own) + 1;
            if (depth > 0)
            {
                var key = (above[^1], own);
                if (!calls.TryGetValue(key, out var sum))
                {
                    calls.Add(key, sum = new());
                }

                sum.Add(span, trace.Id);
            }

            above.Add(own);
        }
    }

    readonly record struct Api(string Service, string Name);

    sealed class Sum
    {
        int errors;
        double slowest = -1;
        string trace = "";

        public List<double> Durations { get; } = [];

        public void Add(TraceSpan span, string of)
        {
            Durations.Add(span.DurationMs);
            errors += span.Error ? 1 : 0;
            if (span.DurationMs > slowest)
            {
                (slowest, trace) = (span.DurationMs, of);
            }
        }

        public ApiCall Edge(Api from, Api to, int requests, int all)
        {
            Durations.Sort();
            double At(double share) => Math.Round(Durations[(int)Math.Ceiling(share * Durations.Count) - 1], 3);
            return new(
                from.Service, from.Name, to.Service, to.Name, Durations.Count, Math.Round((double)Durations.Count / requests, 2), Math.Round((double)Durations.Count / all, 3),
                Math.Round((double)errors / Durations.Count, 4), At(0.5), At(0.99), trace);
        }
    }
}
