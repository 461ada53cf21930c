using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mainstay.Core.Kinds.State;

/// <summary>A file's text, or what stands against it.</summary>
/// <param name="Text">Null where there is a problem.</param>
/// <param name="Problem">Why there is none, and what to do.</param>
public sealed record RenderedConfig(string? Text, Problem? Problem);

/// <summary>Makes the text of a file of the values of a name space.</summary>
public static class ConfigRender
{
    static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    static readonly JsonSerializerOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The keys whose values a file has, of those that there are.</summary>
    public static IEnumerable<string> KeysOf(ConfigFile file, IEnumerable<string> all) => file.Template is { } text ? ConfigTemplate.Parse(text).Template.Keys : all;

    /// <summary>The text.</summary>
    /// <param name="file">How.</param>
    /// <param name="values">By key, secrets in their places.</param>
    /// <param name="typeOf">What a key's item says that it is.</param>
    public static RenderedConfig Of(ConfigFile file, IReadOnlyDictionary<string, string> values, Func<string, ConfigType> typeOf)
    {
        if (file.Template is { } template)
        {
            var (parsed, problems) = ConfigTemplate.Parse(template);
            var missing = parsed.Keys.Where(k => !values.ContainsKey(k)).ToArray();
            return problems.Count > 0 ? new(null, problems[0])
                : missing.Length > 0 ? new(null, new("template", $"the template names {string.Join(", ", missing.Take(5).Select(k => $"'{k}'"))}, which has no value", "publish a value, or change the template"))
                : Limited(parsed.Fill(values));
        }

        var sorted = new SortedDictionary<string, string>(values.ToDictionary(), StringComparer.Ordinal);
        return Limited((file.Format ?? ConfigFormat.Json) switch
        {
            ConfigFormat.Properties => Lines(sorted.Select(v => $"{PropertyKey(v.Key)}={PropertyValue(v.Value)}")),
            ConfigFormat.Env => Lines(sorted.Select(v => $"{ConfigSettings.VariableOf(v.Key)}='{v.Value.Replace("'", "'\\''", StringComparison.Ordinal)}'")),
            ConfigFormat.Yaml => Yaml(TreeOf(sorted, typeOf)),
            _ => TreeOf(sorted, typeOf).ToJsonString(Json) + "\n",
        });
    }

    static RenderedConfig Limited(string text) => Encoding.UTF8.GetByteCount(text) is > ConfigFile.MostBytes and var bytes
        ? new(null, new("", $"the file would have {bytes} bytes", $"keep it to {ConfigFile.MostBytes}"))
        : new(text, null);

    // What is a value itself and has others within keeps those beside it, under their whole keys.
    static JsonObject TreeOf(SortedDictionary<string, string> values, Func<string, ConfigType> typeOf)
    {
        var root = new JsonObject();
        foreach (var (key, value) in values)
        {
            var (node, segments) = (root, key.Split(':'));
            var isWithin = !segments.Contains("", StringComparer.Ordinal) && !Enumerable.Range(1, segments.Length - 1).Any(n => values.ContainsKey(string.Join(':', segments[..n])));
            foreach (var segment in isWithin ? segments[..^1] : [])
            {
                node = node[segment] as JsonObject ?? (JsonObject)(node[segment] = new JsonObject());
            }

            node[isWithin ? segments[^1] : key] = ValueOf(value, typeOf(key));
        }

        return root;
    }

    // A value that is not of its type was checked when it was published under another declaration: it is a text.
    static JsonNode? ValueOf(string value, ConfigType type)
    {
        try
        {
            return type is ConfigType.Integer or ConfigType.Number or ConfigType.Boolean or ConfigType.Json ? JsonNode.Parse(type == ConfigType.Number ? PlainNumber(value) : value) : value;
        }
        catch (JsonException)
        {
            return value;
        }
    }

    // JSON knows neither '.5' nor '+1'.
    static string PlainNumber(string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number.ToString("R", CultureInfo.InvariantCulture) : value;

    // Texts as JSON writes them are YAML, too.
    static string Yaml(JsonObject root)
    {
        if (root.Count == 0)
        {
            return "{}\n";
        }

        var text = new StringBuilder();
        Write(root, 0);
        return text.ToString();

        void Write(JsonObject node, int depth)
        {
            foreach (var (key, value) in node)
            {
                text.Append(' ', depth * 2).Append(IsPlain(key) ? key : JsonValue.Create(key).ToJsonString(Line)).Append(':');
                if (value is JsonObject { Count: > 0 } within && depth < 64)
                {
                    text.Append('\n');
                    Write(within, depth + 1);
                }
                else
                {
                    text.Append(' ').Append(value?.ToJsonString(Line) ?? "null").Append('\n');
                }
            }
        }
    }

    // YAML 1.1 takes these for something else.
    static bool IsPlain(string key) => key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') && char.IsAsciiLetter(key[0])
        && key.ToLowerInvariant() is not ("true" or "false" or "null" or "yes" or "no" or "on" or "off" or "y" or "n");

    static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(l => l + "\n"));

    static string PropertyKey(string key) => key.Replace(':', '.');

    static string PropertyValue(string value)
    {
        var text = new StringBuilder();
        foreach (var c in value)
        {
            _ = c switch
            {
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                ' ' when text.Length == 0 => text.Append("\\ "),
                < ' ' or > '~' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        return text.ToString();
    }
}
