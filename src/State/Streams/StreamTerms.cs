using Mainstay.State.Decide;

namespace Mainstay.State.Streams;

/// <summary>How something asked of the streams ended.</summary>
public enum StreamStatus
{
    Done,

    /// <summary>The stream has another version than the expected one.</summary>
    WrongVersion,

    /// <summary>An id is in the stream already, and the request is not the one that brought it.</summary>
    IdTaken,

    /// <summary>The stream was deleted.</summary>
    Gone,

    /// <summary>There is no such stream, snapshot or reader.</summary>
    Unknown,

    /// <summary>What was asked makes no sense for this stream.</summary>
    Refused,

    /// <summary>An event is too large.</summary>
    TooLarge,

    /// <summary>Too much waits to be written: to be tried again later.</summary>
    Busy,

    /// <summary>The disk, or the size that the file may have, is used up; nothing was changed.</summary>
    DiskFull,

    /// <summary>The file cannot be written; what became of it is not known. Sent again with the same ids it is stored once.</summary>
    Unavailable,
}

/// <summary>An event to be appended.</summary>
/// <param name="Id">By what it is known within its stream: source and id of the CloudEvent.</param>
/// <param name="Type">The event's type.</param>
/// <param name="Head">Its attributes, as a JSON object.</param>
/// <param name="Body">Its data.</param>
public sealed record NewEvent(string Id, string Type, ReadOnlyMemory<byte> Head, ReadOnlyMemory<byte> Body);

/// <summary>What became of events.</summary>
/// <param name="Status">All were appended, or none.</param>
/// <param name="Why">What is wrong and what to do; null where it is done.</param>
/// <param name="First">The version of the first of them.</param>
/// <param name="Version">Of the stream.</param>
/// <param name="Position">Of the last of them among all events.</param>
/// <param name="IsRepeated">They were appended before.</param>
public sealed record AppendAnswer(StreamStatus Status, string? Why = null, long First = 0, long Version = 0, long Position = 0, bool IsRepeated = false);

/// <summary>Which events to read.</summary>
public sealed record StreamRead
{
    /// <summary>The stream; null for all, in the order in which they were appended.</summary>
    public string? Stream { get; init; }

    /// <summary>Of all streams those that one of these means; a <c>*</c> at the end stands for anything. Null: every one.</summary>
    public IReadOnlyList<string>? Streams { get; init; }

    /// <summary>Only events of these types; a <c>*</c> at the end stands for anything. Null: every one.</summary>
    public IReadOnlyList<string>? Types { get; init; }

    /// <summary>Forward: only versions (over all: positions) greater than this. Default 0.</summary>
    public long After { get; init; }

    /// <summary>Reads backward, only versions (over all: positions) smaller than this; null reads forward.</summary>
    public long? Before { get; init; }

    /// <summary>At most so many, and 4 MiB, but one in any case.</summary>
    public int Limit { get; init; } = 100;

    internal bool Wants(string stream, string type) =>
        (Streams is null || Streams.Any(p => StreamDecide.Means(p, stream))) && (Types is null || Types.Any(p => StreamDecide.Means(p, type)));
}

/// <summary>An event in its stream.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Version">Its place there; 1 is the first, and none is left out.</param>
/// <param name="Position">Its place among all events; grows, with gaps where events were removed.</param>
/// <param name="At">When it was appended; never before the event before it.</param>
/// <param name="Type">The event's type.</param>
/// <param name="Head">Its attributes, as a JSON object.</param>
/// <param name="Body">Its data.</param>
public sealed record StoredEvent(string Stream, long Version, long Position, DateTimeOffset At, string Type, ReadOnlyMemory<byte> Head, ReadOnlyMemory<byte> Body);

/// <summary>A page of events.</summary>
/// <param name="Status">Whether it could be read.</param>
/// <param name="Why">What is wrong; null where it is done.</param>
/// <param name="Events">In the order of the reading.</param>
/// <param name="Next">What to read after, or before, for the next page.</param>
/// <param name="IsEnd">There was nothing more when it was read.</param>
/// <param name="Last">The version of the stream, or the last position of all.</param>
/// <param name="First">The first version that is kept.</param>
public sealed record ReadAnswer(StreamStatus Status, string? Why = null, IReadOnlyList<StoredEvent>? Events = null, long Next = 0, bool IsEnd = true, long Last = 0, long First = 1);

/// <summary>A stream as lists show it.</summary>
/// <param name="Name">The stream.</param>
/// <param name="Version">Of its last event.</param>
/// <param name="First">The smallest version that is kept.</param>
/// <param name="IsGone">It was deleted.</param>
/// <param name="KeepEvents">At most so many events are kept; 0 for all.</param>
/// <param name="KeepFor">Events are kept so long; zero for ever.</param>
/// <param name="At">When its last event was appended; null where none is kept.</param>
/// <param name="Snapshot">The version of its snapshot; 0 where there is none.</param>
public sealed record StreamInfo(string Name, long Version, long First, bool IsGone, long KeepEvents, TimeSpan KeepFor, DateTimeOffset? At, long Snapshot);

/// <param name="Status">Whether it could be done.</param>
/// <param name="Why">What is wrong; null where it is done.</param>
/// <param name="Stream">As it stands then; null where there is none.</param>
public sealed record StreamAnswer(StreamStatus Status, string? Why = null, StreamInfo? Stream = null);

/// <param name="Status">Whether they could be read.</param>
/// <param name="Why">What is wrong; null where it is done.</param>
/// <param name="Streams">By name.</param>
public sealed record StreamsAnswer(StreamStatus Status, string? Why = null, IReadOnlyList<StreamInfo>? Streams = null);

/// <summary>What a stream comes to at a version, kept so that it need not be read from its beginning.</summary>
/// <param name="Version">Everything up to it is in.</param>
/// <param name="Type">What it is, for the reader to know whether it understands it.</param>
/// <param name="Body">Its content.</param>
public sealed record StreamSnapshot(long Version, string Type, ReadOnlyMemory<byte> Body);

/// <param name="Status">Whether it could be read or written.</param>
/// <param name="Why">What is wrong; null where it is done.</param>
/// <param name="Snapshot">It; null where there is none.</param>
public sealed record SnapshotAnswer(StreamStatus Status, string? Why = null, StreamSnapshot? Snapshot = null);

/// <summary>Somebody who reads all events and whose place is kept here.</summary>
/// <param name="Name">Its name; that of a queue begins with <c>queue/</c>.</param>
/// <param name="Position">Everything up to it is done.</param>
/// <param name="Rewinds">How often it was sent back.</param>
/// <param name="At">When it was last written down.</param>
public sealed record StreamReaderInfo(string Name, long Position, long Rewinds, DateTimeOffset At);

/// <param name="Status">Whether it could be read or written.</param>
/// <param name="Why">What is wrong; null where it is done.</param>
/// <param name="Readers">By name.</param>
/// <param name="Last">The last position of all events.</param>
public sealed record ReadersAnswer(StreamStatus Status, string? Why = null, IReadOnlyList<StreamReaderInfo>? Readers = null, long Last = 0);

/// <summary>How all streams stand.</summary>
/// <param name="Streams">How many there are, deleted ones included.</param>
/// <param name="Events">That are kept.</param>
/// <param name="Last">The last position.</param>
/// <param name="Bytes">Of the file.</param>
/// <param name="Appended">Events since the server began.</param>
/// <param name="Conflicts">Requests with another version than the expected one, since the server began.</param>
public sealed record StreamFigures(long Streams, long Events, long Last, long Bytes, long Appended, long Conflicts);
