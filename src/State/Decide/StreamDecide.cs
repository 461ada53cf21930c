namespace Mainstay.State.Decide;

/// <summary>Whether events may be appended to a stream, and what is left of it by its terms.</summary>
public static class StreamDecide
{
    /// <summary>The longest name of a stream.</summary>
    public const int LongestName = 200;

    /// <summary>Whether this is the name of a stream: 1 to 200 ASCII letters, digits, <c>-</c>, <c>_</c>, <c>.</c> and <c>:</c>, beginning with a letter or digit.</summary>
    public static bool IsName(string? name) =>
        name is { Length: > 0 and <= LongestName } && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':');

    /// <summary>What becomes of events that are to be appended together.</summary>
    /// <param name="seen">How the stream stands.</param>
    /// <param name="expected">What who appends takes its version to be.</param>
    /// <param name="known">For each event the version at which its id is in the stream; 0 where it is not.</param>
    /// <remarks>
    /// <list type="number">
    /// <item>A stream that was deleted takes nothing any more.</item>
    /// <item>Events whose ids are all there, one after another and where they were to be, were appended before: the answer is the same once more.</item>
    /// <item>An id comes once in a stream: where some are there, or elsewhere than expected, nothing is appended.</item>
    /// <item>A version other than the expected one appends nothing.</item>
    /// </list>
    /// </remarks>
    public static AppendVerdict Append(StreamStanding seen, ExpectedVersion expected, ReadOnlySpan<long> known)
    {
        if (seen.IsGone)
            return new(AppendFate.Gone, 0);
        var taken = known.IndexOfAnyExcept(0L);
        if (taken >= 0)
            return WasAppended(known) && expected.Agrees(known[0] - 1) ? new(AppendFate.Repeated, known[0]) : new(AppendFate.IdTaken, known[taken], taken);
        return expected.Agrees(seen.Version) ? new(AppendFate.Append, seen.Version + 1) : new(AppendFate.WrongVersion, seen.Version);
    }

    /// <summary>The first version that is kept, where at most so many events are; 0 keeps all.</summary>
    public static long FirstOf(StreamStanding seen, long keepEvents) => keepEvents > 0 ? Math.Max(seen.First, seen.Version - keepEvents + 1) : seen.First;

    /// <summary>Whether a pattern, a name or the beginning of some and <c>*</c>, means this stream.</summary>
    public static bool Means(string pattern, string stream) => pattern.EndsWith('*') ? stream.AsSpan().StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal) : pattern == stream;

    static bool WasAppended(ReadOnlySpan<long> known)
    {
        for (var i = 0; i < known.Length; i++)
        {
            if (known[0] == 0 || known[i] != known[0] + i)
                return false;
        }

        return true;
    }
}

/// <summary>How a stream stands.</summary>
/// <param name="Version">Of its last event; 0 where there has been none. Stays when events are removed.</param>
/// <param name="First">The smallest version that is kept, or will be the next one.</param>
/// <param name="IsGone">It was deleted, and its name is not given again.</param>
public readonly record struct StreamStanding(long Version, long First, bool IsGone)
{
    /// <summary>One that nobody has appended to.</summary>
    public static StreamStanding New => new(0, 1, false);
}

/// <summary>What who appends takes a stream's version to be.</summary>
/// <param name="Version">That version; 0 for a stream without events; null for whatever it is.</param>
public readonly record struct ExpectedVersion(long? Version)
{
    /// <summary>Whatever it is.</summary>
    public static ExpectedVersion Any => default;

    /// <summary>No event yet.</summary>
    public static ExpectedVersion None => new(0);

    /// <summary>Whether the version is this one.</summary>
    public bool Agrees(long actual) => Version is not { } wanted || wanted == actual;

    /// <summary><c>any</c>, <c>none</c> or a version.</summary>
    public static bool TryParse(string? text, out ExpectedVersion expected)
    {
        expected = text switch { null or "any" => Any, "none" => None, _ => new(long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var version) ? version : -1) };
        return expected.Version is not -1;
    }
}

/// <summary>What becomes of events that are to be appended.</summary>
public enum AppendFate
{
    /// <summary>They are appended.</summary>
    Append,

    /// <summary>They were appended before.</summary>
    Repeated,

    /// <summary>The stream has another version.</summary>
    WrongVersion,

    /// <summary>An id is in the stream already, and not where it was to be.</summary>
    IdTaken,

    /// <summary>The stream was deleted.</summary>
    Gone,
}

/// <param name="Fate">What becomes of them.</param>
/// <param name="Version">Of the first of them; of the stream where that is another one; of the event that has the id.</param>
/// <param name="Index">Which event's id is taken.</param>
public readonly record struct AppendVerdict(AppendFate Fate, long Version, int Index = 0);
