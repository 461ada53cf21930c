using System.Collections;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace Mainstay.Core.Kinds.Json;

/// <summary>Reads and writes the values of one type, boxed; null is none of them.</summary>
abstract class ValueJson
{
    static readonly ConcurrentDictionary<Type, ValueJson> Known = [];

    /// <summary>Whether JSON's null is a value of it.</summary>
    public virtual bool ReadsNull => false;

    public abstract void Write(Utf8JsonWriter writer, object value);

    /// <summary>Throws <see cref="JsonException"/> or <see cref="InvalidOperationException"/> for what is no such value.</summary>
    public abstract object? Read(ref Utf8JsonReader reader, bool strict);

    /// <summary>How values of <paramref name="type"/> are read and written.</summary>
    public static ValueJson Of(Type type) => Known.GetOrAdd(type, Make);

    static ValueJson Make(Type type)
    {
        if (FreeJson.Of(type) is { } free)
        {
            return free;
        }

        type = Nullable.GetUnderlyingType(type) ?? type;
        return type switch
        {
            _ when type == typeof(string) => new TextValue(),
            _ when type == typeof(bool) => new BoolValue(),
            _ when NumberValue.Knows(type) => new NumberValue(type),
            _ when type == typeof(TimeSpan) => new DurationValue(),
            _ when type == typeof(DateTimeOffset) => new TimeValue(),
            _ when type.IsEnum => new EnumValue(type),
            _ when Notation.Of(type) is { } notation => new NotationValue(notation),
            _ when ElementOf(type) is { } element => new ListValue(element),
            _ when ContentOf(type) is { } content => new MapValue(content),
            _ when RecordPlan.Fits(type) => new RecordValue(RecordPlan.Of(type)),
            _ => throw new NotSupportedException($"{type} has no notation in JSON."),
        };
    }

    // Text and bytes are lists to .NET and single values here.
    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "The interfaces of collections are asked for, which lists and maps of the framework keep.")]
    static Type? ElementOf(Type type) =>
        type.IsArray ? type.GetElementType()
        : ContentOf(type) is not null ? null
        : (IsList(type) ? type : type.GetInterfaces().FirstOrDefault(IsList)) is { } list ? list.GenericTypeArguments[0] : null;

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "The interfaces of collections are asked for, which lists and maps of the framework keep.")]
    static Type? ContentOf(Type type) =>
        (IsMap(type) ? type : type.GetInterfaces().FirstOrDefault(IsMap)) is { } map && map.GenericTypeArguments[0] == typeof(string) ? map.GenericTypeArguments[1] : null;

    static bool IsList(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IEnumerable<>);

    static bool IsMap(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() is var open && (open == typeof(IReadOnlyDictionary<,>) || open == typeof(IDictionary<,>));

    sealed class TextValue : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value) => writer.WriteStringValue((string)value);

        public override object? Read(ref Utf8JsonReader reader, bool strict) =>
            reader.TokenType == JsonTokenType.String ? reader.GetString() : throw new JsonException($"The JSON value could not be converted to {typeof(string)}.");
    }

    sealed class BoolValue : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value) => writer.WriteBooleanValue((bool)value);

        public override object Read(ref Utf8JsonReader reader, bool strict) =>
            reader.TokenType is JsonTokenType.True or JsonTokenType.False ? reader.GetBoolean() : throw new JsonException($"The JSON value could not be converted to {typeof(bool)}.");
    }

    sealed class NumberValue(Type type) : ValueJson
    {
        public static bool Knows(Type type) => type == typeof(int) || type == typeof(long) || type == typeof(double) || type == typeof(uint) || type == typeof(ulong);

        public override void Write(Utf8JsonWriter writer, object value)
        {
            switch (value)
            {
                case int number:
                    writer.WriteNumberValue(number);
                    break;
                case long number:
                    writer.WriteNumberValue(number);
                    break;
                case uint number:
                    writer.WriteNumberValue(number);
                    break;
                case ulong number:
                    writer.WriteNumberValue(number);
                    break;
                default:
                    writer.WriteNumberValue((double)value);
                    break;
            }
        }

        public override object Read(ref Utf8JsonReader reader, bool strict)
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

                if (type == typeof(uint) && reader.TryGetUInt32(out var count))
                {
                    return count;
                }

                if (type == typeof(ulong) && reader.TryGetUInt64(out var wide))
                {
                    return wide;
                }
            }

            throw new JsonException($"The JSON value could not be converted to {type}.");
        }
    }

    sealed class DurationValue : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value) => writer.WriteStringValue(Durations.Format((TimeSpan)value));

        public override object Read(ref Utf8JsonReader reader, bool strict) => DurationJson.Read(ref reader);
    }

    sealed class TimeValue : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value) => writer.WriteStringValue((DateTimeOffset)value);

        public override object Read(ref Utf8JsonReader reader, bool strict) =>
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

        public override void Write(Utf8JsonWriter writer, object value)
        {
            var index = Array.IndexOf(values, value);
            writer.WriteStringValue(index >= 0 ? names[index] : throw new JsonException($"{value} is no value of {type}."));
        }

        public override object Read(ref Utf8JsonReader reader, bool strict)
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
        public override void Write(Utf8JsonWriter writer, object value) => writer.WriteStringValue(value.ToString());

        public override object Read(ref Utf8JsonReader reader, bool strict) =>
            reader.TokenType == JsonTokenType.String && notation.Read(reader.GetString()!) is { } value
                ? value
                : throw new JsonException($"expected {notation.Noun}, for example \"{notation.Example}\"");
    }

    sealed class RecordValue(RecordPlan plan) : ValueJson
    {
        public override void Write(Utf8JsonWriter writer, object value) => plan.Write(writer, value);

        public override object? Read(ref Utf8JsonReader reader, bool strict) => plan.Read(ref reader, strict);
    }

    sealed class ListValue(Type element) : ValueJson
    {
        readonly Lazy<ValueJson> values = new(() => Of(element));

        public override void Write(Utf8JsonWriter writer, object value)
        {
            writer.WriteStartArray();
            foreach (var item in (IEnumerable)value)
            {
                WriteOrNull(values.Value, writer, item);
            }

            writer.WriteEndArray();
        }

        public override object Read(ref Utf8JsonReader reader, bool strict)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                throw new JsonException($"The JSON value could not be converted to a list of {element}.");
            }

            var items = new List<object?>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                items.Add(ReadOrNull(values.Value, element, ref reader, strict, string.Create(CultureInfo.InvariantCulture, $"[{items.Count}]")));
            }

            var list = Collections.Array(element, items.Count);
            for (var i = 0; i < items.Count; i++)
            {
                list.SetValue(items[i], i);
            }

            return list;
        }
    }

    sealed class MapValue(Type element) : ValueJson
    {
        readonly Lazy<ValueJson> values = new(() => Of(element));

        public override void Write(Utf8JsonWriter writer, object value)
        {
            // Whatever kind of map it is: those of the framework know this interface.
            writer.WriteStartObject();
            foreach (DictionaryEntry pair in (IDictionary)value)
            {
                writer.WritePropertyName((string)pair.Key);
                WriteOrNull(values.Value, writer, pair.Value);
            }

            writer.WriteEndObject();
        }

        public override object Read(ref Utf8JsonReader reader, bool strict)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw new JsonException($"The JSON value could not be converted to a map of {element}.");
            }

            var read = Collections.Map(element);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var key = reader.GetString()!;
                reader.Read();
                read[key] = ReadOrNull(values.Value, element, ref reader, strict, $".{key}");
            }

            return read;
        }
    }

    static void WriteOrNull(ValueJson values, Utf8JsonWriter writer, object? value)
    {
        if (value is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            values.Write(writer, value);
        }
    }

    static object? ReadOrNull(ValueJson values, Type element, ref Utf8JsonReader reader, bool strict, string place)
    {
        try
        {
            return reader.TokenType != JsonTokenType.Null || values.ReadsNull ? values.Read(ref reader, strict)
                : (!element.IsValueType && !strict) || Nullable.GetUnderlyingType(element) is not null ? null
                : strict && !element.IsValueType ? throw new JsonException("null where a value was expected")
                : throw new JsonException($"The JSON value could not be converted to {element}.");
        }
        catch (JsonException wrong)
        {
            throw new JsonException(wrong.Message, $"${place}{wrong.Path?.TrimStart('$')}", wrong.LineNumber, wrong.BytePositionInLine, wrong);
        }
    }
}
