using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Traces;

/// <summary>
/// Where spans are kept, whatever keeps them.
/// <list type="number">
/// <item><see cref="Add"/> copies what it needs; it never waits, and never fails for want of room: the oldest goes.</item>
/// <item>What was added is found at once.</item>
/// <item>A trace whose oldest spans are gone is given with those that are left.</item>
/// <item>Safe for one adder and any number of readers.</item>
/// </list>
/// </summary>
public interface ITraceStore
{
    /// <summary>Keeps a span.</summary>
    void Add(in ResourceView resource, in ScopeView scope, in SpanView span);

    /// <summary>All kept spans of a trace, in no order; empty where there is none.</summary>
    IReadOnlyList<StoredSpan> Get(TraceId trace);

    /// <summary>The newest traces that have a span which matches.</summary>
    IReadOnlyList<TraceId> Find(TraceQuery query);

    /// <summary>The same, and whether all that is kept was looked at, or as much as it took to find enough; false where that would have taken too long.</summary>
    IReadOnlyList<TraceId> Find(TraceQuery query, out bool complete)
    {
        complete = true;
        return Find(query);
    }

    TraceStoreFigures Figures { get; }
}

/// <summary>Which traces are wanted: those that have one span for which all of this holds.</summary>
public sealed record TraceQuery
{
    public string? Service { get; init; }

    /// <summary>The span's name.</summary>
    public string? Operation { get; init; }

    /// <summary>The least duration of the span.</summary>
    public TimeSpan MinDuration { get; init; }

    /// <summary>Whether the span has to have failed (true) or not failed (false).</summary>
    public bool? IsError { get; init; }

    /// <summary>Attributes, of the span or its resource, with the values they have to have, as text.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Attributes { get; init; } = [];

    /// <summary>The span ended then or later; null for no bound.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>The span began then or earlier; null for no bound.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>At most so many traces. Default 20.</summary>
    public int Limit { get; init; } = 20;

    internal long FromNanoseconds => From is { } from ? (from - DateTimeOffset.UnixEpoch).Ticks * 100 : long.MinValue;

    internal long ToNanoseconds => To is { } to ? (to - DateTimeOffset.UnixEpoch).Ticks * 100 : long.MaxValue;
}

/// <summary>What is kept.</summary>
/// <param name="Spans">Kept now.</param>
/// <param name="Traces">Kept now.</param>
/// <param name="Bytes">Of memory taken.</param>
/// <param name="Forgotten">Spans that made room for newer ones.</param>
/// <param name="Cut">Spans that were too large to be kept whole.</param>
public readonly record struct TraceStoreFigures(long Spans, long Traces, long Bytes, long Forgotten, long Cut)
{
    /// <summary>What is on disk; all zero where nothing is kept there.</summary>
    public DiskFigures Disk { get; init; }
}

/// <summary>A span as it was kept.</summary>
public sealed record StoredSpan
{
    public required TraceId Trace { get; init; }

    public required ulong Span { get; init; }

    public required ulong Parent { get; init; }

    public required string Service { get; init; }

    public required string Instance { get; init; }

    public required string Name { get; init; }

    public required SpanKind Kind { get; init; }

    public required SpanStatus Status { get; init; }

    public required string StatusMessage { get; init; }

    public required bool Shared { get; init; }

    /// <summary>Nanoseconds since 1970, UTC.</summary>
    public required long Start { get; init; }

    /// <summary>Nanoseconds since 1970, UTC.</summary>
    public required long End { get; init; }

    public IReadOnlyList<StoredAttribute> Attributes { get; init; } = [];

    public IReadOnlyList<StoredEvent> Events { get; init; } = [];
}

/// <summary>An attribute, its value as text.</summary>
public sealed record StoredAttribute(string Key, string Value);

/// <summary>An event.</summary>
/// <param name="Time">Nanoseconds since 1970, UTC.</param>
public sealed record StoredEvent(long Time, string Name, IReadOnlyList<StoredAttribute> Attributes);
