using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Store.Traces;

namespace Mainstay.Observe.Correlate;

/// <summary>Finds a trace in which one request goes all the way round a cycle.</summary>
public static class CycleProof
{
    const int Traces = 60;

    /// <summary>The newest such trace among the latest of the cycle's first service; null where there is none.</summary>
    /// <param name="path">The names of the cycle, the last the same as the first.</param>
    public static TraceId? Find(ITraceStore store, IReadOnlyList<string> path)
    {
        foreach (var trace in store.Find(new() { Service = path[0], Limit = Traces }))
        {
            if (Goes(store.Get(trace), path))
            {
                return trace;
            }
        }

        return null;
    }

    /// <summary>Whether some span of these has the cycle's services above it, one below the other.</summary>
    public static bool Goes(IReadOnlyList<StoredSpan> spans, IReadOnlyList<string> path)
    {
        var byId = new Dictionary<ulong, StoredSpan>();
        foreach (var span in spans)
        {
            // Of two halves with one id the server's is nearer to what is below it.
            if (!byId.TryGetValue(span.Span, out var other) || other.Kind != SpanKind.Server)
            {
                byId[span.Span] = span;
            }
        }

        foreach (var span in spans.Where(s => s.Service == path[^1]))
        {
            var (at, left, steps) = (span, path.Count - 2, 0);
            while (left >= 0 && steps++ < spans.Count && byId.TryGetValue(at.Parent, out var above))
            {
                if (above.Service == path[left])
                {
                    left--;
                }
                else if (above.Service != path[left + 1])
                {
                    break;
                }

                at = above;
            }

            if (left < 0)
            {
                return true;
            }
        }

        return false;
    }
}
