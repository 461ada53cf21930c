using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds;

/// <summary>The one notation of resources, in the store as on every wire: JSON, camelCase, enumerations and durations as users write them.</summary>
public static class Codec
{
    public static JsonSerializerOptions Options { get; } = Make(indented: false);

    public static JsonSerializerOptions Indented { get; } = Make(indented: true);

    public static byte[] Encode<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, typeof(T) == typeof(Resource) ? value!.GetType() : typeof(T), Options);

    public static T Decode<T>(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<T>(json, Options) ?? throw new JsonException("null where a value was expected");

    /// <summary>Whether two values have the same content; records that hold lists and maps compare those by reference, this does not.</summary>
    public static bool Same<T>(T a, T b) => ReferenceEquals(a, b) || Encode(a).AsSpan().SequenceEqual(Encode(b));

    static JsonSerializerOptions Make(bool indented)
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            WriteIndented = indented,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
            NumberHandling = JsonNumberHandling.Strict,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false), new DurationJson() },
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    sealed class DurationJson : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && Durations.TryParse(reader.GetString(), out var value)
                ? value
                : throw new JsonException("expected a duration such as \"500ms\", \"10s\" or \"1h30m\"");

        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
            writer.WriteStringValue(Durations.Format(value));
    }
}
