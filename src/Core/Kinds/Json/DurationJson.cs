using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds.Json;

/// <summary>Durations as users write them.</summary>
sealed class DurationJson : JsonConverter<TimeSpan>
{
    public static TimeSpan Read(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String && Durations.TryParse(reader.GetString(), out var value)
            ? value
            : throw new JsonException("expected a duration such as \"500ms\", \"10s\" or \"1h30m\"");

    public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Read(ref reader);

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) => writer.WriteStringValue(Durations.Format(value));
}
