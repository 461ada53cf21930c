using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Json;

namespace Mainstay.Core.Kinds.Schema;

/// <summary>Builds the schema of records; nested records become definitions.</summary>
/// <param name="isManifest">Whether it is for people who write manifests, with shorthands.</param>
/// <param name="definitions">Where nested records are defined.</param>
/// <param name="isClosed">Whether what is not described is wrong.</param>
[UnconditionalSuppressMessage("Trimming", "IL2067", Justification = Trimming.Rooted)]
[UnconditionalSuppressMessage("Trimming", "IL2070", Justification = Trimming.Rooted)]
sealed class SchemaBuilder(bool isManifest, string definitions = "#/$defs/", bool isClosed = true)
{
    const string Duration = @"^(0|(?=.)([0-9.]+d)?([0-9.]+h)?([0-9.]+m)?([0-9.]+s)?([0-9.]+ms)?([0-9.]+us)?)$";

    readonly HashSet<Type> defined = [];

    public JsonObject Definitions { get; } = [];

    /// <summary>The schema of a record in full.</summary>
    public JsonObject Record(Type type)
    {
        var shape = RecordShape.Of(type);
        var defaults = type.GetConstructor(Type.EmptyTypes) is null ? null : Activator.CreateInstance(type);
        var schema = new JsonObject { ["type"] = "object" };
        Describe(schema, SchemaDocs.Of(type));
        schema["properties"] = new JsonObject(shape.Keys.Select(k => KeyValuePair.Create<string, JsonNode?>(k.Name, Property(k, defaults))));
        if (shape.Keys.Any(k => k.Required))
        {
            schema["required"] = new JsonArray([.. shape.Keys.Where(k => k.Required).Select(k => JsonValue.Create(k.Name))]);
        }

        if (isClosed)
        {
            schema["additionalProperties"] = false;
        }

        return schema;
    }

    JsonObject Property(RecordKey key, object? defaults)
    {
        var schema = Value(key.Property.PropertyType);
        if (key.Property.GetCustomAttribute<TextPatternAttribute>() is { } text)
        {
            // Without quotes YAML takes 1.10 for a number; Mainstay keeps its text.
            schema["type"] = isManifest ? new JsonArray("string", "number") : "string";
            schema["pattern"] = text.Pattern;
        }

        if (key.NamesAlone && isManifest)
        {
            var names = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "string" }, ["uniqueItems"] = true };
            schema = new JsonObject { ["oneOf"] = new JsonArray(schema, names) };
        }

        Describe(schema, SchemaDocs.Of(key.Property));
        if (!key.Required && defaults is not null && key.Property.GetValue(defaults) is { } value && IsSimple(key.Property.PropertyType))
        {
            schema["default"] = Codec.Tree<object>(value);
        }

        return schema;
    }

    /// <summary>The schema of a value; records are referred to and defined.</summary>
    public JsonObject Value(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (Simple(type) is { } simple)
        {
            // What may be a bare number, such as cpu: 0.5, is one to an editor.
            if (isManifest && Notation.Of(type)?.Read("1") is not null)
            {
                simple["type"] = new JsonArray("string", "number");
            }

            return simple;
        }

        if (ItemOf(type, typeof(IReadOnlyDictionary<,>)) is { } valueType)
        {
            var value = valueType == typeof(string) && isManifest ? new JsonObject { ["type"] = new JsonArray("string", "number", "boolean") } : Value(valueType);
            // In an overlay an entry without a value takes the one below away.
            return new JsonObject { ["type"] = "object", ["additionalProperties"] = isManifest ? new JsonObject { ["anyOf"] = new JsonArray(value, new JsonObject { ["type"] = "null" }) } : value };
        }

        return (ItemOf(type, typeof(IReadOnlyList<>)) ?? (type.IsArray ? type.GetElementType() : null)) is { } item
            ? new JsonObject { ["type"] = "array", ["items"] = Value(item) }
            : Reference(type);
    }

    JsonObject Reference(Type type)
    {
        if (defined.Add(type))
        {
            Definitions[type.Name] = Record(type);
        }

        var reference = new JsonObject { ["$ref"] = definitions + type.Name };
        return isManifest && RecordShape.Of(type).PlainValue is { } plain
            ? new JsonObject { ["oneOf"] = new JsonArray(reference, Value(plain.Property.PropertyType)) }
            : reference;
    }

    static JsonObject? Simple(Type type) =>
        type == typeof(string) ? new() { ["type"] = "string" }
        : type == typeof(bool) ? new() { ["type"] = "boolean" }
        : type == typeof(int) || type == typeof(long) || type == typeof(uint) || type == typeof(ulong) ? new() { ["type"] = "integer" }
        : type == typeof(double) ? new() { ["type"] = "number" }
        : type == typeof(TimeSpan) ? new() { ["type"] = "string", ["pattern"] = Duration }
        : Notation.Of(type) is { } own ? new() { ["type"] = "string", ["pattern"] = own.Pattern }
        : type == typeof(FreeValue) || type == typeof(object) || type == typeof(JsonElement) || type == typeof(JsonNode) ? new()
        : type == typeof(JsonObject) ? new() { ["type"] = "object" }
        : type == typeof(Uri) ? new() { ["type"] = "string", ["format"] = "uri" }
        : type == typeof(byte[]) || type == typeof(ReadOnlyMemory<byte>) ? new() { ["type"] = "string", ["contentEncoding"] = "base64" }
        : type == typeof(DateTimeOffset) ? new() { ["type"] = "string", ["format"] = "date-time" }
        : type.IsEnum ? new() { ["enum"] = new JsonArray([.. Enum.GetNames(type).Select(n => JsonValue.Create(JsonNamingPolicy.CamelCase.ConvertName(n)))]) }
        : null;

    static bool IsSimple(Type type) => Simple(Nullable.GetUnderlyingType(type) ?? type) is not null || ItemOf(type, typeof(IReadOnlyList<>)) == typeof(string);

    /// <summary>The last type argument where <paramref name="type"/> is a <paramref name="container"/>, else null.</summary>
    public static Type? ItemOf(Type type, Type container) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == container ? type.GetGenericArguments()[^1] : null;

    static void Describe(JsonObject schema, string? text)
    {
        if (text is not null)
        {
            schema["description"] = text;
        }
    }
}
