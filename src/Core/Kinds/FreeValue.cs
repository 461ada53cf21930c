using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds;

/// <summary>Any JSON value: text, number, true, false, null, list or map. Two are equal where their content is, whatever the order of keys.</summary>
[JsonConverter(typeof(FreeValueJson))]
public sealed class FreeValue : IEquatable<FreeValue>
{
    /// <summary>Longest notation, in bytes of JSON.</summary>
    public const int MostBytes = 64 * 1024;

    /// <param name="json">Is copied: its document may go.</param>
    public FreeValue(JsonElement json) => Json = json.Clone();

    public JsonElement Json { get; }

    /// <summary>A text.</summary>
    public static FreeValue Of(string text) => new(Validation.SchemaValues.Text(text));

    /// <summary>Reads JSON; throws <see cref="JsonException"/> for anything else.</summary>
    public static FreeValue Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return new(document.RootElement);
    }

    /// <summary>The text of a JSON string; null where its escapes are no Unicode text.</summary>
    public static string? TextOf(JsonElement text)
    {
        try
        {
            return text.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair is allowed by JSON's grammar, and nothing that text can hold.
            return null;
        }
    }

    /// <summary>What is wrong with it wherever it stands.</summary>
    public IEnumerable<Problem> Validate() =>
        System.Text.Encoding.UTF8.GetByteCount(Json.GetRawText()) > MostBytes
            ? [new("", $"the value is longer than {MostBytes / 1024}Ki bytes of JSON", "make it smaller, or let a service give it")]
            : [];

    public bool Equals(FreeValue? other) => other is not null && JsonElement.DeepEquals(Json, other.Json);

    public override bool Equals(object? obj) => Equals(obj as FreeValue);

    // Equal values may be written differently; what they are is the same.
    public override int GetHashCode() => (int)Json.ValueKind;

    /// <summary>The value as JSON.</summary>
    public override string ToString() => Json.GetRawText();
}

/// <summary>Writes the value as it is; JSON's null is a value and not its absence.</summary>
public sealed class FreeValueJson : JsonConverter<FreeValue>
{
    public override bool HandleNull => true;

    public override FreeValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(JsonElement.ParseValue(ref reader));

    public override void Write(Utf8JsonWriter writer, FreeValue value, JsonSerializerOptions options) => value.Json.WriteTo(writer);
}
