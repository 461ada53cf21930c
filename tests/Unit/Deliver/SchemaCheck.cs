using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Mainstay.Tests.Deliver;

/// <summary>Checks a value against a JSON Schema, for the keywords that <c>JsonSchemas</c> writes; an unknown keyword is an error, so that none is silently ignored.</summary>
static class SchemaCheck
{
    /// <summary>What does not fit, as path and reason.</summary>
    public static IEnumerable<string> Problems(JsonObject root, JsonNode? value) => Check(root, root, value, "");

    /// <summary>YAML as an editor's schema check sees it: unquoted numbers, booleans and null are that.</summary>
    public static JsonNode? FromYaml(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return FromYaml(stream.Documents[0].RootNode);
    }

    static JsonNode? FromYaml(YamlNode node) => node switch
    {
        YamlMappingNode map => FromMap(map),
        YamlSequenceNode list => new JsonArray([.. list.Select(FromYaml)]),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "" or "~" or "null" } => null,
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } scalar => scalar.Value == "true",
        YamlScalarNode { Style: ScalarStyle.Plain } scalar when double.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        _ => ((YamlScalarNode)node).Value,
    };

    static JsonObject FromMap(YamlMappingNode map)
    {
        var result = new JsonObject();
        foreach (var (key, value) in map)
        {
            // The merge key brings in what the map itself does not say.
            var entries = ((YamlScalarNode)key).Value == "<<" ? FromMap((YamlMappingNode)value) : new JsonObject { [((YamlScalarNode)key).Value!] = FromYaml(value) };
            foreach (var (name, item) in entries)
            {
                result[name] = item?.DeepClone();
            }
        }

        return result;
    }

    static IEnumerable<string> Check(JsonObject root, JsonObject schema, JsonNode? value, string path) =>
        schema.SelectMany(keyword => Keyword(root, schema, keyword.Key, keyword.Value!, value, path));

    static IEnumerable<string> Keyword(JsonObject root, JsonObject schema, string keyword, JsonNode rule, JsonNode? value, string path)
    {
        bool Fits(JsonNode? branch) => !Check(root, (JsonObject)branch!, value, path).Any();
        IEnumerable<string> When(bool wrong, string what) => wrong ? [$"{path}: {what}"] : [];
        switch (keyword)
        {
            case "$schema" or "$defs" or "title" or "description" or "default" or "format" or "patternProperties" or "uniqueItems":
            case "properties" when schema.ContainsKey("additionalProperties"):
                return [];
            case "$ref":
                return Check(root, (JsonObject)root["$defs"]![rule.GetValue<string>()["#/$defs/".Length..]]!, value, path);
            case "type":
                return When(!(rule is JsonArray types ? types.Select(t => t!.GetValue<string>()) : [rule.GetValue<string>()]).Any(t => IsOf(t, value)), $"is not {rule.ToJsonString()}");
            case "const":
                return When(!JsonNode.DeepEquals(rule, value), $"is not {rule}");
            case "enum":
                return When(!((JsonArray)rule).Any(word => JsonNode.DeepEquals(word, value)), $"is not one of {rule.ToJsonString()}");
            case "pattern":
                return When(value is JsonValue text && text.TryGetValue<string>(out var s) && !Regex.IsMatch(s, rule.GetValue<string>()), $"does not match {rule}");
            case "oneOf":
                return When(((JsonArray)rule).Count(Fits) != 1, "does not fit exactly one form");
            case "anyOf":
                return When(!((JsonArray)rule).Any(Fits), "fits no form");
            case "required":
                return value is JsonObject given ? ((JsonArray)rule).SelectMany(k => When(!given.ContainsKey(k!.GetValue<string>()), $"lacks {k}")) : [];
            case "items":
                return value is JsonArray items ? items.SelectMany((item, i) => Check(root, (JsonObject)rule, item, $"{path}[{i}]")) : [];
            case "properties" or "additionalProperties":
                return value is JsonObject map ? map.SelectMany(p => Property(root, schema, p.Key, p.Value, $"{path}.{p.Key}")) : [];
            default:
                throw new NotSupportedException($"the schema keyword '{keyword}' is not known to this check");
        }
    }

    static IEnumerable<string> Property(JsonObject root, JsonObject schema, string key, JsonNode? value, string path)
    {
        if (schema["properties"]?[key] is JsonObject own)
        {
            return Check(root, own, value, path);
        }

        if (schema["patternProperties"] is JsonObject patterns && patterns.Any(p => Regex.IsMatch(key, p.Key)))
        {
            return [];
        }

        return schema["additionalProperties"] switch
        {
            JsonObject rest => Check(root, rest, value, path),
            JsonValue => [$"{path}: is not a known key"],
            null => [],
            _ => throw new NotSupportedException("additionalProperties"),
        };
    }

    static bool IsOf(string type, JsonNode? value) => type switch
    {
        "null" => value is null,
        "object" => value is JsonObject,
        "array" => value is JsonArray,
        "string" => value is JsonValue v && v.GetValueKind() == System.Text.Json.JsonValueKind.String,
        "boolean" => value is JsonValue v && v.GetValueKind() is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False,
        "number" => value is JsonValue v && v.GetValueKind() == System.Text.Json.JsonValueKind.Number,
        "integer" => value is JsonValue v && v.GetValueKind() == System.Text.Json.JsonValueKind.Number && v.ToJsonString().All(c => char.IsAsciiDigit(c) || c == '-'),
        _ => throw new NotSupportedException(type),
    };
}
