using System.Text;
using Mainstay.Observe.Ingest;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Numbers;

namespace Mainstay.Observe.Join;

/// <summary>
/// Adds up the calls that traces show, second by second, and hands them to the statistics of edges. Each call counts in the second in which it was
/// joined. Not safe for several callers at a time.
/// </summary>
/// <param name="nodes">The names of the nodes.</param>
/// <param name="edges">Takes the sums.</param>
/// <param name="bucketOf">The bucket of a duration in microseconds, of the scale of <paramref name="edges"/>.</param>
/// <param name="callers">Counts who calls whom for the top lists.</param>
/// <param name="calls">Counts them as series.</param>
public sealed class TracedEdges(SpanJoiner nodes, EdgeStatistics edges, Func<long, int> bucketOf, OperationStatistics callers, CallSeries calls) : IEdgeSink
{
    readonly Dictionary<(int From, int To), Cell> cells = [];
    readonly List<long> latency = [];

    /// <summary>Calls found.</summary>
    public long Calls { get; private set; }

    /// <summary>The second that is added up, by the owner's clock.</summary>
    public long Second { get; set; }

    public void Edge(int from, int to, long nanoseconds, bool isError, TraceId trace)
    {
        Calls++;
        ref var cell = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(cells, (from, to), out _);
        cell ??= new(Encoding.UTF8.GetBytes(nodes.Nodes[from]), Encoding.UTF8.GetBytes(nodes.Nodes[to]));
        cell.Requests++;
        cell.Errors += isError ? 1 : 0;
        var bucket = bucketOf(nanoseconds / 1000);
        System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(cell.Latency, bucket, out _)++;
        callers.Add(TopOf.Callers, cell.To, cell.From, default, nanoseconds, isError, trace, Second);
    }

    /// <summary>Hands over what was added up since the last time.</summary>
    public void Flush(DateTimeOffset at)
    {
        foreach (var ((from, to), cell) in cells)
        {
            if (cell.Requests == 0)
            {
                // Silent for a whole second: it costs nothing to begin anew.
                cells.Remove((from, to));
                continue;
            }

            latency.Clear();
            foreach (var (bucket, count) in cell.Latency)
            {
                latency.Add(bucket);
                latency.Add(count);
            }

            calls.Add(new(CallsOf.Edge, nodes.Nodes[from], nodes.Nodes[to], "traces"), cell.Requests, cell.Errors, edges.Scale.Durations(latency), at.ToUnixTimeMilliseconds());
            edges.Add(new(nodes.Nodes[from], nodes.Nodes[to], null, cell.Requests, cell.Errors, latency), at);
            cell.Clear();
        }
    }

    sealed class Cell(byte[] from, byte[] to)
    {
        public byte[] From => from;

        public byte[] To => to;

        public long Requests { get; set; }

        public long Errors { get; set; }

        public Dictionary<int, long> Latency { get; } = [];

        public void Clear()
        {
            (Requests, Errors) = (0, 0);
            Latency.Clear();
        }
    }
}
