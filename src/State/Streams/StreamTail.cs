using Mainstay.State.Decide;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Streams;

/// <summary>What was appended since the indexes were last written: how its streams stand, where its events lie and which ids they have.</summary>
/// <remarks>
/// An event is written once, at the end of its table; where it lies by version and by id, and how its stream stands, follows for thousands of events at a
/// time, so that they share the pages that this touches. Until then it is known here, and made anew from the events when the file is opened. What is asked is
/// answered from both. For the journal's thread alone.
/// </remarks>
/// <param name="from">The position up to which the indexes reach.</param>
sealed class StreamTail(long from)
{
    readonly Dictionary<string, Head> names = new(StringComparer.Ordinal);
    readonly Dictionary<long, Head> numbers = [];
    readonly Dictionary<(long Stream, string Id), long> ids = [];

    /// <summary>The position up to which the indexes reach.</summary>
    public long From => from;

    /// <summary>Events that the indexes do not have yet.</summary>
    public int Count => ids.Count;

    /// <summary>The streams of these events, as they stand.</summary>
    public IEnumerable<StreamTables.Row> Streams => numbers.Values.Select(h => h.Row).OrderBy(r => r.N);

    /// <summary>How a stream stands; null where none of this name was ever made.</summary>
    public StreamTables.Row? Find(JournalFile file, string name) => names.TryGetValue(name, out var head) ? head.Row : StreamTables.Find(file, name);

    /// <summary>How a stream stands that was read from its table.</summary>
    public StreamTables.Row Now(StreamTables.Row row) => numbers.TryGetValue(row.N, out var head) ? head.Row : row;

    /// <summary>The smallest version that is kept of a stream whose row tells this one.</summary>
    public long FirstOf(long stream, long first) => numbers.TryGetValue(stream, out var head) ? head.Row.Standing.First : first;

    /// <summary>The version up to which the index has a stream.</summary>
    public long IndexedOf(StreamTables.Row row) => numbers.TryGetValue(row.N, out var head) ? head.Indexed : row.Standing.Version;

    /// <summary>The version at which an id is in a stream, from the first one that is kept on; 0 where it is not.</summary>
    public long VersionOf(JournalFile file, StreamTables.Row row, string id) =>
        ids.TryGetValue((row.N, id), out var version) ? version >= row.Standing.First ? version : 0
        : IndexedOf(row) == 0 ? 0 : StreamTables.VersionOf(file, row.N, id, row.Standing.First);

    /// <summary>Whether the id of one of these events is this one, be it kept or not.</summary>
    public bool Has(long stream, string id) => ids.ContainsKey((stream, id));

    /// <summary>The position of a version; 0 where it is not kept.</summary>
    public long PositionOf(JournalFile file, long stream, long version) =>
        numbers.TryGetValue(stream, out var head) && version > head.Indexed ? head.PositionOf(version) : StreamTables.PositionOf(file, stream, version);

    /// <summary>Takes events in that were appended, none of whose ids it has.</summary>
    /// <param name="before">How their stream stood.</param>
    /// <param name="after">How it stands with them.</param>
    /// <param name="last">The position of the last of them; they lie one after another.</param>
    /// <param name="added">Their ids.</param>
    public void Add(StreamTables.Row before, StreamStanding after, long last, IEnumerable<string> added)
    {
        if (!numbers.TryGetValue(before.N, out var head))
            names[before.Name] = numbers[before.N] = head = new(before);
        var version = before.Standing.Version;
        foreach (var id in added)
        {
            ids[(before.N, id)] = ++version;
            head.Positions.Add(last - after.Version + version);
        }

        head.Row = before with { Standing = after };
    }

    /// <summary>Takes the last events of a stream out again, after those that came behind them.</summary>
    public void TakeBack(StreamTables.Row before, IReadOnlyList<string> added)
    {
        var head = numbers[before.N];
        head.Row = before;
        head.Positions.RemoveRange(head.Positions.Count - added.Count, added.Count);
        foreach (var id in added)
            ids.Remove((before.N, id));
        if (head.Positions.Count > 0)
            return;
        numbers.Remove(before.N);
        names.Remove(before.Name);
    }

    sealed class Head(StreamTables.Row row)
    {
        public StreamTables.Row Row { get; set; } = row;

        public long Indexed { get; } = row.Standing.Version;

        /// <summary>Of the versions that follow <see cref="Indexed"/>.</summary>
        public List<long> Positions { get; } = [];

        public long PositionOf(long version) => version - Indexed <= Positions.Count ? Positions[(int)(version - Indexed - 1)] : 0;
    }
}
