using System.Text.Json;

namespace Mainstay.Core.Kinds.Json;

/// <summary>Durations as users write them.</summary>
static class DurationJson
{
    public static TimeSpan Read(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String && Durations.TryParse(reader.GetString(), out var value)
            ? value
            : throw new JsonException("expected a duration such as \"500ms\", \"10s\" or \"1h30m\"");
}
