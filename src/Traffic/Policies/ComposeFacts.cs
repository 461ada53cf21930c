using System.Globalization;
using System.Text;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Policies;

/// <summary>What references of a composition stand for: the client's request, and what was answered so far.</summary>
/// <param name="request">The request.</param>
internal sealed class ComposeFacts(ComposeRequest request)
{
    public const string Request = "request";

    private const int MostTarget = 8 * 1024;
    private readonly Dictionary<string, (int Status, JsonElement Body, bool IsStep)> answers = new(StringComparer.Ordinal);

    /// <summary>Notes an answer.</summary>
    /// <param name="name">Of the part or step.</param>
    /// <param name="status">0 where a default stands in.</param>
    /// <param name="body">Its JSON.</param>
    /// <param name="isStep">A step is its status and body, a part its body alone.</param>
    public void Add(string name, int status, JsonElement body, bool isStep) => answers[name] = (status, body, isStep);

    /// <summary>The value; null where there is none.</summary>
    public JsonElement? Find(JsonReference reference)
    {
        var members = reference.Members;
        if (answers.TryGetValue(reference.Name, out var answer))
        {
            if (!answer.IsStep) return Walk(answer.Body, members, 0);
            return members switch
            {
                ["status"] when answer.Status > 0 => FreeValue.Parse(answer.Status.ToString(System.Globalization.CultureInfo.InvariantCulture)).Json,
                ["body", ..] => Walk(answer.Body, members, 1),
                _ => null,
            };
        }
        if (reference.Name != Request) return request.Variables.TryGetValue(reference.Name, out var variable) ? Text(variable.Text) : null;
        return members switch
        {
            ["method"] => Text(request.Method),
            ["path"] => Text(request.Path),
            ["query", var name] => request.QueryOf(name) is { } value ? Text(value) : null,
            ["body", ..] when request.Body is { } body => Walk(body, members, 1),
            _ => null,
        };
    }

    /// <summary>The text with what its references stand for; null when it grew longer than it may.</summary>
    public string? Expand(JsonText text, int most)
    {
        var expanded = new StringBuilder();
        foreach (var part in text.Parts)
        {
            expanded.Append(part.Reference is { } reference ? TextOf(Find(reference)) : part.Literal);
            if (expanded.Length > most) return null;
        }
        return expanded.ToString();
    }

    /// <summary>The target of a call, or why there is none: a value that is missing or would lead elsewhere.</summary>
    public (string? Target, string? Wrong) Target(JsonText path)
    {
        var target = new StringBuilder();
        var inQuery = false;
        foreach (var part in path.Parts)
        {
            if (part.Reference is not { } reference)
            {
                inQuery |= part.Literal.Contains('?', StringComparison.Ordinal);
                target.Append(part.Literal);
                continue;
            }
            // What the client's path had left is a path already.
            if (!inQuery && reference.Members.Count == 0 && request.Variables.TryGetValue(reference.Name, out var variable) && variable.Rest is { } rest && !answers.ContainsKey(reference.Name))
            {
                target.Append(rest);
                continue;
            }
            var found = Find(reference);
            if (found?.ValueKind is JsonValueKind.Object or JsonValueKind.Array) return (null, $"{{{reference}}} is no single value");
            var value = TextOf(found);
            if (value.Length == 0 && !inQuery) return (null, $"{{{reference}}} is empty");
            if (value.Length > MostTarget) return (null, "its path is too long");
            target.Append(Uri.EscapeDataString(value));
        }
        var whole = target.ToString();
        if (whole.Length > MostTarget) return (null, "its path is too long");
        // RFC 3986 §5.2.4: the endpoint would resolve these to a path that nobody declared.
        return LeavesFolder(whole) ? (null, "its path would leave its folder") : (whole, null);
    }

    public bool Holds(ComposeCondition condition) => condition.Tests.All(Holds);

    private bool Holds(ComposeTest test)
    {
        var (left, right) = (Value(test.Left), Value(test.Right));
        if (test.Relation == Relation.Exists) return left is not null;
        if (test.Relation is Relation.Equal or Relation.NotEqual) return AreEqual(left, right) == (test.Relation == Relation.Equal);
        if (left?.ValueKind != JsonValueKind.Number || right?.ValueKind != JsonValueKind.Number) return false;
        if (!left.Value.TryGetDouble(out var one) || !right.Value.TryGetDouble(out var other)) return false;
        return test.Relation switch
        {
            Relation.Less => one < other,
            Relation.LessOrEqual => one <= other,
            Relation.Greater => one > other,
            _ => one >= other,
        };
    }

    /// <summary>Null for what is not there and for JSON's null.</summary>
    private JsonElement? Value(ComposeOperand operand)
    {
        var value = operand.Reference is { } reference ? Find(reference) : operand.Value;
        return value?.ValueKind is null or JsonValueKind.Null or JsonValueKind.Undefined ? null : value;
    }

    private static bool AreEqual(JsonElement? left, JsonElement? right)
    {
        if (left is not { } one || right is not { } other) return left is null && right is null;
        try
        {
            return JsonElement.DeepEquals(one, other);
        }
        catch (InvalidOperationException)
        {
            // Escapes that are no Unicode text equal nothing.
            return false;
        }
    }

    private static JsonElement? Walk(JsonElement value, IReadOnlyList<string> members, int from)
    {
        for (var at = from; at < members.Count; at++)
        {
            if (value.ValueKind == JsonValueKind.Array)
            {
                if (!int.TryParse(members[at], NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index >= value.GetArrayLength()) return null;
                value = value[index];
            }
            else if (!TryMember(value, members[at], out value))
            {
                return null;
            }
        }
        return value.ValueKind == JsonValueKind.Undefined ? null : value;
    }

    private static bool TryMember(JsonElement value, string name, out JsonElement member)
    {
        member = default;
        try
        {
            return value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out member);
        }
        catch (InvalidOperationException)
        {
            // A member's name with escapes that are no Unicode text.
            return false;
        }
    }

    private static string TextOf(JsonElement? value) => value?.ValueKind switch
    {
        null or JsonValueKind.Null or JsonValueKind.Undefined => "",
        JsonValueKind.String => FreeValue.TextOf(value.Value) ?? "",
        _ => value.Value.GetRawText(),
    };

    private static JsonElement Text(string text) => FreeValue.Of(text).Json;

    private static bool LeavesFolder(string target)
    {
        var end = target.IndexOf('?', StringComparison.Ordinal);
        var path = end < 0 ? target : target[..end];
        return path.Split('/').Any(segment => segment.Replace("%2e", ".", StringComparison.OrdinalIgnoreCase) is "." or "..") || path.StartsWith("//", StringComparison.Ordinal);
    }
}

/// <summary>The client's request, as far as a composition can refer to it.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">The path as it came, without its query.</param>
/// <param name="Query">The query as it came, without its question mark.</param>
/// <param name="Variables">What the variables of the route's path stand for.</param>
/// <param name="Body">The body's JSON; null where there is none.</param>
internal sealed record ComposeRequest(string Method, string Path, string Query, IReadOnlyDictionary<string, PathVariable> Variables, JsonElement? Body)
{
    /// <summary>The first value of that name, decoded; null where there is none.</summary>
    public string? QueryOf(string name)
    {
        foreach (var pair in Query.Split('&'))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (Decode(equals < 0 ? pair : pair[..equals]) == name) return equals < 0 ? "" : Decode(pair[(equals + 1)..]);
        }
        return null;
    }

    // In a query a plus stands for a space (WHATWG URL, application/x-www-form-urlencoded).
    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}

/// <summary>What a variable of a path stands for.</summary>
/// <param name="Text">Decoded.</param>
/// <param name="Rest">As it came, for a variable that takes any number of segments; else null.</param>
internal readonly record struct PathVariable(string Text, string? Rest = null)
{
    /// <summary>The variables of a template in a path that it matches.</summary>
    public static Dictionary<string, PathVariable> Of(string template, string path)
    {
        var variables = new Dictionary<string, PathVariable>(StringComparer.Ordinal);
        var rest = path.TrimStart('/');
        foreach (var segment in template.TrimStart('/').Split('/'))
        {
            if (segment is ['{', '*', '*', .. var last, '}'])
            {
                variables[last] = new(Uri.UnescapeDataString(rest), rest);
                break;
            }
            var slash = rest.IndexOf('/', StringComparison.Ordinal);
            var here = slash < 0 ? rest : rest[..slash];
            rest = slash < 0 ? "" : rest[(slash + 1)..];
            if (segment is ['{', .. { Length: > 0 } name, '}']) variables[name] = new(Uri.UnescapeDataString(here));
        }
        return variables;
    }
}
