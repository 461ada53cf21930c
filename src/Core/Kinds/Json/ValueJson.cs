using System.Collections;
using System.Globalization;
using System.Text.Json;

namespace Mainstay.Core.Kinds.Json;

/// <summary>Reads and writes the values of one type, boxed; null is none of them.</summary>
abstract class ValueJson
{
    /// <summary>Whether JSON's null is a value of it.</summary>
    public virtual bool ReadsNull => false;

    public abstract void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options);

    /// <summary>Throws <see cref="JsonException"/> or <see cref="InvalidOperationException"/> for what is no such value.</summary>
    public abstract object? Read(ref Utf8JsonReader reader, JsonSerializerOptions options);

    public static ValueJson Of(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type switch
        {
            _ when type == typeof(string) => new TextValue(),
            _ when type == typeof(bool) => new BoolValue(),
            _ when type == typeof(int) || type == typeof(long) || type == typeof(double) => new NumberValue(type),
            _ when type == typeof(TimeSpan) => new DurationValue(),
            _ when type == typeof(DateTimeOffset) => new TimeValue(),
            _ when type.IsEnum && !type.IsDefined(typeof(FlagsAttribute), inherit: false) => new EnumValue(type),
            _ when Notation.Of(type) is { } notation => new NotationValue(notation),
            _ when RecordPlan.Fits(type) => new RecordValue(RecordPlan.Of(type)),
            _ when ElementOf(type) is { } element => new ListValue(element),
            _ when type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>) && type.GenericTypeArguments[0] == typeof(string) =>
                new MapValue(type.GenericTypeArguments[1]),
            _ => new OtherValue(type),
        };
    }

    static Type? ElementOf(Type type) =>
        type.IsArray && type != typeof(byte[]) ? type.GetElementType()
        : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GenericTypeArguments[0] : null;

    sealed class TextValue : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options) => writer.WriteStringValue((string)value);

        public override object? Read(ref Utf8JsonReader reader, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String ? reader.GetString() : throw new JsonException("expected text");
    }

    sealed class BoolValue : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options) => writer.WriteBooleanValue((bool)value);

        public override object Read(ref Utf8JsonReader reader, JsonSerializerOptions options) =>
            reader.TokenType is JsonTokenType.True or JsonTokenType.False ? reader.GetBoolean() : throw new JsonException("expected true or false");
    }

    sealed class NumberValue(Type type) : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options)
        {
            switch (value)
            {
                case int number:
                    writer.WriteNumberValue(number);
                    break;
                case long number:
                    writer.WriteNumberValue(number);
                    break;
                default:
                    writer.WriteNumberValue((double)value);
                    break;
            }
        }

        public override object Read(ref Utf8JsonReader reader, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.Number)
            {
                if (type == typeof(int) && reader.TryGetInt32(out var small))
                {
                    return small;
                }

                if (type == typeof(long) && reader.TryGetInt64(out var large))
                {
                    return large;
                }

                if (type == typeof(double) && reader.TryGetDouble(out var real))
                {
                    return real;
                }
            }

            throw new JsonException($"The JSON value could not be converted to {type}.");
        }
    }

    sealed class DurationValue : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options) => writer.WriteStringValue(Durations.Format((TimeSpan)value));

        public override object Read(ref Utf8JsonReader reader, JsonSerializerOptions options) => DurationJson.Read(ref reader);
    }

    sealed class TimeValue : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options) => writer.WriteStringValue((DateTimeOffset)value);

        public override object Read(ref Utf8JsonReader reader, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out var time) ? time : throw new JsonException("expected a time such as \"2026-01-31T12:00:00Z\"");
    }

    sealed class EnumValue : ValueJson
    {
        readonly Type type;
        readonly object[] values;
        readonly string[] names;

        public EnumValue(Type type)
        {
            this.type = type;
            names = [.. Enum.GetNames(type)];
            values = [.. names.Select(n => Enum.Parse(type, n))];
            names = [.. names.Select(JsonNamingPolicy.CamelCase.ConvertName)];
        }

        public override void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options)
        {
            var index = Array.IndexOf(values, value);
            writer.WriteStringValue(index >= 0 ? names[index] : throw new JsonException($"{value} is no value of {type}."));
        }

        public override object Read(ref Utf8JsonReader reader, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.String)
            {
                var text = reader.GetString();
                var index = Array.FindIndex(names, n => string.Equals(n, text, StringComparison.OrdinalIgnoreCase));
                if (index >= 0)
                {
                    return values[index];
                }
            }

            throw new JsonException($"The JSON value could not be converted to {type}.");
        }
    }

    sealed class NotationValue(Notation notation) : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());

        public override object Read(ref Utf8JsonReader reader, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && notation.Read(reader.GetString()!) is { } value
                ? value
                : throw new JsonException($"expected {notation.Noun}, for example \"{notation.Example}\"");
    }

    sealed class RecordValue(RecordPlan plan) : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options) => plan.Write(writer, value, options);

        public override object? Read(ref Utf8JsonReader reader, JsonSerializerOptions options) => plan.Read(ref reader, options);
    }

    sealed class ListValue(Type element) : ValueJson
    {
        readonly Lazy<ValueJson> values = new(() => Of(element));

        public override void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            foreach (var item in (IEnumerable)value)
            {
                WriteOrNull(values.Value, writer, item, options);
            }

            writer.WriteEndArray();
        }

        public override object Read(ref Utf8JsonReader reader, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                throw new JsonException($"The JSON value could not be converted to a list of {element}.");
            }

            var items = new List<object?>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                items.Add(ReadOrNull(values.Value, element, ref reader, options, string.Create(CultureInfo.InvariantCulture, $"[{items.Count}]")));
            }

            var list = Array.CreateInstance(element, items.Count);
            for (var i = 0; i < items.Count; i++)
            {
                list.SetValue(items[i], i);
            }

            return list;
        }
    }

    sealed class MapValue(Type element) : ValueJson
    {
        readonly Type map = typeof(Dictionary<,>).MakeGenericType(typeof(string), element);
        readonly Lazy<ValueJson> values = new(() => Of(element));

        public override void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            if (value is IDictionary pairs)
            {
                foreach (DictionaryEntry pair in pairs)
                {
                    writer.WritePropertyName((string)pair.Key);
                    WriteOrNull(values.Value, writer, pair.Value, options);
                }
            }
            else
            {
                WriteOthers(writer, value, options);
            }

            writer.WriteEndObject();
        }

        public override object Read(ref Utf8JsonReader reader, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw new JsonException($"The JSON value could not be converted to a map of {element}.");
            }

            var read = (IDictionary)Activator.CreateInstance(map)!;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var key = reader.GetString()!;
                reader.Read();
                read[key] = ReadOrNull(values.Value, element, ref reader, options, $".{key}");
            }

            return read;
        }

        // A map of another kind gives its pairs one by one.
        void WriteOthers(Utf8JsonWriter writer, object value, JsonSerializerOptions options)
        {
            var pair = typeof(KeyValuePair<,>).MakeGenericType(typeof(string), element);
            var (key, content) = (pair.GetProperty("Key")!, pair.GetProperty("Value")!);
            foreach (var item in (IEnumerable)value)
            {
                writer.WritePropertyName((string)key.GetValue(item)!);
                WriteOrNull(values.Value, writer, content.GetValue(item), options);
            }
        }
    }

    /// <summary>What the serializer knows better.</summary>
    sealed class OtherValue(Type type) : ValueJson
    {
        public override bool ReadsNull => true;

        public override void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value, type, options);

        public override object? Read(ref Utf8JsonReader reader, JsonSerializerOptions options) => JsonSerializer.Deserialize(ref reader, type, options);
    }

    static void WriteOrNull(ValueJson values, Utf8JsonWriter writer, object? value, JsonSerializerOptions options)
    {
        if (value is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            values.Write(writer, value, options);
        }
    }

    static object? ReadOrNull(ValueJson values, Type element, ref Utf8JsonReader reader, JsonSerializerOptions options, string place)
    {
        try
        {
            return reader.TokenType != JsonTokenType.Null || values.ReadsNull ? values.Read(ref reader, options)
                : !element.IsValueType || Nullable.GetUnderlyingType(element) is not null ? null
                : throw new JsonException($"The JSON value could not be converted to {element}.");
        }
        catch (JsonException wrong)
        {
            throw new JsonException(wrong.Message, $"${place}{wrong.Path?.TrimStart('$')}", wrong.LineNumber, wrong.BytePositionInLine, wrong);
        }
    }
}
