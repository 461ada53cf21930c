using System.Text;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Logs;

/// <summary>
/// Which log records are wanted: all conditions of a text such as <c>service:orders level:error "timed out" payment* -retry</c> hold. A word is found as a word, whatever its
/// case, in the message or an attribute's value; with <c>*</c> at its end as the beginning of one; in quotes as a part. <c>service:</c>, <c>instance:</c>, <c>trace:</c> and
/// <c>span:</c> compare the whole; <c>level:</c> is that level or a worse one; any other <c>key:value</c> is an attribute. <c>-</c> in front negates.
/// </summary>
public sealed class LogSearch
{
    const int MostConditions = 32;

    readonly List<Condition> conditions = [];

    LogSearch()
    {
    }

    /// <summary>All records.</summary>
    public static LogSearch All { get; } = new();

    /// <summary>It happened then or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>It happened then or earlier.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>At most so many. Default 100.</summary>
    public int Limit { get; init; } = 100;

    /// <summary>The terms all of which a page with such a record has.</summary>
    internal ulong[] Terms { get; private set; } = [];

    /// <summary>The least severity; 0 for any.</summary>
    internal int Severity { get; private set; }

    internal long FromNanoseconds => From is { } from ? (from - DateTimeOffset.UnixEpoch).Ticks * 100 : long.MinValue;

    internal long ToNanoseconds => To is { } to ? (to - DateTimeOffset.UnixEpoch).Ticks * 100 : long.MaxValue;

    /// <summary>What has all of these fields that are given.</summary>
    /// <param name="service">The service.</param>
    /// <param name="text">Part of the message or of an attribute's value, whatever its case.</param>
    /// <param name="severity">The least, as OTLP's number; 0 for any.</param>
    /// <param name="trace">The trace's id.</param>
    /// <param name="limit">At most so many.</param>
    public static LogSearch Of(string? service, string? text, int severity, string? trace, int limit)
    {
        var search = new LogSearch { Limit = limit, Severity = severity };
        foreach (var (key, value) in new[] { ("service", service), ((string?)null, text), ("trace", trace) })
        {
            if (value is not null)
            {
                search.conditions.Add(new(key, value, IsQuoted: key is null, IsNot: false));
            }
        }

        search.Terms = [.. search.conditions.SelectMany(c => c.Terms())];
        return search;
    }

    /// <summary>Reads a text; null with what is wrong.</summary>
    public static LogSearch? Read(string? text, out string wrong, DateTimeOffset? from = null, DateTimeOffset? to = null, int limit = 100)
    {
        var search = new LogSearch { From = from, To = to, Limit = limit };
        wrong = "";
        for (var at = 0; at < (text ?? "").Length;)
        {
            if (text![at] == ' ')
            {
                at++;
                continue;
            }

            var isNot = text[at] == '-' && at + 1 < text.Length && text[at + 1] != ' ';
            at += isNot ? 1 : 0;
            if (!Part(text, ref at, out var key, out var value, out var isQuoted))
            {
                wrong = "a quote is not closed";
                return null;
            }

            if (key == "level" && Severities.Of(value) == 0)
            {
                wrong = $"'{value}' is no level; levels are trace, debug, info, warn, error and fatal";
                return null;
            }

            if (search.conditions.Count == MostConditions)
            {
                wrong = $"there are more than {MostConditions} conditions";
                return null;
            }

            search.conditions.Add(new(key, value, isQuoted, isNot));
        }

        search.Severity = search.conditions.Where(c => c is { Key: "level", IsNot: false }).Select(c => Severities.Of(c.Value)).DefaultIfEmpty().Max();
        search.Terms = [.. search.conditions.Where(c => !c.IsNot).SelectMany(c => c.Terms())];
        return search;
    }

    /// <summary>Whether a record is wanted.</summary>
    public bool Matches(StoredLog log)
    {
        if (log.Severity < Severity || (From is { } from && log.At < from) || (To is { } to && log.At > to))
        {
            return false;
        }

        foreach (var condition in conditions)
        {
            if (condition.Holds(log) == condition.IsNot)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The term of a record's field.</summary>
    internal static ulong Term(string key, string value) => TermFilter.Term(Encoding.UTF8.GetBytes("\0" + key), Encoding.UTF8.GetBytes(value));

    // word  key:value  "a phrase"  key:"a phrase"
    static bool Part(string text, ref int at, out string? key, out string value, out bool isQuoted)
    {
        (key, value, isQuoted) = (null, "", false);
        var start = at;
        for (; at < text.Length && text[at] != ' '; at++)
        {
            if (text[at] == ':' && key is null && at > start && at + 1 < text.Length && text[at + 1] != ' ' && !text.AsSpan(at + 1).StartsWith("//"))
            {
                key = text[start..at];
                start = at + 1;
            }
            else if (text[at] == '"' && at == start)
            {
                var end = text.IndexOf('"', at + 1);
                if (end < 0)
                {
                    return false;
                }

                (value, isQuoted) = (text[(at + 1)..end], true);
                at = end + 1;
                return true;
            }
        }

        value = text[start..at];
        return true;
    }

    sealed record Condition(string? Key, string Value, bool IsQuoted, bool IsNot)
    {
        readonly int severity = Key == "level" ? Severities.Of(Value) : 0;

        public bool Holds(StoredLog log) => Key switch
        {
            null => Text(log.Message) || log.Attributes.Any(a => Text(a.Value)),
            "service" => log.Service == Value,
            "instance" => log.Instance == Value,
            "level" => log.Severity >= severity,
            "trace" => string.Equals(log.Trace, Value, StringComparison.OrdinalIgnoreCase),
            "span" => string.Equals(log.Span, Value, StringComparison.OrdinalIgnoreCase),
            "message" => log.Message.Contains(Value, StringComparison.OrdinalIgnoreCase),
            _ => log.Attributes.Any(a => a.Key == Key && a.Value == Value),
        };

        public List<ulong> Terms()
        {
            switch (Key)
            {
                case null:
                    return Inner();
                case "service" or "instance":
                    return [Term(Key, Value)];
                case "trace" or "span":
                    return [Term(Key, Value.ToLowerInvariant())];
                case "level" or "message":
                    return [];
                default:
                    return [Term("attribute:" + Key, Value)];
            }
        }

        // Words at the edge of a phrase may be parts of longer ones, and so may the last of a beginning.
        List<ulong> Inner()
        {
            var terms = new List<ulong>();
            var text = IsQuoted ? Value : Value.TrimEnd('*');
            for (var at = 0; Words.Next(text, ref at, out var start);)
            {
                var isEdge = IsQuoted ? start == 0 || at == text.Length : at == text.Length && Value.EndsWith('*');
                if (!isEdge)
                {
                    terms.Add(Words.Term(text.AsSpan(start, at - start)));
                }
            }

            return terms;
        }

        bool Text(string text) =>
            IsQuoted ? text.Contains(Value, StringComparison.OrdinalIgnoreCase) : Words.Has(text, Value.TrimEnd('*'), Value.EndsWith('*'));
    }
}
