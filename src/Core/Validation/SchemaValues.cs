using System.Globalization;
using System.Text.Json;

namespace Mainstay.Core.Validation;

/// <summary>What single values are like, and what of them does not fit.</summary>
static class SchemaValues
{
    const int MostShown = 60;

    public static SchemaTypes TypesOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => SchemaTypes.Null,
        JsonValueKind.True or JsonValueKind.False => SchemaTypes.Boolean,
        JsonValueKind.Number => IsWhole(value) ? SchemaTypes.Integer | SchemaTypes.Number : SchemaTypes.Number,
        JsonValueKind.String => SchemaTypes.String,
        JsonValueKind.Array => SchemaTypes.Array,
        _ => SchemaTypes.Object,
    };

    public static string Words(SchemaTypes types) =>
        string.Join(" or ", Enum.GetValues<SchemaTypes>().Where(one => (types & one) != 0).Select(one => one.ToString().ToLowerInvariant()));

    public static string Words(JsonElement value) => $"must be {Short(value)}";

    public static string Words(JsonElement[] values) =>
        $"must be one of {string.Join(", ", values.Take(8).Select(Short))}{(values.Length > 8 ? ", …" : "")}";

    public static string? Misfit(SchemaNumbers numbers, JsonElement value) =>
        numbers.Minimum is { } least && Compare(value, least) < 0 ? $"must be at least {Short(least)}"
        : numbers.Maximum is { } most && Compare(value, most) > 0 ? $"must be at most {Short(most)}"
        : numbers.Above is { } above && Compare(value, above) <= 0 ? $"must be greater than {Short(above)}"
        : numbers.Below is { } below && Compare(value, below) >= 0 ? $"must be less than {Short(below)}"
        : numbers.MultipleOf is { } step && !IsMultiple(value, step) ? $"must be a multiple of {Short(step)}"
        : null;

    public static string? Misfit(SchemaTexts texts, string value)
    {
        if (texts.Least > 0 || texts.Most < int.MaxValue)
        {
            // Characters are Unicode's, not UTF-16's.
            var length = value.EnumerateRunes().Count();
            if (length < texts.Least || length > texts.Most)
            {
                return length < texts.Least ? $"must have at least {texts.Least} characters" : $"must have at most {texts.Most} characters";
            }
        }

        return texts.Pattern is { } pattern && !pattern.IsMatch(value) ? $"must match {texts.PatternText}"
            : texts.Format is { } format && !SchemaFormats.Fits(format, value) ? $"must be of the format {format}"
            : null;
    }

    /// <summary>A text as a value.</summary>
    public static JsonElement Text(string text) => JsonSerializer.SerializeToElement(text, TextOnly.Default.String);

    /// <summary>The same for values that are equal, however they are written.</summary>
    public static int HashOf(JsonElement value)
    {
        var hash = new HashCode();
        hash.Add(value.ValueKind);
        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                hash.Add(value.GetDouble());
                break;
            case JsonValueKind.String:
                hash.Add(value.GetString(), StringComparer.Ordinal);
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                {
                    hash.Add(HashOf(item));
                }

                break;
            case JsonValueKind.Object:
                // The order of members is not theirs.
                hash.Add(value.EnumerateObject().Aggregate(0, (sum, member) => sum + HashCode.Combine(member.Name, HashOf(member.Value))));
                break;
        }

        return hash.ToHashCode();
    }

    static bool IsWhole(JsonElement number) =>
        number.TryGetDecimal(out var exact) ? exact == decimal.Truncate(exact) && !IsLost(number, exact) : Math.Floor(number.GetDouble()).Equals(number.GetDouble());

    // A part so small that no decimal holds it is there nevertheless.
    static bool IsLost(JsonElement number, decimal exact) => exact == 0 && number.GetRawText() is var text && text.AsSpan(0, text.AsSpan().IndexOfAny('e', 'E') is >= 0 and var end ? end : text.Length).ContainsAnyInRange('1', '9');

    static int Compare(JsonElement one, JsonElement other) =>
        one.TryGetDecimal(out var left) && other.TryGetDecimal(out var right) && !IsLost(one, left) && !IsLost(other, right) ? left.CompareTo(right) : one.GetDouble().CompareTo(other.GetDouble());

    static bool IsMultiple(JsonElement value, JsonElement step)
    {
        if (value.TryGetDecimal(out var exact) && step.TryGetDecimal(out var of) && of != 0)
        {
            return exact % of == 0;
        }

        var ratio = value.GetDouble() / step.GetDouble();
        return double.IsFinite(ratio) && Math.Floor(ratio).Equals(ratio);
    }

    static string Short(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length <= MostShown ? text : string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, MostShown)}…");
    }
}

/// <summary>Texts as JSON, without reflection.</summary>
[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
sealed partial class TextOnly : System.Text.Json.Serialization.JsonSerializerContext;
