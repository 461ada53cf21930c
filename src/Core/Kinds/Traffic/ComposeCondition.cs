using System.Text.Json;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// A condition: tests joined by <c>and</c>. A test is <c>{reference} exists</c>, or compares with <c>==</c>, <c>!=</c>, <c>&lt;</c>, <c>&lt;=</c>, <c>&gt;</c> or <c>&gt;=</c> two of: a
/// reference in braces, a number, a text in single quotes, true, false, null.
/// </summary>
/// <param name="Tests">1 to 8; all must hold.</param>
public sealed record ComposeCondition(IReadOnlyList<ComposeTest> Tests)
{
    public const int MostTests = 8;

    const string Example = "write for example {stock.status} == 200 and {stock.body.id} exists";

    public IEnumerable<JsonReference> References => Tests.SelectMany(t => new[] { t.Left.Reference, t.Right.Reference }).OfType<JsonReference>();

    /// <summary>The condition, or what is wrong with it (with an empty path).</summary>
    public static (ComposeCondition? Condition, Problem? Wrong) Read(string text)
    {
        if (Words(text) is not { } words)
        {
            return Wrong($"'{text}' has a quote or brace without its partner");
        }

        var tests = new List<ComposeTest>();
        for (var at = 0; ;)
        {
            if (at >= words.Count || Operand(words[at]) is not { } left)
            {
                return Wrong(at < words.Count ? $"'{words[at]}' is neither a reference nor a value" : "a test is missing at the end");
            }

            if (at + 1 >= words.Count || Relations.Of(words[at + 1]) is not { } relation)
            {
                return Wrong(at + 1 < words.Count ? $"'{words[at + 1]}' is no comparison" : $"'{words[at]}' is compared with nothing");
            }

            at += 2;
            var right = ComposeOperand.Null;
            if (relation != Relation.Exists)
            {
                if (at >= words.Count || Operand(words[at]) is not { } other)
                {
                    return Wrong(at < words.Count ? $"'{words[at]}' is neither a reference nor a value" : "the value to compare with is missing");
                }

                right = other;
                at++;
            }

            tests.Add(new(left, relation, right));
            if (at == words.Count)
            {
                return tests.Count > MostTests ? Wrong($"{tests.Count} tests are more than {MostTests}") : (new(tests), null);
            }

            if (words[at] != "and")
            {
                return Wrong($"'{words[at]}' stands where 'and' is expected");
            }

            at++;
        }
    }

    static ComposeOperand? Operand(string word)
    {
        if (word.StartsWith('{'))
        {
            return JsonReference.Read(word[1..^1]) is { } reference ? new(reference, default) : null;
        }

        return word.StartsWith('\'') ? new(null, Validation.SchemaValues.Text(word[1..^1]))
            : word is "true" or "false" or "null" || (word[0] is '-' or (>= '0' and <= '9') && IsNumber(word)) ? new(null, FreeValue.Parse(word).Json)
            : null;
    }

    static bool IsNumber(string word)
    {
        try
        {
            return FreeValue.Parse(word).Json.ValueKind == JsonValueKind.Number;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // Split at spaces, except within quotes and braces.
    static List<string>? Words(string text)
    {
        var words = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            if (text[at] == ' ')
            {
                at++;
                continue;
            }

            var close = text[at] switch { '{' => '}', '\'' => '\'', _ => ' ' };
            var end = at + 1 < text.Length ? text.IndexOf(close, at + 1) : -1;
            if (end < 0 && close != ' ')
            {
                return null;
            }

            end = end < 0 ? text.Length : close == ' ' ? end : end + 1;
            words.Add(text[at..end]);
            at = end;
        }

        return words;
    }

    static (ComposeCondition?, Problem?) Wrong(string what) => (null, new("", what, Example));
}

/// <summary>One test of a condition.</summary>
/// <param name="Left">What is looked at.</param>
/// <param name="Relation">How.</param>
/// <param name="Right">What it is compared with; null for <see cref="Relation.Exists"/>.</param>
public sealed record ComposeTest(ComposeOperand Left, Relation Relation, ComposeOperand Right);

/// <summary>A side of a test: a reference, or a value as it is written.</summary>
/// <param name="Reference">Null for a value.</param>
/// <param name="Value">The value where there is no reference.</param>
public sealed record ComposeOperand(JsonReference? Reference, JsonElement Value)
{
    public static ComposeOperand Null { get; } = new(null, FreeValue.Parse("null").Json);
}

/// <summary>How two values stand to each other.</summary>
public enum Relation
{
    /// <summary>It is there and not null.</summary>
    Exists,

    /// <summary>The same content; what is not there is null.</summary>
    Equal,

    NotEqual,

    /// <summary>Both are numbers, and the left one is smaller.</summary>
    Less,

    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

static class Relations
{
    public static Relation? Of(string word) => word switch
    {
        "exists" => Relation.Exists,
        "==" => Relation.Equal,
        "!=" => Relation.NotEqual,
        "<" => Relation.Less,
        "<=" => Relation.LessOrEqual,
        ">" => Relation.Greater,
        ">=" => Relation.GreaterOrEqual,
        _ => null,
    };
}
