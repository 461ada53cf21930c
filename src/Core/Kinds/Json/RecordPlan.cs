using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds.Json;

/// <summary>How the records of one type are read and written: their members in the order in which they are written.</summary>
sealed class RecordPlan
{
    static readonly ConcurrentDictionary<Type, RecordPlan> Known = [];
    static readonly Func<object, object> Copy = typeof(object).GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!.CreateDelegate<Func<object, object>>();

    readonly Type type;
    readonly Lazy<RecordMember[]> members;
    readonly Lazy<object> blank;

    RecordPlan(Type type)
    {
        this.type = type;
        // Records may hold records of their own type.
        members = new(() => [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.GetMethod is { IsPublic: true } && p.GetIndexParameters().Length == 0 && !p.IsDefined(typeof(JsonIgnoreAttribute)))
            .Select(p => new RecordMember(p))]);
        blank = new(() => Blank(type));
    }

    public static RecordPlan Of(Type type) => Known.GetOrAdd(type, static t => new(t));

    /// <summary>Mainstay's own closed classes that hold nothing which could be changed in place, and are written in no way of their own.</summary>
    public static bool Fits(Type type) =>
        type is { IsClass: true, IsAbstract: false, IsGenericType: false, Namespace: { } room } && room.StartsWith("Mainstay.", StringComparison.Ordinal)
        && type.GetMethod("<Clone>$") is not null
        && !type.IsDefined(typeof(JsonConverterAttribute), inherit: false)
        && !typeof(System.Collections.IEnumerable).IsAssignableFrom(type)
        && type.GetConstructors() is [var only]
        && only.GetParameters().All(p => type.GetProperty(p.Name!, BindingFlags.Public | BindingFlags.Instance) is not null)
        && type.GetProperties(BindingFlags.Public | BindingFlags.Instance).All(p => !IsChangeable(p.PropertyType));

    public void Write(Utf8JsonWriter writer, object record, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var member in members.Value)
        {
            if (member.Get(record) is { } value)
            {
                writer.WritePropertyName(member.Name);
                member.Value.Write(writer, value, options);
            }
        }

        writer.WriteEndObject();
    }

    public object? Read(ref Utf8JsonReader reader, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException($"The JSON value could not be converted to {type}.");
        }

        var all = members.Value;
        var record = Copy(blank.Value);
        var seen = new bool[all.Length];
        var next = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var index = Find(all, ref reader, next);
            reader.Read();
            if (index < 0 || !all[index].CanSet)
            {
                reader.Skip();
                continue;
            }

            next = index + 1;
            seen[index] = true;
            Set(all[index], record, ref reader, options);
        }

        for (var index = 0; index < all.Length; index++)
        {
            if (all[index].Required && !seen[index])
            {
                throw new JsonException($"JSON deserialization for type '{type}' was missing required properties including: '{all[index].Name}'.");
            }
        }

        return record;
    }

    static void Set(RecordMember member, object record, ref Utf8JsonReader reader, JsonSerializerOptions options)
    {
        try
        {
            member.Set(record, reader.TokenType == JsonTokenType.Null && !member.Value.ReadsNull ? member.OfNull() : member.Value.Read(ref reader, options));
        }
        catch (JsonException wrong)
        {
            throw new JsonException(wrong.Message, $"$.{member.Name}{wrong.Path?.TrimStart('$')}", wrong.LineNumber, wrong.BytePositionInLine, wrong);
        }
    }

    // What we wrote ourselves comes in our order: the member behind the last one, as a rule.
    static int Find(RecordMember[] all, ref Utf8JsonReader reader, int next)
    {
        for (var count = 0; count < all.Length; count++)
        {
            var index = next + count < all.Length ? next + count : next + count - all.Length;
            if (reader.ValueTextEquals(all[index].Name.EncodedUtf8Bytes))
            {
                return index;
            }
        }

        var name = reader.GetString();
        return Array.FindIndex(all, m => string.Equals(m.Name.Value, name, StringComparison.OrdinalIgnoreCase));
    }

    // Its members have the values of members that are not written.
    static object Blank(Type type)
    {
        var constructor = type.GetConstructors()[0];
        return constructor.Invoke([.. constructor.GetParameters().Select(p =>
            p.HasDefaultValue && p.DefaultValue is { } value ? value : p.ParameterType.IsValueType && Nullable.GetUnderlyingType(p.ParameterType) is null ? RuntimeHelpers.GetUninitializedObject(p.ParameterType) : null)]);
    }

    static bool IsChangeable(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() is var open
        && (open == typeof(List<>) || open == typeof(Dictionary<,>) || open == typeof(SortedDictionary<,>) || open == typeof(HashSet<>) || open == typeof(IDictionary<,>) || open == typeof(IList<>));
}

/// <summary>A member of a record.</summary>
sealed class RecordMember
{
    readonly PropertyInfo property;
    readonly FieldInfo? field;

    public RecordMember(PropertyInfo property)
    {
        this.property = property;
        Name = JsonEncodedText.Encode(property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name));
        CanSet = property.SetMethod is { IsPublic: true };
        Required = property.IsDefined(typeof(RequiredMemberAttribute));
        Value = ValueJson.Of(property.PropertyType);
        // A field is read and set without code made for it.
        field = property.DeclaringType!.GetField($"<{property.Name}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic);
    }

    public JsonEncodedText Name { get; }

    public bool CanSet { get; }

    public bool Required { get; }

    public ValueJson Value { get; }

    public object? Get(object record) => field is null ? property.GetValue(record) : field.GetValue(record);

    public void Set(object record, object? value)
    {
        if (field is null)
        {
            property.SetValue(record, value);
        }
        else
        {
            field.SetValue(record, value);
        }
    }

    /// <summary>What JSON's null is to it; throws where it is nothing.</summary>
    public object? OfNull() =>
        property.PropertyType.IsValueType && Nullable.GetUnderlyingType(property.PropertyType) is null
            ? throw new JsonException($"The JSON value could not be converted to {property.PropertyType}.")
            : null;
}
