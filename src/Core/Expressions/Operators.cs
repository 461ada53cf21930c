using System.Globalization;
using System.Text.Json;

namespace Mainstay.Core.Expressions;

/// <summary>What signs and functions of expressions do.</summary>
static class Operators
{
    const int ShownLength = 40;

    /// <summary>A value in the words of a fault: at most 40 characters of it.</summary>
    public static string Shown(in ExpressionValue value)
    {
        var text = value.Kind == ExpressionKind.Null ? "null" : value.ToString();
        return text.Length <= ShownLength ? text : text[..ShownLength] + "…";
    }

    public static ExpressionValue Calculate(string sign, decimal left, decimal right)
    {
        if (sign is "/" or "%" && right == 0)
        {
            return ExpressionValue.Fault("a number is divided by 0");
        }

        try
        {
            return ExpressionValue.Of(sign switch { "+" => left + right, "-" => left - right, "*" => left * right, "/" => left / right, _ => left % right });
        }
        catch (OverflowException)
        {
            return ExpressionValue.Fault($"{left.ToString(CultureInfo.InvariantCulture)} {sign} {right.ToString(CultureInfo.InvariantCulture)} is too large");
        }
    }

    public static ExpressionValue Call(string function, ExpressionValue[] values)
    {
        ref readonly var one = ref values[0];
        switch (function)
        {
            case "first":
                return ExpressionValue.Null;
            case "text":
                return one.Kind == ExpressionKind.Text ? one : ExpressionValue.Of(one.ToString());
            case "number":
                return one.Kind == ExpressionKind.Number ? one
                    : one.Kind == ExpressionKind.Text && decimal.TryParse(one.Text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var read) ? ExpressionValue.Of(read)
                    : ExpressionValue.Fault($"'{Shown(one)}' is no number");
            case "length":
                return LengthOf(one);
            case "contains":
                return Contains(one, values[1]);
            case "lower" or "upper" or "startsWith":
                return values.FirstOrDefault(v => v.Kind != ExpressionKind.Text) is var no && values.Any(v => v.Kind != ExpressionKind.Text) ? ExpressionValue.Fault($"'{Shown(no)}' is no text")
                    : function == "startsWith" ? ExpressionValue.Of(one.Text!.StartsWith(values[1].Text!, StringComparison.Ordinal))
                    : ExpressionValue.Of(function == "lower" ? one.Text!.ToLowerInvariant() : one.Text!.ToUpperInvariant());
            default:
                return OfNumbers(function, values);
        }
    }

    static ExpressionValue OfNumbers(string function, ExpressionValue[] values)
    {
        foreach (ref readonly var value in values.AsSpan())
        {
            if (value.Kind != ExpressionKind.Number)
            {
                return ExpressionValue.Fault($"'{Shown(value)}' is no number");
            }
        }

        var number = values[0].Number;
        return function switch
        {
            "floor" => ExpressionValue.Of(decimal.Floor(number)),
            "abs" => ExpressionValue.Of(decimal.Abs(number)),
            "min" => ExpressionValue.Of(values.Min(v => v.Number)),
            "max" => ExpressionValue.Of(values.Max(v => v.Number)),
            _ => values.Length > 1 && values[1].Number is var digits && (digits is < 0 or > 20 || digits != decimal.Floor(digits))
                ? ExpressionValue.Fault("round keeps 0 to 20 digits")
                : ExpressionValue.Of(decimal.Round(number, values.Length > 1 ? (int)values[1].Number : 0, MidpointRounding.AwayFromZero)),
        };
    }

    static ExpressionValue LengthOf(in ExpressionValue value) => value.Kind switch
    {
        ExpressionKind.Text => ExpressionValue.Of(value.Text!.Length),
        ExpressionKind.Json when value.Json.ValueKind == JsonValueKind.Array => ExpressionValue.Of(value.Json.GetArrayLength()),
        ExpressionKind.Json => ExpressionValue.Of(value.Json.GetPropertyCount()),
        ExpressionKind.Null => ExpressionValue.Of(0m),
        _ => ExpressionValue.Fault($"'{Shown(value)}' has no length"),
    };

    static ExpressionValue Contains(in ExpressionValue all, in ExpressionValue one)
    {
        if (all.Kind == ExpressionKind.Text && one.Kind == ExpressionKind.Text)
        {
            return ExpressionValue.Of(all.Text!.Contains(one.Text!, StringComparison.Ordinal));
        }

        if (all.Kind == ExpressionKind.Json && all.Json.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in all.Json.EnumerateArray())
            {
                if (ExpressionValue.Of(item).Same(one))
                {
                    return ExpressionValue.Of(true);
                }
            }

            return ExpressionValue.Of(false);
        }

        return ExpressionValue.Fault($"'{Shown(all)}' is neither a list nor a text that could contain '{Shown(one)}'");
    }
}
