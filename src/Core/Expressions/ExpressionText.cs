using System.Text;
using System.Text.Json;

namespace Mainstay.Core.Expressions;

/// <summary>Text with expressions in braces, such as <c>/orders/{reserve.body.id}</c>; <c>{{</c> and <c>}}</c> stand for the braces themselves.</summary>
/// <param name="Parts">In their order.</param>
public sealed record ExpressionText(IReadOnlyList<ExpressionPart> Parts)
{
    /// <summary>The highest number of expressions in a text.</summary>
    public const int MostParts = 16;

    /// <summary>The expression, where the text is nothing but one: then it stands for the value and not for its text.</summary>
    public Expression? Alone => Parts is [{ Expression: { } only }] ? only : null;

    public IEnumerable<Expression> Expressions => Parts.Select(p => p.Expression).OfType<Expression>();

    /// <summary>The text, or what is wrong with it.</summary>
    public static (ExpressionText? Text, string? Wrong) Read(string text)
    {
        var parts = new List<ExpressionPart>();
        var literal = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            var here = text[at];
            if (here is not ('{' or '}'))
            {
                literal.Append(here);
            }
            else if (at + 1 < text.Length && text[at + 1] == here)
            {
                literal.Append(here);
                at++;
            }
            else
            {
                var end = here == '{' ? EndOf(text, at + 1) : -1;
                if (end < 0)
                {
                    return (null, $"'{(text.Length > 80 ? text[..80] + "…" : text)}' has a brace without its partner");
                }

                var (expression, wrong) = ExpressionReader.Read(text[(at + 1)..end]);
                if (expression is null)
                {
                    return (null, wrong);
                }

                Flush(parts, literal);
                parts.Add(new("", expression));
                at = end;
            }
        }

        Flush(parts, literal);
        return parts.Count > 2 * MostParts ? (null, $"more than {MostParts} expressions are in one text") : (new(parts), null);
    }

    /// <summary>The text with its expressions' values; <paramref name="escape"/> is given each of them. A fault where one is a fault or, when <paramref name="whole"/>, null.</summary>
    public ExpressionValue Fill(IExpressionScope scope, Func<string, string>? escape = null, bool whole = false)
    {
        var made = new StringBuilder();
        foreach (var part in Parts)
        {
            if (part.Expression is not { } expression)
            {
                made.Append(part.Literal);
                continue;
            }

            var value = expression.Evaluate(scope);
            if (value.IsFault)
            {
                return value;
            }

            if (whole && value.Kind == ExpressionKind.Null)
            {
                return ExpressionValue.Fault(expression is PathExpression path ? $"there is no '{path}'" : "an expression gives null");
            }

            var text = value.ToString();
            made.Append(escape is null ? text : escape(text));
            if (made.Length > Expression.MostText)
            {
                return ExpressionValue.Fault($"the text has more than {Expression.MostText} characters");
            }
        }

        return ExpressionValue.Of(made.ToString());
    }

    /// <summary>Writes <paramref name="shape"/> with the values of the expressions in its texts; a fault where one is. What was written by then is of no use.</summary>
    public static string? Write(Utf8JsonWriter writer, JsonElement shape, IExpressionScope scope)
    {
        switch (shape.ValueKind)
        {
            case JsonValueKind.String when Kinds.FreeValue.TextOf(shape) is { } text && text.AsSpan().ContainsAny('{', '}'):
                var (read, wrong) = Read(text);
                var value = read is null ? ExpressionValue.Fault(wrong!) : read.Alone is { } alone ? alone.Evaluate(scope) : read.Fill(scope);
                if (value.IsFault)
                {
                    return value.Text;
                }

                value.WriteTo(writer);
                return null;
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in shape.EnumerateObject())
                {
                    writer.WritePropertyName(member.Name);
                    if (Write(writer, member.Value, scope) is { } fault)
                    {
                        return fault;
                    }
                }

                writer.WriteEndObject();
                return null;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in shape.EnumerateArray())
                {
                    if (Write(writer, item, scope) is { } fault)
                    {
                        return fault;
                    }
                }

                writer.WriteEndArray();
                return null;
            default:
                shape.WriteTo(writer);
                return null;
        }
    }

    // A brace within quotes closes nothing.
    static int EndOf(string text, int from)
    {
        var quoted = false;
        for (var at = from; at < text.Length; at++)
        {
            if (text[at] == '\'')
            {
                quoted = !quoted;
            }
            else if (!quoted && text[at] == '}')
            {
                return at;
            }
            else if (!quoted && text[at] == '{')
            {
                return -1;
            }
        }

        return -1;
    }

    static void Flush(List<ExpressionPart> parts, StringBuilder literal)
    {
        if (literal.Length > 0)
        {
            parts.Add(new(literal.ToString(), null));
            literal.Clear();
        }
    }
}

/// <summary>A part of a text: as it is written, or what an expression gives.</summary>
/// <param name="Literal">The text where <paramref name="Expression"/> is null.</param>
/// <param name="Expression">Null for literal text.</param>
public readonly record struct ExpressionPart(string Literal, Expression? Expression);
