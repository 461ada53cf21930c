using System.Text.Json;

namespace Mainstay.Core.Expressions;

/// <summary>
/// A small expression over JSON: ways (<c>order.body.items.0.id</c>), numbers, <c>'texts'</c>, true, false, null; <c>+ - * / %</c>, comparison, <c>and or not</c>, parentheses, and some functions. It has no
/// loops and calls nothing: what it costs is bounded by its length (<see cref="MostLength"/>) and depth (<see cref="MostDepth"/>). What is not there is null. It never throws: what cannot be is a fault.
/// </summary>
public abstract record Expression
{
    /// <summary>The longest, in characters.</summary>
    public const int MostLength = 1000;

    /// <summary>How deep parentheses, functions and signs may be nested.</summary>
    public const int MostDepth = 24;

    /// <summary>The longest text that an expression makes, in characters.</summary>
    public const int MostText = 64 * 1024;

    /// <summary>The functions with their least and highest number of arguments.</summary>
    public static IReadOnlyDictionary<string, (int Least, int Most)> Functions { get; } = new Dictionary<string, (int, int)>(StringComparer.Ordinal)
    {
        ["length"] = (1, 1), ["text"] = (1, 1), ["number"] = (1, 1), ["round"] = (1, 2), ["floor"] = (1, 1), ["abs"] = (1, 1), ["min"] = (2, 8), ["max"] = (2, 8),
        ["first"] = (1, 8), ["contains"] = (2, 2), ["startsWith"] = (2, 2), ["lower"] = (1, 1), ["upper"] = (1, 1), ["if"] = (3, 3),
    };

    /// <summary>The value among what <paramref name="scope"/> knows.</summary>
    public abstract ExpressionValue Evaluate(IExpressionScope scope);

    /// <summary>Every way in it.</summary>
    public abstract IEnumerable<PathExpression> Paths { get; }
}

/// <summary>A value as it is written.</summary>
public sealed record ConstantExpression(ExpressionValue Value) : Expression
{
    public override IEnumerable<PathExpression> Paths => [];

    public override ExpressionValue Evaluate(IExpressionScope scope) => Value;
}

/// <summary>A name, then members of maps and numbers of list items from 0.</summary>
public sealed record PathExpression(string Name, IReadOnlyList<string> Members) : Expression
{
    public override IEnumerable<PathExpression> Paths => [this];

    public override ExpressionValue Evaluate(IExpressionScope scope)
    {
        if (scope.Find(Name) is not { } at)
        {
            return ExpressionValue.Null;
        }

        foreach (var member in Members)
        {
            switch (at.ValueKind)
            {
                case JsonValueKind.Object when at.TryGetProperty(member, out var inner):
                    at = inner;
                    break;
                case JsonValueKind.Array when int.TryParse(member, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var index) && index < at.GetArrayLength():
                    at = at[index];
                    break;
                default:
                    return ExpressionValue.Null;
            }
        }

        return ExpressionValue.Of(at);
    }

    public override string ToString() => Members.Count == 0 ? Name : $"{Name}.{string.Join('.', Members)}";
}

/// <summary>Two values and what is between them.</summary>
public sealed record BinaryExpression(string Sign, Expression Left, Expression Right) : Expression
{
    public override IEnumerable<PathExpression> Paths => Left.Paths.Concat(Right.Paths);

    public override ExpressionValue Evaluate(IExpressionScope scope)
    {
        var left = Left.Evaluate(scope);
        if (left.IsFault)
        {
            return left;
        }

        if (Sign is "and" or "or")
        {
            return left.Kind != ExpressionKind.Truth ? NotTruth(left)
                : left.IsTrue == (Sign == "or") ? left
                : Right.Evaluate(scope) is var other && (other.IsFault || other.Kind == ExpressionKind.Truth) ? other : NotTruth(other);
        }

        var right = Right.Evaluate(scope);
        return right.IsFault ? right : Sign switch
        {
            "==" => ExpressionValue.Of(left.Same(right)),
            "!=" => ExpressionValue.Of(!left.Same(right)),
            "<" or "<=" or ">" or ">=" => Compare(left, right),
            _ => Calculate(left, right),
        };
    }

    static ExpressionValue NotTruth(in ExpressionValue value) => ExpressionValue.Fault($"'{Operators.Shown(value)}' is neither true nor false");

    ExpressionValue Compare(in ExpressionValue left, in ExpressionValue right)
    {
        int order;
        if (left.Kind == ExpressionKind.Number && right.Kind == ExpressionKind.Number)
        {
            order = left.Number.CompareTo(right.Number);
        }
        else if (left.Kind == ExpressionKind.Text && right.Kind == ExpressionKind.Text)
        {
            order = string.CompareOrdinal(left.Text, right.Text);
        }
        else
        {
            return ExpressionValue.Fault($"'{Operators.Shown(left)}' {Sign} '{Operators.Shown(right)}' compares neither two numbers nor two texts");
        }

        return ExpressionValue.Of(Sign switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 });
    }

    ExpressionValue Calculate(in ExpressionValue left, in ExpressionValue right)
    {
        if (Sign == "+" && left.Kind == ExpressionKind.Text && right.Kind == ExpressionKind.Text)
        {
            return left.Text!.Length + right.Text!.Length > MostText ? ExpressionValue.Fault($"the text has more than {MostText} characters") : ExpressionValue.Of(left.Text + right.Text);
        }

        if (left.Kind != ExpressionKind.Number || right.Kind != ExpressionKind.Number)
        {
            return ExpressionValue.Fault($"'{Operators.Shown(left)}' {Sign} '{Operators.Shown(right)}' needs two numbers");
        }

        return Operators.Calculate(Sign, left.Number, right.Number);
    }
}

/// <summary>A value with <c>not</c> or <c>-</c> before it.</summary>
public sealed record UnaryExpression(string Sign, Expression Of) : Expression
{
    public override IEnumerable<PathExpression> Paths => Of.Paths;

    public override ExpressionValue Evaluate(IExpressionScope scope)
    {
        var value = Of.Evaluate(scope);
        return value.IsFault ? value
            : Sign == "not" ? (value.Kind == ExpressionKind.Truth ? ExpressionValue.Of(!value.IsTrue) : ExpressionValue.Fault($"'{Operators.Shown(value)}' is neither true nor false"))
            : value.Kind == ExpressionKind.Number ? ExpressionValue.Of(-value.Number)
            : ExpressionValue.Fault($"'{Operators.Shown(value)}' is no number");
    }
}

/// <summary>A function of some values.</summary>
public sealed record CallExpression(string Function, IReadOnlyList<Expression> Arguments) : Expression
{
    public override IEnumerable<PathExpression> Paths => Arguments.SelectMany(a => a.Paths);

    public override ExpressionValue Evaluate(IExpressionScope scope)
    {
        if (Function == "if")
        {
            var test = Arguments[0].Evaluate(scope);
            return test.IsFault ? test
                : test.Kind != ExpressionKind.Truth ? ExpressionValue.Fault($"'{Operators.Shown(test)}' is neither true nor false")
                : Arguments[test.IsTrue ? 1 : 2].Evaluate(scope);
        }

        var values = new ExpressionValue[Arguments.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = Arguments[i].Evaluate(scope);
            if (values[i].IsFault || (Function == "first" && values[i].Kind != ExpressionKind.Null))
            {
                return values[i];
            }
        }

        return Operators.Call(Function, values);
    }
}
