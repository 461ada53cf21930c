using Mainstay.State.Streams;

namespace Mainstay.Host.Api.State;

/// <summary>Streams by name.</summary>
/// <param name="Items">A page of them.</param>
/// <param name="Continue">What to give as <c>after</c> for the next page; null at the end.</param>
public sealed record StreamPage(IReadOnlyList<StreamInfo> Items, string? Continue);

/// <summary>How all streams stand, and who reads them.</summary>
/// <param name="Figures">What they come to together.</param>
/// <param name="Readers">Those whose place is kept; of a queue named <c>orders</c> it is <c>queue:orders</c>.</param>
/// <param name="Watching">How many wait for events right now, readers and queues among them.</param>
public sealed record StreamsStanding(StreamFigures Figures, IReadOnlyList<StreamReaderInfo> Readers, int Watching);

/// <summary>What became of events.</summary>
/// <param name="First">The version of the first of them.</param>
/// <param name="Version">Of the stream.</param>
/// <param name="Position">Of the last of them among all events.</param>
/// <param name="Repeated">They were appended before, by the same request.</param>
public sealed record Appended(long First, long Version, long Position, bool Repeated);

/// <summary>How much of a stream is kept.</summary>
public sealed record StreamTermsAsk
{
    /// <summary>At most so many events; 0 for all. Default 0; up to 1,000,000,000.</summary>
    public long KeepEvents { get; init; }

    /// <summary>Events are kept so long; zero for ever. Default zero; up to 3650d.</summary>
    public TimeSpan KeepFor { get; init; }
}

/// <summary>The place of a reader.</summary>
public sealed record ReaderAsk
{
    /// <summary>Everything up to it is done. Null: only asks, and begins a reader that is not there.</summary>
    public long? Position { get; init; }

    /// <summary>How often the reader takes itself to have been sent back; where that has changed it is refused with 409. Null: whatever it is.</summary>
    public long? Rewinds { get; init; }

    /// <summary>A reader that is not there begins with the first event that is kept, instead of with what is appended from now on.</summary>
    public bool FromStart { get; init; }
}

/// <summary>Where a reader is to go on.</summary>
/// <param name="Position">After this one; 0 for the beginning.</param>
public sealed record RewindAsk(long Position);
