using System.Globalization;
using System.Text.Json;
using Mainstay.Observe.Store.Traces;

namespace Mainstay.Observe.Store.Logs;

/// <summary>
/// Makes a record of a line that an instance wrote. A JSON object's members and logfmt's pairs become level, message, time, trace and span, by the names that
/// the usual libraries give them, and attributes; of any other line the level is recognised where it stands at the beginning. A line that is none of it is its own message.
/// </summary>
public static class LineReader
{
    const int MostAttributes = 128;
    const int MostDepth = 4;

    /// <summary>Reads one line.</summary>
    /// <param name="at">When it came; a time in the line is taken instead where it is within a day of it.</param>
    public static StoredLog Read(DateTimeOffset at, string service, string instance, string text)
    {
        var fields = new Fields(at);
        var trimmed = text.AsSpan().TrimStart();
        if (trimmed.StartsWith("{") && text.AsSpan().TrimEnd().EndsWith("}"))
        {
            ReadJson(text, fields);
        }
        else if (text.Contains("msg=", StringComparison.Ordinal) && (text.Contains("level=", StringComparison.Ordinal) || text.Contains("lvl=", StringComparison.Ordinal)))
        {
            ReadPairs(text, fields);
        }

        if (fields.Message is null)
        {
            (fields.Message, fields.Attributes) = (text, []);
        }

        if (fields.Severity == 0 && fields.Level.Length == 0)
        {
            fields.Level = LeadingLevel(fields.Message);
            fields.Severity = Severities.Of(fields.Level);
        }

        return new(fields.At, service, instance, fields.Severity, fields.Level, fields.Message, fields.Trace, fields.Span, fields.Attributes);
    }

    static void ReadJson(string text, Fields fields)
    {
        try
        {
            using var json = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 32 });
            Members(json.RootElement, "", 0, fields);
        }
        catch (Exception wrong) when (wrong is JsonException or ArgumentException or InvalidOperationException)
        {
            // No JSON, or texts in it that are no Unicode.
            fields.Message = null;
            return;
        }

        // An object that tells no message is shown as it is.
        fields.Message ??= text;
    }

    static void Members(JsonElement element, string prefix, int depth, Fields fields)
    {
        foreach (var member in element.EnumerateObject())
        {
            var name = prefix + member.Name;
            if (member.Value.ValueKind == JsonValueKind.Object && depth < MostDepth)
            {
                Members(member.Value, name + ".", depth + 1, fields);
            }
            else if (member.Value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined))
            {
                Take(name, member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : member.Value.GetRawText(), fields);
            }
        }
    }

    // key=value key="value with spaces"
    static void ReadPairs(string text, Fields fields)
    {
        for (var at = 0; at < text.Length;)
        {
            while (at < text.Length && text[at] == ' ')
            {
                at++;
            }

            var equals = text.IndexOf('=', at);
            var space = text.IndexOf(' ', at);
            if (equals < 0 || (space >= 0 && space < equals))
            {
                at = space < 0 ? text.Length : space;
                continue;
            }

            var key = text[at..equals];
            at = equals + 1;
            var isQuoted = at < text.Length && text[at] == '"';
            var end = isQuoted ? Quote(text, at + 1) : text.IndexOf(' ', at);
            end = end < 0 ? text.Length : end;
            var value = isQuoted ? text[Math.Min(at + 1, end)..end].Replace("\\\"", "\"", StringComparison.Ordinal) : text[at..end];
            at = end + 1;
            Take(key, value, fields);
        }
    }

    static int Quote(string text, int at)
    {
        for (; at < text.Length; at++)
        {
            if (text[at] == '\\')
            {
                at++;
            }
            else if (text[at] == '"')
            {
                return at;
            }
        }

        return -1;
    }

    static void Take(string name, string value, Fields fields)
    {
        switch (name.ToLowerInvariant())
        {
            case "level" or "lvl" or "severity" or "loglevel" or "log.level" or "@l" or "severitytext" or "severity_text" or "levelname" when fields.Level.Length == 0:
                fields.Level = value;
                fields.Severity = Severities.Of(value);
                break;
            case "message" or "msg" or "@m" or "body" or "log" when fields.Message is null || fields.IsTemplate:
                (fields.Message, fields.IsTemplate) = (value, false);
                break;
            case "@mt" when fields.Message is null:
                (fields.Message, fields.IsTemplate) = (value, true);
                break;
            case "time" or "timestamp" or "@timestamp" or "ts" or "@t":
                Time(value, fields);
                break;
            case "trace_id" or "traceid" or "trace.id" or "@tr" or "otel.trace_id" or "dd.trace_id" or "scopes.traceid" when IsHex(value, 32):
                fields.Trace = value.ToLowerInvariant();
                break;
            case "span_id" or "spanid" or "span.id" or "@sp" or "otel.span_id" when IsHex(value, 16):
                fields.Span = value.ToLowerInvariant();
                break;
            default:
                if (fields.Attributes.Count < MostAttributes)
                {
                    fields.Attributes.Add(new(name, value));
                }

                break;
        }
    }

    static void Time(string value, Fields fields)
    {
        if (double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            // Seconds, milliseconds, microseconds or nanoseconds, by their size.
            var seconds = number switch { > 1e17 => number / 1e9, > 1e14 => number / 1e6, > 1e11 => number / 1e3, _ => number };
            Within(DateTimeOffset.UnixEpoch.AddSeconds(Math.Clamp(seconds, 0, 1e11)), fields);
        }
        else if (DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
        {
            Within(at.ToUniversalTime(), fields);
        }
    }

    static void Within(DateTimeOffset at, Fields fields) => fields.At = (at - fields.At).Duration() < TimeSpan.FromDays(1) ? at : fields.At;

    static bool IsHex(string value, int digits) => value.Length == digits && value.All(char.IsAsciiHexDigit) && value.Any(c => c != '0');

    // "fail: Shop.Orders[0]", "2026-01-01T12:00:01Z fail: …", "[12:00:01 ERR] …", "2026-01-01 12:00:01 ERROR …", "<warn> …": among the first words, as a word of its own.
    static string LeadingLevel(string message)
    {
        var words = 0;
        var isBehindTime = true;
        for (var at = 0; at < message.Length && at < 80 && words < 6; words++)
        {
            while (at < message.Length && !char.IsAsciiLetter(message[at]))
            {
                at++;
            }

            var start = at;
            while (at < message.Length && char.IsAsciiLetter(message[at]))
            {
                at++;
            }

            var word = message[start..at];
            var isShouted = word.Length > 2 && !word.AsSpan().ContainsAnyExceptInRange('A', 'Z');
            var isMarked = isBehindTime && at < message.Length && message[at] is ':' or ']' or '>';
            if ((isShouted || isMarked) && word.Length > 0 && Severities.Of(word) > 0)
            {
                return word;
            }

            isBehindTime &= word is "T" or "Z" or "UTC" or "GMT";
        }

        return "";
    }

    sealed class Fields(DateTimeOffset at)
    {
        public DateTimeOffset At { get; set; } = at;

        public string? Message { get; set; }

        /// <summary>The message is one whose values are not put in.</summary>
        public bool IsTemplate { get; set; }

        public string Level { get; set; } = "";

        public int Severity { get; set; }

        public string? Trace { get; set; }

        public string? Span { get; set; }

        public List<StoredAttribute> Attributes { get; set; } = [];
    }
}
