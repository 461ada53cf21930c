using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Logs;

/// <summary>Lines that differ in their values alone.</summary>
/// <param name="Id">The same in every run while the pattern is the same.</param>
/// <param name="Text">The line with <c>&lt;*&gt;</c> where values differ.</param>
/// <param name="Severity">The worst.</param>
/// <param name="Count">Lines, since <paramref name="First"/>.</param>
/// <param name="LastHour">Lines in each of the last 60 minutes, the newest last.</param>
/// <param name="Example">The newest line.</param>
public sealed record LogPattern(
    string Id, string Service, string Text, int Severity, long Count, DateTimeOffset First, DateTimeOffset Last, IReadOnlyList<int> LastHour, string Example);

/// <summary>
/// Groups similar lines as they come (after Drain: a tree by service, number of words and first word, then the most similar group). Words with digits are values from the
/// beginning. Bounded: of too many patterns those that were not seen for longest go. Not safe for several callers.
/// </summary>
/// <param name="most">The most patterns. Default 2,000.</param>
sealed class PatternMiner(int most = 2000)
{
    /// <summary>What stands for a value.</summary>
    public const string Value = "<*>";

    const double Similar = 0.6;
    const int MostWords = 40;
    const int MostGroupsOfLeaf = 100;

    readonly Dictionary<(string Service, int Words, string First), List<PatternGroup>> leaves = [];
    int count;

    /// <summary>How many patterns made room for others.</summary>
    public long Forgotten { get; private set; }

    public void Take(StoredLog log)
    {
        var words = Split(log.Message);
        var key = (log.Service, words.Length, words.Length == 0 ? "" : words[0]);
        if (!leaves.TryGetValue(key, out var groups))
        {
            leaves.Add(key, groups = []);
        }

        var group = Best(groups, words);
        if (group is null)
        {
            if (groups.Count >= MostGroupsOfLeaf)
            {
                group = groups.MinBy(g => g.Last)!;
                groups.Remove(group);
                count--;
                Forgotten++;
            }

            groups.Add(group = new(log.Service, words, log.At));
            count++;
        }

        group.Take(words, log);
        if (count > most)
        {
            Forget();
        }
    }

    /// <summary>The most frequent first, of one service or all.</summary>
    public IReadOnlyList<LogPattern> List(string? service, int limit) =>
    [
        .. leaves.Values.SelectMany(g => g).Where(g => service is null || g.Service == service)
            .OrderByDescending(g => g.Count).ThenBy(g => g.Service, StringComparer.Ordinal).ThenBy(g => g.Text, StringComparer.Ordinal).Take(limit).Select(g => g.Show()),
    ];

    public void Write(ByteWriter into)
    {
        into.Varint(count);
        foreach (var group in leaves.Values.SelectMany(g => g))
        {
            group.Write(into);
        }
    }

    public void Read(ReadOnlySpan<byte> from)
    {
        var cursor = new ByteCursor(from);
        for (var left = cursor.Count(most); left > 0 && PatternGroup.Read(ref cursor) is { } group; left--)
        {
            var key = (group.Service, group.Words.Length, group.Words.Length == 0 ? "" : group.Words[0]);
            if (!leaves.TryGetValue(key, out var groups))
            {
                leaves.Add(key, groups = []);
            }

            groups.Add(group);
            count++;
        }
    }

    void Forget()
    {
        // A tenth at a time, so that it is rare.
        var gone = leaves.Values.SelectMany(g => g).OrderBy(g => g.Last).Take(Math.Max(1, most / 10)).ToHashSet();
        foreach (var (key, groups) in leaves.ToArray())
        {
            groups.RemoveAll(gone.Contains);
            if (groups.Count == 0)
            {
                leaves.Remove(key);
            }
        }

        (count, Forgotten) = (count - gone.Count, Forgotten + gone.Count);
    }

    static PatternGroup? Best(List<PatternGroup> groups, string[] words)
    {
        PatternGroup? best = null;
        var most = words.Length == 0 ? -1.0 : Similar * words.Length;
        foreach (var group in groups)
        {
            var same = 0;
            for (var i = 0; i < words.Length; i++)
            {
                same += group.Words[i] == Value || group.Words[i] == words[i] ? 1 : 0;
            }

            if (same >= most && (best is null || same > most))
            {
                (best, most) = (group, same);
            }
        }

        return best;
    }

    // Words with digits, and what stands in quotes, are values.
    static string[] Split(string message)
    {
        var words = message.Split((char[])[' ', '\t'], MostWords, StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < words.Length; i++)
        {
            var word = words[i];
            if (i == MostWords - 1 && word.Contains(' ', StringComparison.Ordinal))
            {
                words[i] = Value;
                continue;
            }

            if (!word.AsSpan().ContainsAnyInRange('0', '9'))
            {
                continue;
            }

            // id=42 keeps its key, and what encloses a value stays.
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            var head = equals > 0 && !word.AsSpan(0, equals).ContainsAnyInRange('0', '9') ? word[..(equals + 1)] : "";
            var tail = word[^1] is ',' or ';' or ':' or '.' or ')' or ']' ? word[^1..] : "";
            var open = head.Length == 0 && word[0] is '(' or '[' ? word[..1] : "";
            words[i] = string.Concat(open, head, Value, tail);
        }

        return words;
    }
}
