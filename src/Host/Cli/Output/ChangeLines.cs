using System.Text.Json;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Deliver;

namespace Mainstay.Host.Cli.Output;

/// <summary>Differences of two versions as lines: grouped by what they belong to, <c>+</c> for what is new, <c>-</c> for what is gone, <c>~</c> for what is different; values as they stand in a manifest.</summary>
public static class ChangeLines
{
    static readonly string[] Families = ["services", "routes", "databases", "queues"];

    public static IEnumerable<(Tone Tone, string Text)> Of(IEnumerable<FieldChange> changes)
    {
        foreach (var group in changes.Select(c => (Change: c, Place: Split(c.Path))).GroupBy(c => c.Place.Group, StringComparer.Ordinal))
        {
            yield return (Tone.Strong, group.Key);
            foreach (var (change, place) in group)
            {
                foreach (var line in Lines(change, place.Field))
                {
                    yield return line;
                }
            }
        }
    }

    /// <summary>How many of each sort, as <c>2 added, 1 changed</c>.</summary>
    public static string Summary(IReadOnlyCollection<FieldChange> changes)
    {
        (string Word, int Count)[] sorts =
        [
            ("added", changes.Count(c => c.Before is null)),
            ("changed", changes.Count(c => c.Before is not null && c.After is not null)),
            ("removed", changes.Count(c => c.After is null)),
        ];
        return string.Join(", ", sorts.Where(s => s.Count > 0).Select(s => $"{s.Count} {s.Word}"));
    }

    public static void Write(Screen screen, IEnumerable<FieldChange> changes)
    {
        foreach (var (tone, text) in Of(changes))
        {
            screen.Line(screen.Paint(tone, screen.InPlace ? TextWidth.Fit(text, screen.Width) : text));
        }
    }

    // services.web.instances.min belongs to "web"; what is in no family belongs to the architecture itself.
    static (string Group, string Field) Split(string path)
    {
        var parts = path.Split('.', 3);
        return Families.Contains(parts[0]) && parts.Length > 1
            ? (parts[0] == Families[0] ? parts[1] : $"{parts[0].TrimEnd('s')} {parts[1]}", parts.Length > 2 ? parts[2] : "")
            : ("architecture", path);
    }

    static IEnumerable<(Tone, string)> Lines(FieldChange change, string field)
    {
        var (before, after) = (Value(change.Before), Value(change.After));
        if (change.Before is not null && change.After is not null && IsShort(before) && IsShort(after))
        {
            return [(Tone.Busy, $"  ~ {(field.Length > 0 ? field + ": " : "")}{Short(before)} -> {Short(after)}")];
        }

        return [.. change.Before is null ? [] : Block(Tone.Bad, '-', field, before), .. change.After is null ? [] : Block(Tone.Good, '+', field, after)];
    }

    // What is new or gone is told as it stands, or would stand, in the manifest.
    static IEnumerable<(Tone, string)> Block(Tone tone, char sign, string field, JsonNode? value) => IsShort(value)
        ? [(tone, $"  {sign} {(field.Length > 0 ? field + ": " : "")}{Short(value)}")]
        : Yaml.Of(field.Length > 0 ? new JsonObject { [field] = value!.DeepClone() } : value).TrimEnd('\n').Split('\n').Select(line => (tone, $"  {sign} {line}"));

    static JsonNode? Value(string? json)
    {
        try
        {
            return json is null ? null : JsonNode.Parse(json);
        }
        catch (JsonException)
        {
            return JsonValue.Create(json);
        }
    }

    static bool IsShort(JsonNode? value) => value is not (JsonObject { Count: > 0 } or JsonArray) || (value is JsonArray list && list.All(i => i is null or JsonValue));

    static string Short(JsonNode? value) => value is JsonArray list ? $"[{string.Join(", ", list.Select(Short))}]" : Yaml.Of(value).TrimEnd('\n');
}
