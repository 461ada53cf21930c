using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Deliver;

namespace Mainstay.Core.Kinds.Schema;

/// <summary>JSON Schema (draft 2020-12) of the manifest and of every kind, derived from the records and their documentation.</summary>
public static class JsonSchemas
{
    const string Draft = "https://json-schema.org/draft/2020-12/schema";

    /// <summary>The manifest's schema, for editors: with the shorthands, and with numbers where YAML reads an unquoted version as one.</summary>
    public static JsonObject ForManifest()
    {
        var builder = new SchemaBuilder(isManifest: true);
        var schema = Root("The manifest of a Mainstay architecture", builder, builder.Record(typeof(ArchitectureSpec)));
        schema["patternProperties"] = new JsonObject { ["^x-"] = new JsonObject { ["description"] = "Yours: a place for anchors." } };
        return schema;
    }

    /// <summary>A kind's schema, as the Admin API writes it.</summary>
    public static JsonObject ForKind(Kind kind)
    {
        var builder = new SchemaBuilder(isManifest: false);
        var body = builder.Record(kind.Type);
        var properties = (JsonObject)body["properties"]!;
        properties["kind"] = new JsonObject { ["const"] = kind.Name };
        properties["revision"] = new JsonObject { ["type"] = "integer", ["description"] = "The store revision that last wrote it." };
        return Root(kind.Name, builder, body);
    }

    /// <summary>For an OpenAPI document: refers to the type, and adds it, and all that it holds, to the document's schemas.</summary>
    /// <param name="type">A record, or a list of such.</param>
    /// <param name="schemas">What <c>#/components/schemas/</c> holds.</param>
    public static JsonObject ForOpenApi(Type type, JsonObject schemas)
    {
        var builder = new SchemaBuilder(isManifest: false, "#/components/schemas/", isClosed: false);
        var reference = builder.Value(type);
        foreach (var (name, schema) in builder.Definitions.ToArray())
        {
            if (!schemas.ContainsKey(name))
            {
                schemas[name] = schema!.DeepClone();
            }
        }

        return reference;
    }

    static JsonObject Root(string title, SchemaBuilder builder, JsonObject body)
    {
        var schema = new JsonObject { ["$schema"] = Draft, ["title"] = title };
        foreach (var (key, value) in body)
        {
            schema[key] = value?.DeepClone();
        }

        if (builder.Definitions.Count > 0)
        {
            schema["$defs"] = builder.Definitions;
        }

        return schema;
    }
}
