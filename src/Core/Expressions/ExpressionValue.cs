using System.Globalization;
using System.Text.Json;

namespace Mainstay.Core.Expressions;

/// <summary>What an expression gives: null, a truth value, a number, a text, a list or map as JSON, or a fault that says why there is none.</summary>
public readonly struct ExpressionValue
{
    readonly JsonElement json;
    readonly decimal number;

    ExpressionValue(ExpressionKind kind, decimal number = 0, string? text = null, JsonElement json = default) =>
        (Kind, this.number, Text, this.json) = (kind, number, text, json);

    public static ExpressionValue Null { get; } = new(ExpressionKind.Null);

    public ExpressionKind Kind { get; }

    /// <summary>The text, or the fault's words; null for anything else.</summary>
    public string? Text { get; }

    public bool IsFault => Kind == ExpressionKind.Fault;

    public bool IsTrue => Kind == ExpressionKind.Truth && number != 0;

    public decimal Number => number;

    /// <summary>The list or map.</summary>
    public JsonElement Json => json;

    public static ExpressionValue Of(bool truth) => new(ExpressionKind.Truth, truth ? 1 : 0);

    public static ExpressionValue Of(decimal number) => new(ExpressionKind.Number, number);

    public static ExpressionValue Of(string text) => new(ExpressionKind.Text, text: text);

    public static ExpressionValue Fault(string why) => new(ExpressionKind.Fault, text: why);

    /// <summary>A JSON value; a number that has more than 28 digits is a fault, for it would not stay what it is.</summary>
    public static ExpressionValue Of(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => Null,
        JsonValueKind.True => Of(true),
        JsonValueKind.False => Of(false),
        JsonValueKind.Number => json.TryGetDecimal(out var number) ? Of(number) : Fault("the number is too large"),
        JsonValueKind.String => Kinds.FreeValue.TextOf(json) is { } text ? Of(text) : Fault("the text is no Unicode"),
        _ => new(ExpressionKind.Json, json: json),
    };

    /// <summary>Whether both have the same content; numbers by value.</summary>
    public bool Same(in ExpressionValue other) => Kind == other.Kind && Kind switch
    {
        ExpressionKind.Text or ExpressionKind.Fault => string.Equals(Text, other.Text, StringComparison.Ordinal),
        ExpressionKind.Json => JsonElement.DeepEquals(json, other.json),
        _ => number == other.number,
    };

    public void WriteTo(Utf8JsonWriter writer)
    {
        switch (Kind)
        {
            case ExpressionKind.Truth:
                writer.WriteBooleanValue(IsTrue);
                break;
            case ExpressionKind.Number:
                writer.WriteNumberValue(number);
                break;
            case ExpressionKind.Text:
                writer.WriteStringValue(Text);
                break;
            case ExpressionKind.Json:
                json.WriteTo(writer);
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }

    /// <summary>As a part of a text: texts without quotes, lists and maps as JSON, null as nothing.</summary>
    public override string ToString() => Kind switch
    {
        ExpressionKind.Truth => IsTrue ? "true" : "false",
        ExpressionKind.Number => number.ToString(CultureInfo.InvariantCulture),
        ExpressionKind.Json => json.GetRawText(),
        ExpressionKind.Null => "",
        _ => Text!,
    };
}

/// <summary>The kinds of values.</summary>
public enum ExpressionKind
{
    Null,
    Truth,
    Number,
    Text,

    /// <summary>A list or a map.</summary>
    Json,

    /// <summary>There is no value; the text says why.</summary>
    Fault,
}

/// <summary>What names stand for where an expression is evaluated.</summary>
public interface IExpressionScope
{
    /// <summary>What <paramref name="name"/> stands for; null where it stands for nothing.</summary>
    JsonElement? Find(string name);
}
