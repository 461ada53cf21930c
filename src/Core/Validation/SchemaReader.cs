using System.Text.Json;
using Mainstay.Core.Kinds;

namespace Mainstay.Core.Validation;

/// <summary>Compiles schemas; everything that is wrong or not understood is a problem at its JSON Pointer.</summary>
sealed partial class SchemaReader(bool formats)
{
    const string Draft = "https://json-schema.org/draft/2020-12/schema";
    const int MostProblems = 50;
    static readonly HashSet<string> Notes = ["$comment", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "contentSchema"];

    readonly Dictionary<string, SchemaNode> byPointer = new(StringComparer.Ordinal);
    readonly Dictionary<string, SchemaNode> byAnchor = new(StringComparer.Ordinal);
    readonly List<(SchemaNode From, string To, string At)> references = [];
    readonly List<Problem> problems = [];

    public IReadOnlyList<Problem> Problems => problems;

    public int Count => byPointer.Count;

    /// <summary>The whole schema; what it gives is of use only where there are no problems.</summary>
    public SchemaNode ReadAll(JsonElement source)
    {
        var root = Read(source, "", 0);
        foreach (var (from, to, at) in references)
        {
            from.Reference = Resolve(to);
            if (from.Reference is null)
            {
                Wrong(at, $"'{to}' is no schema of this document", "refer to '#', '#/$defs/NAME', or '#ANCHOR'; put what is elsewhere into $defs");
            }
        }

        if (problems.Count == 0 && FindCircle() is { } circle)
        {
            Wrong(circle, "it refers to itself without going deeper into the value", "refer from within properties or items");
        }

        return root;
    }

    SchemaNode Read(JsonElement source, string at, int depth)
    {
        var node = new SchemaNode();
        if (depth > JsonSchema.MostDepth || byPointer.Count >= JsonSchema.MostSchemas)
        {
            Wrong(at, $"there are more than {JsonSchema.MostSchemas} schemas, or more than {JsonSchema.MostDepth} within each other", "make it smaller");
            return node;
        }

        byPointer[at] = node;
        if (source.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            node.Always = source.GetBoolean();
            return node;
        }

        if (source.ValueKind != JsonValueKind.Object)
        {
            Wrong(at, "a schema is a map, true or false", "write for example { type: object }");
            return node;
        }

        foreach (var member in source.EnumerateObject())
        {
            var inner = $"{at}/{SchemaPath.Escape(member.Name)}";
            if (!Notes.Contains(member.Name) && !Keyword(node, member.Name, member.Value, inner, depth + 1))
            {
                Wrong(inner, $"'{member.Name}' is not understood", Remedy(member.Name));
            }
        }

        return node;
    }

    static string Remedy(string name) => name switch
    {
        "definitions" => "write $defs",
        "dependencies" => "write dependentRequired or dependentSchemas",
        "additionalItems" => "write prefixItems and items",
        "nullable" => "write type: [\"null\", …]",
        "example" => "write examples",
        _ => "remove it: a keyword that is not understood would let pass what it is to stop",
    };

    bool Keyword(SchemaNode node, string name, JsonElement value, string at, int depth) => name switch
    {
        "$schema" => Expect(at, value.ValueKind == JsonValueKind.String && value.GetString()!.TrimEnd('#') == Draft, $"only {Draft} is understood"),
        "$id" => Expect(at, depth == 1 && value.ValueKind == JsonValueKind.String, "an $id stands at the top"),
        "$anchor" => Anchor(node, value, at),
        "$ref" => Reference(node, value, at),
        "$defs" => Map(value, at, depth) is not null,
        "allOf" => List(value, at, depth) is var list && (node.AllOf = list) is not null,
        "anyOf" => List(value, at, depth) is var list && (node.AnyOf = list) is not null,
        "oneOf" => List(value, at, depth) is var list && (node.OneOf = list) is not null,
        "not" => (node.Not = Read(value, at, depth)) is not null,
        "if" => (node.If = Read(value, at, depth)) is not null,
        "then" => (node.Then = Read(value, at, depth)) is not null,
        "else" => (node.Else = Read(value, at, depth)) is not null,
        "type" => Types(node, value, at),
        "enum" => Values(node, value, at),
        "const" => (node.Const = value.Clone()) is not null,
        _ => Numbers(node, name, value, at) || Texts(node, name, value, at) || Lists(node, name, value, at, depth) || Maps(node, name, value, at, depth),
    };

    bool Anchor(SchemaNode node, JsonElement value, string at)
    {
        if (Expect(at, value.ValueKind == JsonValueKind.String && value.GetString()!.Length > 0, "an anchor is a name") && value.ValueKind == JsonValueKind.String)
        {
            Expect(at, byAnchor.TryAdd(value.GetString()!, node), "the anchor is there twice");
        }

        return true;
    }

    bool Reference(SchemaNode node, JsonElement value, string at)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            return Expect(at, false, "a reference is a text");
        }

        references.Add((node, value.GetString()!, at));
        return true;
    }

    SchemaNode? Resolve(string to)
    {
        if (!to.StartsWith('#'))
        {
            return null;
        }

        var fragment = Uri.UnescapeDataString(to[1..]);
        return byPointer.GetValueOrDefault(fragment) ?? byAnchor.GetValueOrDefault(fragment);
    }

    bool Types(SchemaNode node, JsonElement value, string at)
    {
        SchemaTypes types = 0;
        foreach (var one in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToArray() : [value])
        {
            if (one.ValueKind == JsonValueKind.String && one.GetString() is "null" or "boolean" or "integer" or "number" or "string" or "array" or "object")
            {
                types |= Enum.Parse<SchemaTypes>(one.GetString()!, ignoreCase: true);
            }
            else
            {
                Wrong(at, "a type is one of null, boolean, integer, number, string, array, object", "write one of them, or a list");
            }
        }

        node.Types = types;
        return Expect(at, types != 0 || problems.Count > 0, "no type is given");
    }

    bool Values(SchemaNode node, JsonElement value, string at)
    {
        if (Expect(at, value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0, "enum is a list of values") && value.ValueKind == JsonValueKind.Array)
        {
            node.Values = [.. value.EnumerateArray().Select(one => one.Clone())];
        }

        return true;
    }

    SchemaNode[] List(JsonElement value, string at, int depth)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
        {
            Expect(at, false, "a list of one or more schemas stands here");
            return [];
        }

        return [.. value.EnumerateArray().Select((one, index) => Read(one, $"{at}/{index}", depth))];
    }

    Dictionary<string, SchemaNode> Map(JsonElement value, string at, int depth)
    {
        var map = new Dictionary<string, SchemaNode>(StringComparer.Ordinal);
        if (Expect(at, value.ValueKind == JsonValueKind.Object, "a map from names to schemas stands here") && value.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in value.EnumerateObject())
            {
                map[member.Name] = Read(member.Value, $"{at}/{SchemaPath.Escape(member.Name)}", depth);
            }
        }

        return map;
    }

    // Always true, so that it can stand where a keyword was understood.
    bool Expect(string at, bool holds, string what)
    {
        if (!holds)
        {
            Wrong(at, what, "see JSON Schema, draft 2020-12");
        }

        return true;
    }

    void Wrong(string at, string what, string remedy)
    {
        if (problems.Count < MostProblems)
        {
            problems.Add(new(at, what, remedy));
        }
    }

    // Schemas that look at the same value must not lead back to themselves: checking would not end.
    string? FindCircle()
    {
        var done = new HashSet<SchemaNode>();
        foreach (var (at, start) in byPointer)
        {
            if (LeadsBack(start, [], done))
            {
                return at;
            }
        }

        return null;
    }

    static bool LeadsBack(SchemaNode node, HashSet<SchemaNode> way, HashSet<SchemaNode> done)
    {
        if (done.Contains(node))
        {
            return false;
        }

        if (!way.Add(node))
        {
            return true;
        }

        if (node.InPlace.Any(next => LeadsBack(next, way, done)))
        {
            return true;
        }

        way.Remove(node);
        done.Add(node);
        return false;
    }
}
