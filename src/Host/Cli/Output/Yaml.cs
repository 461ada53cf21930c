using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mainstay.Host.Cli.Output;

/// <summary>Writes JSON values as YAML 1.2 in block style. Strings are plain where no reader could take them for something else, else as JSON strings, which YAML contains.</summary>
public static class Yaml
{
    public static string Of(JsonNode? value)
    {
        var text = new StringBuilder();
        Write(text, value, 0, inline: false);
        return text.ToString();
    }

    static void Write(StringBuilder text, JsonNode? value, int depth, bool inline)
    {
        switch (value)
        {
            case JsonObject { Count: > 0 } map:
                WriteMap(text, map, depth, inline);
                break;
            case JsonArray { Count: > 0 } list:
                WriteList(text, list, depth);
                break;
            default:
                text.Append(Scalar(value)).Append('\n');
                break;
        }
    }

    // A map that is an item of a list begins on the dash's line.
    static void WriteMap(StringBuilder text, JsonObject map, int depth, bool inline)
    {
        foreach (var (key, value) in map)
        {
            text.Append(' ', inline ? 0 : depth * 2).Append(String(key)).Append(':');
            inline = false;
            if (value is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
            {
                text.Append('\n');
                Write(text, value, depth + 1, inline: false);
            }
            else
            {
                text.Append(' ').Append(Scalar(value)).Append('\n');
            }
        }
    }

    static void WriteList(StringBuilder text, JsonArray list, int depth)
    {
        foreach (var item in list)
        {
            text.Append(' ', depth * 2).Append('-');
            if (item is JsonArray { Count: > 0 })
            {
                text.Append('\n');
                Write(text, item, depth + 1, inline: false);
            }
            else
            {
                text.Append(' ');
                Write(text, item, depth + 1, inline: true);
            }
        }
    }

    static string Scalar(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "{}",
        JsonArray => "[]",
        _ when value.GetValueKind() == JsonValueKind.String => String(value.GetValue<string>()),
        _ => value.ToJsonString(),
    };

    static string String(string text) => IsPlain(text) ? text : JsonValue.Create(text).ToJsonString(Core.Kinds.Codec.Options);

    // YAML 1.2.2 §7.3.3, narrowed to what every reader of 1.1 and 1.2 takes for the same string.
    static bool IsPlain(string text) =>
        text.Length > 0
        && (char.IsAsciiLetter(text[0]) || text[0] is '/' or '_')
        && text[^1] is not (' ' or ':')
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '-' or '_' or '.' or '/' or ':' or '+' or '(' or ')')
        && !text.Contains(": ", StringComparison.Ordinal)
        && text.ToLowerInvariant() is not ("true" or "false" or "null" or "yes" or "no" or "on" or "off" or "y" or "n" or "nan" or "inf" or "infinity")
        && !double.TryParse(text, NumberStyles.Any, CultureInfo.InvariantCulture, out _);
}
