using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Traces;

/// <summary>
/// Which traces are in which files of the hot log. What made room in memory for newer spans before it was decided is found there: at 60,000 spans a second that is
/// more than half of the time. Not thread-safe: its owner holds a lock.
/// </summary>
sealed class HotTraces
{
    readonly Queue<Part> parts = new();
    Part? last;
    long spans;

    /// <summary>Notes what was appended to a file, in the order in which it came to memory.</summary>
    public void Note(SegmentLog.Segment file, IEnumerable<ReadOnlyMemory<byte>> records)
    {
        if (last?.File != file)
        {
            parts.Enqueue(last = new(file, spans, []));
        }

        foreach (var record in records)
        {
            spans++;
            last.Traces.Add(SpanRecord.TraceOf(record.Span));
        }
    }

    /// <summary>Notes that spans came to memory that are in no file.</summary>
    public void Skip(long count) => spans += count;

    /// <summary>Forgets the oldest file, which is deleted.</summary>
    public void Drop(SegmentLog.Segment file)
    {
        // One that could not be read has no traces noted, and is not among them.
        if (parts.TryPeek(out var oldest) && oldest.File == file)
        {
            parts.Dequeue();
        }
    }

    /// <summary>The files that hold spans of a trace which may be no longer in memory, oldest first.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="forgotten">How many spans memory has forgotten, the oldest ones.</param>
    public IReadOnlyList<SegmentLog.Segment> With(TraceId trace, long forgotten) => [.. Forgotten(forgotten).Where(p => p.Traces.Contains(trace)).Select(p => p.File)];

    /// <summary>All files that hold spans which may be no longer in memory, oldest first.</summary>
    /// <param name="forgotten">As above.</param>
    public IReadOnlyList<SegmentLog.Segment> Before(long forgotten) => [.. Forgotten(forgotten).Select(p => p.File)];

    IEnumerable<Part> Forgotten(long spans) => parts.TakeWhile(p => p.First < spans);

    sealed record Part(SegmentLog.Segment File, long First, HashSet<TraceId> Traces);
}
