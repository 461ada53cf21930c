using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schema;

namespace Mainstay.Host.Api;

/// <summary>
/// The OpenAPI 3.1 document, derived from the kinds' registry and the table of endpoints: what is routed is documented, and nothing else. The
/// paths of resources are written out for each kind.
/// </summary>
public static partial class OpenApi
{
    /// <summary>The document as JSON, made once.</summary>
    public static byte[] Make(IReadOnlyList<ApiRoute> routes, KindRegistry kinds, string version)
    {
        var schemas = new JsonObject();
        JsonSchemas.ForOpenApi(typeof(ProblemDocument), schemas);
        foreach (var kind in kinds.All)
        {
            AddItem(kind, schemas);
        }

        var paths = new JsonObject();
        foreach (var route in routes.Where(r => !r.IsInternal))
        {
            if (!route.Path.Contains("{plural}", StringComparison.Ordinal))
            {
                Add(paths, route, route.Path, null, schemas);
                continue;
            }

            foreach (var kind in kinds.All.Where(k => route.Method == "GET" || k.Writes == KindWrites.Users))
            {
                Add(paths, route, route.Path.Replace("{plural}", kind.Plural, StringComparison.Ordinal), kind, schemas);
            }
        }

        return Codec.Encode(new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "Mainstay Admin API", ["version"] = version },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas },
        });
    }

    static void Add(JsonObject paths, ApiRoute route, string path, Kind? kind, JsonObject schemas)
    {
        var item = paths[path] as JsonObject ?? (JsonObject)(paths[path] = new JsonObject());

        // A path of its own, such as that of events, is mapped before the general one and stands for it.
        if (item.ContainsKey(route.Method.ToLowerInvariant()))
        {
            return;
        }

        var operation = new JsonObject { ["summary"] = route.Summary, ["operationId"] = OperationId(route.Method, path) };
        if (Parameters(route, path) is { Count: > 0 } parameters)
        {
            operation["parameters"] = parameters;
        }

        if (BodyOf(route, kind, schemas) is { } body)
        {
            operation["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Content("application/json", body) };
        }

        operation["responses"] = new JsonObject
        {
            ["200"] = new JsonObject { ["description"] = "Done.", ["content"] = Content(route.MediaType, AnswerOf(route, path, kind, schemas)) },
            ["default"] = new JsonObject { ["description"] = "A problem with its remedy (RFC 9457).", ["content"] = Content(ProblemAnswer.MediaType, Reference(nameof(ProblemDocument))) },
        };
        item[route.Method.ToLowerInvariant()] = operation;
    }

    static JsonArray Parameters(ApiRoute route, string path)
    {
        var parameters = new JsonArray();
        foreach (Match match in InBraces().Matches(path))
        {
            parameters.Add((JsonNode)new JsonObject { ["name"] = match.Groups[1].Value, ["in"] = "path", ["required"] = true, ["schema"] = new JsonObject { ["type"] = "string" } });
        }

        foreach (var (name, meaning) in route.Query)
        {
            parameters.Add((JsonNode)new JsonObject { ["name"] = name, ["in"] = "query", ["description"] = meaning, ["schema"] = new JsonObject { ["type"] = "string" } });
        }

        return parameters;
    }

    static JsonObject? BodyOf(ApiRoute route, Kind? kind, JsonObject schemas) =>
        route.Method == "PUT" && kind is not null ? Reference(kind.Type.Name) : route.Body is { } body ? Named(body, schemas) : null;

    static JsonObject? AnswerOf(ApiRoute route, string path, Kind? kind, JsonObject schemas)
    {
        if (route.Answer is { } answer)
        {
            return Named(answer, schemas);
        }

        if (kind is null)
        {
            return null;
        }

        return path.Contains('{') ? Reference(kind.Type.Name) : new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject
            {
                ["items"] = new JsonObject { ["type"] = "array", ["items"] = Reference(kind.Type.Name) },
                ["revision"] = new JsonObject { ["type"] = "integer" },
                ["continue"] = new JsonObject { ["type"] = "string" },
            },
            ["required"] = new JsonArray("items", "revision"),
        };
    }

    static JsonObject Named(Type type, JsonObject schemas) => JsonSchemas.ForOpenApi(type, schemas);

    // On the wire a resource is its record with kind and revision.
    static void AddItem(Kind kind, JsonObject schemas)
    {
        JsonSchemas.ForOpenApi(kind.Type, schemas);
        var properties = (JsonObject)schemas[kind.Type.Name]!["properties"]!;
        properties["kind"] = new JsonObject { ["const"] = kind.Name };
        properties["revision"] = new JsonObject { ["type"] = "integer" };
    }

    static JsonObject Content(string mediaType, JsonNode? schema) => new() { [mediaType] = schema is null ? new JsonObject() : new JsonObject { ["schema"] = schema } };

    static JsonObject Reference(string name) => new() { ["$ref"] = "#/components/schemas/" + name };

    static string OperationId(string method, string path) =>
        method.ToLowerInvariant() + string.Concat(path.Split(['/', '{', '}', '.'], StringSplitOptions.RemoveEmptyEntries).Where(p => p is not ("api" or "v1")).Select(p => char.ToUpperInvariant(p[0]) + p[1..]));

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex InBraces();
}
