using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using Mainstay.Core.Kinds.Json;

namespace Mainstay.Core.Kinds;

/// <summary>The one notation of resources, in the store as on every wire: JSON, camelCase, enumerations and durations as users write them.</summary>
public static class Codec
{
    public static JsonSerializerOptions Options { get; } = Make(indented: false);

    public static JsonSerializerOptions Indented { get; } = Make(indented: true);

    /// <summary>The same notation by the serializer's own way: slower to begin with, but it can describe it, and its checks of what strangers send can be tightened.</summary>
    public static JsonSerializerOptions BySerializer { get; } = Make(indented: false, ours: false);

    public static byte[] Encode<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, typeof(T) == typeof(Resource) ? value!.GetType() : typeof(T), Options);

    public static T Decode<T>(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<T>(json, Options) ?? throw new JsonException("null where a value was expected");

    /// <summary>Whether two values have the same content, whatever the order of map keys; records that hold lists and maps compare those by reference, this does not.</summary>
    public static bool Same<T>(T a, T b)
    {
        if (ReferenceEquals(a, b))
        {
            return true;
        }

        // The order of keys changes no length: most differences show without reading anything again.
        var (one, other) = (Encode(a), Encode(b));
        return one.AsSpan().SequenceEqual(other) || (one.Length == other.Length && Sorted(one).AsSpan().SequenceEqual(Sorted(other)));
    }

    /// <summary>As <see cref="Encode"/>, with the keys of all maps and records in ordinal order: the same content gives the same bytes.</summary>
    public static byte[] EncodeSorted<T>(T value) => Sorted(Encode(value));

    static byte[] Sorted(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        var buffer = new ArrayBufferWriter<byte>(json.Length);
        using (var writer = new Utf8JsonWriter(buffer, new() { Encoder = Options.Encoder, SkipValidation = true }))
        {
            WriteSorted(document.RootElement, writer);
        }

        return buffer.WrittenSpan.ToArray();
    }

    // As deep as the encoder allows, which has a limit.
    static void WriteSorted(JsonElement value, Utf8JsonWriter writer)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in value.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(property.Name);
                    WriteSorted(property.Value, writer);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    WriteSorted(item, writer);
                }

                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    static JsonSerializerOptions Make(bool indented, bool ours = true)
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
        if (ours)
        {
            options.Converters.Add(new RecordJsonFactory());
        }

        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
