using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds;

namespace Mainstay.Core.Expressions;

/// <summary>Reads expressions. Names may hold <c>-</c>, as the names of services do: a difference is written with spaces, <c>a - b</c>.</summary>
public sealed class ExpressionReader
{
    const int MostMembers = 16;

    readonly string text;
    int at;
    int depth;
    string? wrong;

    ExpressionReader(string text) => this.text = text;

    /// <summary>The expression, or what is wrong with it and where.</summary>
    public static (Expression? Read, string? Wrong) Read(string text)
    {
        if (text.Length > Expression.MostLength)
        {
            return (null, $"the expression has more than {Expression.MostLength} characters");
        }

        var reader = new ExpressionReader(text);
        var read = reader.Or();
        reader.Space();
        if (reader.wrong is null && reader.at < text.Length)
        {
            reader.Fail($"'{reader.Word()}' is not expected");
        }

        return reader.wrong is null ? (read, null) : (null, reader.wrong);
    }

    Expression Or()
    {
        var left = And();
        while (wrong is null && Take("or"))
        {
            left = new BinaryExpression("or", left, And());
        }

        return left;
    }

    Expression And()
    {
        var left = Not();
        while (wrong is null && Take("and"))
        {
            left = new BinaryExpression("and", left, Not());
        }

        return left;
    }

    Expression Not() => Take("not") ? Deeper(() => new UnaryExpression("not", Not())) : Comparison();

    Expression Comparison()
    {
        var left = Sum();
        Space();
        foreach (var sign in (ReadOnlySpan<string>)["==", "!=", "<=", ">=", "<", ">"])
        {
            if (wrong is null && text.AsSpan(at).StartsWith(sign))
            {
                at += sign.Length;
                return new BinaryExpression(sign, left, Sum());
            }
        }

        return left;
    }

    Expression Sum()
    {
        var left = Product();
        while (wrong is null && Sign("+-") is { } sign)
        {
            left = new BinaryExpression(sign, left, Product());
        }

        return left;
    }

    Expression Product()
    {
        var left = Unary();
        while (wrong is null && Sign("*/%") is { } sign)
        {
            left = new BinaryExpression(sign, left, Unary());
        }

        return left;
    }

    Expression Unary() => Sign("-") is not null ? Deeper(() => new UnaryExpression("-", Unary())) : Primary();

    Expression Primary()
    {
        Space();
        if (at >= text.Length)
        {
            return Fail("a value is missing at the end");
        }

        var here = text[at];
        if (here == '(')
        {
            at++;
            return Deeper(() =>
            {
                var inner = Or();
                Expect(')');
                return inner;
            });
        }

        return here == '\'' ? Text() : char.IsAsciiDigit(here) ? Number() : IsNameStart(here) ? Named() : Fail($"'{Word()}' is neither a value nor a name");
    }

    ConstantExpression Text()
    {
        var made = new StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] != '\'')
            {
                made.Append(text[at]);
            }
            else if (at + 1 < text.Length && text[at + 1] == '\'')
            {
                made.Append('\'');
                at++;
            }
            else
            {
                at++;
                return new(ExpressionValue.Of(made.ToString()));
            }
        }

        return Fail("a text has no closing quote");
    }

    ConstantExpression Number()
    {
        var start = at;
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || (text[at] == '.' && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1]))))
        {
            at++;
        }

        return decimal.TryParse(text.AsSpan(start, at - start), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? new(ExpressionValue.Of(number))
            : Fail($"'{text[start..at]}' is no number of at most 28 digits");
    }

    Expression Named()
    {
        var name = Name();
        switch (name)
        {
            case "true" or "false":
                return new ConstantExpression(ExpressionValue.Of(name == "true"));
            case "null":
                return new ConstantExpression(ExpressionValue.Null);
            case "and" or "or" or "not":
                return Fail($"'{name}' stands where a value is expected");
            default:
                return at < text.Length && text[at] == '(' ? Deeper(() => Call(name)) : Way(name);
        }
    }

    Expression Call(string name)
    {
        if (!Expression.Functions.TryGetValue(name, out var count))
        {
            return Fail($"there is no function '{name}'; {(Nearest.To(name, Expression.Functions.Keys) is { } near ? $"did you mean '{near}'?" : $"known: {string.Join(", ", Expression.Functions.Keys.Order(StringComparer.Ordinal))}")}");
        }

        var arguments = new List<Expression>();
        at++;
        do
        {
            arguments.Add(Or());
        }
        while (wrong is null && arguments.Count <= 8 && Sign(",") is not null);
        Expect(')');
        return wrong is null && (arguments.Count < count.Least || arguments.Count > count.Most)
            ? Fail($"'{name}' takes {(count.Least == count.Most ? count.Least : $"{count.Least} to {count.Most}")} values, not {arguments.Count}")
            : new CallExpression(name, arguments);
    }

    Expression Way(string name)
    {
        var members = new List<string>();
        while (at + 1 < text.Length && text[at] == '.' && (IsNameStart(text[at + 1]) || char.IsAsciiDigit(text[at + 1])))
        {
            at++;
            members.Add(Name());
        }

        return members.Count > MostMembers ? Fail($"'{name}' is followed by more than {MostMembers} members") : new PathExpression(name, members);
    }

    // A hyphen belongs to the name where a letter or digit follows it at once.
    string Name()
    {
        var start = at;
        while (at < text.Length && (IsNameStart(text[at]) || char.IsAsciiDigit(text[at]) || (text[at] == '-' && at + 1 < text.Length && char.IsAsciiLetterOrDigit(text[at + 1]))))
        {
            at++;
        }

        return text[start..at];
    }

    static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c == '_';

    Expression Deeper(Func<Expression> read)
    {
        if (++depth > Expression.MostDepth)
        {
            return Fail($"the expression is nested deeper than {Expression.MostDepth}");
        }

        var inner = read();
        depth--;
        return inner;
    }

    bool Take(string word)
    {
        Space();
        var end = at + word.Length;
        if (!text.AsSpan(at).StartsWith(word) || (end < text.Length && (IsNameStart(text[end]) || char.IsAsciiDigit(text[end]) || text[end] is '-' or '.')))
        {
            return false;
        }

        at = end;
        return true;
    }

    string? Sign(string signs)
    {
        Space();
        return at < text.Length && signs.Contains(text[at], StringComparison.Ordinal) ? text[at++].ToString() : null;
    }

    void Expect(char sign)
    {
        if (wrong is null && Sign(sign.ToString()) is null)
        {
            Fail($"'{sign}' is missing");
        }
    }

    void Space()
    {
        while (at < text.Length && text[at] is ' ' or '\n' or '\t')
        {
            at++;
        }
    }

    string Word()
    {
        var end = at;
        while (end < text.Length && end - at < 20 && text[end] != ' ')
        {
            end++;
        }

        return text[at..end];
    }

    ConstantExpression Fail(string what)
    {
        wrong ??= at < text.Length ? $"{what}, at character {at + 1}" : what;
        at = text.Length;
        return new(ExpressionValue.Null);
    }
}
