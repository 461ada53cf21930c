using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mainstay.Core.Kinds.Json;

/// <summary>What is written as it is: JSON that nothing here looks into, bytes as base64, addresses, and what is known only as an object.</summary>
static class FreeJson
{
    /// <summary>Null for all other types.</summary>
    /// <param name="type">The type as declared.</param>
    public static ValueJson? Of(Type type) =>
        type == typeof(FreeValue) ? new FreeValueValue()
        : type == typeof(JsonElement) ? new ElementValue(readsNull: true)
        : type == typeof(JsonElement?) ? new ElementValue(readsNull: false)
        : typeof(JsonNode).IsAssignableFrom(type) ? new NodeValue(type)
        : type == typeof(byte[]) ? new BytesValue()
        : type == typeof(ReadOnlyMemory<byte>) ? new MemoryValue()
        : type == typeof(Uri) ? new UriValue()
        : type == typeof(object) ? new ObjectValue()
        : null;

    sealed class FreeValueValue : ValueJson
    {
        public override bool ReadsNull => true;

        public override void Write(Utf8JsonWriter writer, object value) => ((FreeValue)value).Json.WriteTo(writer);

        public override object Read(ref Utf8JsonReader reader, bool strict) => new FreeValue(JsonElement.ParseValue(ref reader));
    }

    sealed class ElementValue(bool readsNull) : ValueJson
    {
        public override bool ReadsNull => readsNull;

        public override void Write(Utf8JsonWriter writer, object value) => ((JsonElement)value).WriteTo(writer);

        public override object Read(ref Utf8JsonReader reader, bool strict) => JsonElement.ParseValue(ref reader);
    }

    sealed class NodeValue(Type type) : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value) => ((JsonNode)value).WriteTo(writer);

        public override object Read(ref Utf8JsonReader reader, bool strict) =>
            JsonNode.Parse(ref reader) is { } node && type.IsInstanceOfType(node) ? node : throw new JsonException($"The JSON value could not be converted to {type}.");
    }

    sealed class BytesValue : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value) => writer.WriteBase64StringValue((byte[])value);

        public override object Read(ref Utf8JsonReader reader, bool strict) =>
            reader.TokenType == JsonTokenType.String && reader.TryGetBytesFromBase64(out var bytes) ? bytes : throw new JsonException("expected bytes in base64");
    }

    sealed class MemoryValue : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value) => writer.WriteBase64StringValue(((ReadOnlyMemory<byte>)value).Span);

        public override object Read(ref Utf8JsonReader reader, bool strict) =>
            reader.TokenType == JsonTokenType.String && reader.TryGetBytesFromBase64(out var bytes) ? (ReadOnlyMemory<byte>)bytes : throw new JsonException("expected bytes in base64");
    }

    sealed class UriValue : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value) => writer.WriteStringValue(((Uri)value).OriginalString);

        public override object Read(ref Utf8JsonReader reader, bool strict) =>
            reader.TokenType == JsonTokenType.String && Uri.TryCreate(reader.GetString(), UriKind.RelativeOrAbsolute, out var uri) ? uri : throw new JsonException("expected a URL");
    }

    sealed class ObjectValue : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value)
        {
            if (value.GetType() == typeof(object))
            {
                writer.WriteStartObject();
                writer.WriteEndObject();
                return;
            }

            ValueJson.Of(value.GetType()).Write(writer, value);
        }

        public override object Read(ref Utf8JsonReader reader, bool strict) => JsonElement.ParseValue(ref reader);
    }
}
