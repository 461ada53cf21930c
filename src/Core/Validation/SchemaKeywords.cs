using System.Text.Json;
using System.Text.RegularExpressions;

namespace Mainstay.Core.Validation;

/// <summary>The keywords that look at values of one type. Each method is true where the keyword is one of its own.</summary>
sealed partial class SchemaReader
{
    bool Numbers(SchemaNode node, string name, JsonElement value, string at)
    {
        if (name is not ("minimum" or "maximum" or "exclusiveMinimum" or "exclusiveMaximum" or "multipleOf"))
        {
            return false;
        }

        if (value.ValueKind != JsonValueKind.Number)
        {
            return Expect(at, false, "a number stands here");
        }

        var numbers = node.Numbers ??= new();
        switch (name)
        {
            case "minimum": numbers.Minimum = value.Clone(); break;
            case "maximum": numbers.Maximum = value.Clone(); break;
            case "exclusiveMinimum": numbers.Above = value.Clone(); break;
            case "exclusiveMaximum": numbers.Below = value.Clone(); break;
            default:
                numbers.MultipleOf = value.Clone();
                Expect(at, value.GetDouble() > 0, "multipleOf is greater than 0");
                break;
        }

        return true;
    }

    bool Texts(SchemaNode node, string name, JsonElement value, string at)
    {
        switch (name)
        {
            case "minLength":
                return Number(value, at, number => (node.Texts ??= new()).Least = number);
            case "maxLength":
                return Number(value, at, number => (node.Texts ??= new()).Most = number);
            case "pattern":
                if (Pattern(value, at) is { } pattern)
                {
                    (node.Texts ??= new()).Pattern = pattern;
                    node.Texts.PatternText = value.GetString()!;
                }

                return true;
            case "format":
                var format = value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
                if (formats && Expect(at, SchemaFormats.Knows(format), $"'{format}' is no format that can be checked; known: {string.Join(", ", SchemaFormats.Names)}") && SchemaFormats.Knows(format))
                {
                    (node.Texts ??= new()).Format = format;
                }

                return true;
            default:
                return false;
        }
    }

    bool Lists(SchemaNode node, string name, JsonElement value, string at, int depth)
    {
        switch (name)
        {
            case "minItems": return Number(value, at, number => (node.Lists ??= new()).Least = number);
            case "maxItems": return Number(value, at, number => (node.Lists ??= new()).Most = number);
            case "minContains": return Number(value, at, number => (node.Lists ??= new()).LeastContained = number);
            case "maxContains": return Number(value, at, number => (node.Lists ??= new()).MostContained = number);
            case "uniqueItems":
                (node.Lists ??= new()).Unique = value.ValueKind == JsonValueKind.True;
                return Expect(at, value.ValueKind is JsonValueKind.True or JsonValueKind.False, "true or false stands here");
            case "prefixItems":
                (node.Lists ??= new()).Prefix = List(value, at, depth);
                return true;
            case "items":
                (node.Lists ??= new()).Items = Read(value, at, depth);
                return true;
            case "contains":
                (node.Lists ??= new()).Contains = Read(value, at, depth);
                return true;
            default:
                return false;
        }
    }

    bool Maps(SchemaNode node, string name, JsonElement value, string at, int depth)
    {
        switch (name)
        {
            case "minProperties": return Number(value, at, number => (node.Maps ??= new()).Least = number);
            case "maxProperties": return Number(value, at, number => (node.Maps ??= new()).Most = number);
            case "required":
                (node.Maps ??= new()).Required = Names(value, at);
                return true;
            case "properties":
                (node.Maps ??= new()).Properties = Map(value, at, depth);
                return true;
            case "patternProperties":
                (node.Maps ??= new()).Patterns = [.. Map(value, at, depth).Select(one => (PatternOf(one.Key, $"{at}/{SchemaPath.Escape(one.Key)}")!, one.Value)).Where(one => one.Item1 is not null)];
                return true;
            case "additionalProperties":
                (node.Maps ??= new()).Additional = Read(value, at, depth);
                return true;
            case "propertyNames":
                (node.Maps ??= new()).Names = Read(value, at, depth);
                return true;
            case "dependentSchemas":
                (node.Maps ??= new()).DependentSchemas = Map(value, at, depth);
                return true;
            case "dependentRequired":
                if (Expect(at, value.ValueKind == JsonValueKind.Object, "a map from names to lists of names stands here") && value.ValueKind == JsonValueKind.Object)
                {
                    (node.Maps ??= new()).DependentRequired = value.EnumerateObject().ToDictionary(one => one.Name, one => Names(one.Value, $"{at}/{SchemaPath.Escape(one.Name)}"), StringComparer.Ordinal);
                }

                return true;
            default:
                return false;
        }
    }

    string[] Names(JsonElement value, string at)
    {
        if (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String))
        {
            return [.. value.EnumerateArray().Select(one => one.GetString()!)];
        }

        Expect(at, false, "a list of names stands here");
        return [];
    }

    // 2.0 is a whole number too.
    bool Number(JsonElement value, string at, Action<int> take)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) && number >= 0 && number == Math.Floor(number))
        {
            take((int)Math.Min(number, int.MaxValue));
            return true;
        }

        return Expect(at, false, "a whole number from 0 on stands here");
    }

    Regex? Pattern(JsonElement value, string at)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            return PatternOf(value.GetString()!, at);
        }

        Expect(at, false, "a regular expression stands here");
        return null;
    }

    Regex? PatternOf(string text, string at)
    {
        var (pattern, wrong) = SchemaPattern.Read(text);
        if (pattern is null)
        {
            Wrong(at, $"'{text}' is not a regular expression that can be used here: {wrong}", "write one without backreferences and look-around");
        }

        return pattern;
    }
}
