using System.Reflection;
using System.Text;
using System.Text.Json;

namespace Mainstay.Core.Kinds.Schema;

/// <summary>TypeScript types of every kind as the Admin API writes it, for the dashboard.</summary>
public sealed class TypeScriptTypes
{
    readonly NullabilityInfoContext nullability = new();
    readonly HashSet<Type> seen = [];
    readonly Queue<Type> open = new();
    readonly StringBuilder text = new();

    TypeScriptTypes()
    {
    }

    /// <summary>The content of a module with one interface per kind and nested record, and a union per enumeration.</summary>
    public static string Generate(KindRegistry kinds)
    {
        var types = new TypeScriptTypes();
        types.text.Append("// Generated from the records in src/Core/Kinds; changes here are lost.\n\n");
        types.text.Append("/** Number and unit, without spaces: 500ms, 10s, 1h30m. */\nexport type Duration = string;\n\n");
        types.text.Append("/** RFC 3339. */\nexport type Timestamp = string;\n\n");
        foreach (var own in Notation.Types)
        {
            types.Comment(SchemaDocs.Of(own), "");
            types.text.Append($"export type {own.Name} = string;\n\n");
        }

        foreach (var kind in kinds.All)
        {
            types.seen.Add(kind.Type);
            types.Interface(kind.Type, $"  kind: \"{kind.Name}\";\n  /** The store revision that last wrote it. */\n  revision: number;\n");
        }

        while (types.open.TryDequeue(out var type))
        {
            if (type.IsEnum)
            {
                types.Union(type);
            }
            else
            {
                types.Interface(type, "");
            }
        }

        types.text.Append("/** Every kind by its name. */\nexport interface Kinds {\n");
        types.text.Append(string.Concat(kinds.All.Select(k => $"  {k.Name}: {k.Type.Name};\n"))).Append("}\n");
        return types.text.ToString();
    }

    void Interface(Type type, string first)
    {
        Comment(SchemaDocs.Of(type), "");
        text.Append($"export interface {type.Name} {{\n{first}");
        foreach (var key in RecordShape.Of(type).Keys)
        {
            // What is null is not written at all.
            var property = key.Property;
            var isOptional = Nullable.GetUnderlyingType(property.PropertyType) is not null || nullability.Create(property).ReadState == NullabilityState.Nullable;
            Comment(SchemaDocs.Of(property), "  ");
            text.Append($"  {key.Name}{(isOptional ? "?" : "")}: {NameOf(property.PropertyType)};\n");
        }

        text.Append("}\n\n");
    }

    void Union(Type type)
    {
        Comment(SchemaDocs.Of(type), "");
        text.Append($"export type {type.Name} = {string.Join(" | ", Enum.GetNames(type).Select(n => $"\"{JsonNamingPolicy.CamelCase.ConvertName(n)}\""))};\n\n");
    }

    string NameOf(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (SchemaBuilder.ItemOf(type, typeof(IReadOnlyDictionary<,>)) is { } value)
        {
            return $"Record<string, {NameOf(value)}>";
        }

        if (SchemaBuilder.ItemOf(type, typeof(IReadOnlyList<>)) is { } item)
        {
            return $"{NameOf(item)}[]";
        }

        return type == typeof(string) ? "string"
            : type == typeof(bool) ? "boolean"
            : type == typeof(int) || type == typeof(long) || type == typeof(double) ? "number"
            : type == typeof(TimeSpan) ? "Duration"
            : type == typeof(DateTimeOffset) ? "Timestamp"
            : Notation.Of(type) is not null ? type.Name
            : type == typeof(FreeValue) ? "unknown"
            : Named(type);
    }

    string Named(Type type)
    {
        if (seen.Add(type))
        {
            open.Enqueue(type);
        }

        return type.Name;
    }

    void Comment(string? summary, string indent)
    {
        if (summary is not null)
        {
            text.Append($"{indent}/** {summary.Replace("*/", "*\\/", StringComparison.Ordinal)} */\n");
        }
    }
}
