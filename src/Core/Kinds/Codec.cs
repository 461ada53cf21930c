using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Json;

namespace Mainstay.Core.Kinds;

/// <summary>
/// The one notation of resources, in the store as on every wire: JSON, camelCase, enumerations and durations as users write them; what is null is not written. Records are read and written
/// by their members (<c>ValueJson</c>).
/// </summary>
public static class Codec
{
    // As deep as JSON may be nested, to read.
    const int MostDepth = 64;

    // A thread's own writer and what it writes into, kept while it is no larger than this.
    const int MostKept = 256 * 1024;

    [ThreadStatic]
    static Kept? mine;

    static readonly JsonWriterOptions Compact = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>How trees of JSON are written as text.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web) { Encoder = Compact.Encoder };

    /// <summary>As <see cref="Options"/>, for people.</summary>
    public static JsonSerializerOptions Indented { get; } = new(Options) { WriteIndented = true };

    /// <summary>The value as JSON; resources, and what is given as an object, as what they are.</summary>
    public static byte[] Encode<T>(T value)
    {
        var (buffer, writer) = mine ??= Kept.Make();
        buffer.ResetWrittenCount();
        writer.Reset();
        Write(writer, value);
        var json = buffer.WrittenSpan.ToArray();
        if (buffer.Capacity > MostKept)
        {
            mine = null;
        }

        return json;
    }

    /// <summary>As <see cref="Encode"/>, with line breaks.</summary>
    public static byte[] EncodeIndented<T>(T value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer, Compact with { Indented = true });
        Write(writer, value);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>As <see cref="Encode"/>, as text.</summary>
    public static string Text<T>(T value) => Encoding.UTF8.GetString(Encode(value));

    /// <summary>The value as a tree of JSON, with all the JSON of <see cref="Encode"/>.</summary>
    public static JsonNode? Tree<T>(T value) => JsonNode.Parse(Encode(value));

    /// <summary>The value; throws <see cref="JsonException"/> with place and position for what is none. Members that are not known are passed over.</summary>
    public static T Decode<T>(ReadOnlySpan<byte> json) => (T)Decode(typeof(T), json);

    /// <inheritdoc cref="Decode{T}(ReadOnlySpan{byte})"/>
    public static T Decode<T>(string json) => Decode<T>(Encoding.UTF8.GetBytes(json));

    /// <inheritdoc cref="Decode{T}(ReadOnlySpan{byte})"/>
    public static T Decode<T>(JsonNode json) => Decode<T>(Encode(json));

    /// <inheritdoc cref="Decode{T}(ReadOnlySpan{byte})"/>
    /// <param name="type">What it is to be.</param>
    /// <param name="json">The JSON, with a byte order mark or without.</param>
    /// <param name="strict">Whether members that are not known, and null where a record, list or map has a value in any case, are refused.</param>
    /// <param name="depth">How deep the JSON may be nested.</param>
    public static object Decode(Type type, ReadOnlySpan<byte> json, bool strict = false, int depth = MostDepth)
    {
        if (json.StartsWith(Encoding.UTF8.Preamble))
        {
            json = json[Encoding.UTF8.Preamble.Length..];
        }

        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = depth });
        try
        {
            reader.Read();
            var kind = ValueJson.Of(type);
            var value = reader.TokenType == JsonTokenType.Null && !kind.ReadsNull ? throw new JsonException("null where a value was expected") : kind.Read(ref reader, strict);
            reader.Read();
            return value ?? throw new JsonException("null where a value was expected");
        }
        catch (Exception wrong) when (wrong is JsonException { LineNumber: null } or InvalidOperationException)
        {
            // Text that is no Unicode is what the reader calls an invalid operation.
            var read = json[..(int)reader.BytesConsumed];
            throw new JsonException(wrong.Message, (wrong as JsonException)?.Path ?? "$", read.Count((byte)'\n'), read.Length - 1 - read.LastIndexOf((byte)'\n'), wrong);
        }
    }

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
        using (var writer = new Utf8JsonWriter(buffer, Compact))
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

    static void Write<T>(Utf8JsonWriter writer, T value)
    {
        if (value is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            ValueJson.Of(typeof(T) == typeof(Resource) ? value.GetType() : typeof(T)).Write(writer, value);
        }

        writer.Flush();
    }

    sealed record Kept(ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer)
    {
        public static Kept Make()
        {
            var buffer = new ArrayBufferWriter<byte>(1024);
            return new(buffer, new Utf8JsonWriter(buffer, Compact));
        }
    }
}
