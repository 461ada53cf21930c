using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds.Json;

/// <summary>How the records of one type are read and written: their members in the order in which they are written.</summary>
[UnconditionalSuppressMessage("Trimming", "IL2067", Justification = Trimming.Rooted)]
[UnconditionalSuppressMessage("Trimming", "IL2070", Justification = Trimming.Rooted)]
[UnconditionalSuppressMessage("Trimming", "IL2072", Justification = Trimming.Rooted)]
[UnconditionalSuppressMessage("Trimming", "IL2075", Justification = Trimming.Rooted)]
sealed class RecordPlan
{
    static readonly ConcurrentDictionary<Type, RecordPlan> Known = [];
    static readonly Func<object, object> Copy = typeof(object).GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!.CreateDelegate<Func<object, object>>();

    readonly Type type;
    readonly Lazy<RecordMember[]> members;
    readonly Lazy<object> blank;
    readonly bool isShared;

    RecordPlan(Type type)
    {
        this.type = type;
        // Records may hold records of their own type.
        members = new(() => [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.GetMethod is { IsPublic: true } && p.GetIndexParameters().Length == 0 && !p.IsDefined(typeof(JsonIgnoreAttribute)))
            .Select(p => new RecordMember(p))]);
        blank = new(() => Blank(type));
        // What could be changed in place is made anew for each.
        isShared = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).All(p => !IsChangeable(p.PropertyType));
    }

    public static RecordPlan Of(Type type) => Known.GetOrAdd(type, static t => new(t));

    /// <summary>Mainstay's own records, classes and structures, and nameless ones made in place.</summary>
    public static bool Fits(Type type) =>
        (type is { IsGenericType: false, IsEnum: false, IsInterface: false, Namespace: { } room } ? room.StartsWith("Mainstay.", StringComparison.Ordinal) : type.Name.StartsWith("<>f__AnonymousType", StringComparison.Ordinal))
        && !typeof(Delegate).IsAssignableFrom(type) && !typeof(System.Collections.IEnumerable).IsAssignableFrom(type);

    public void Write(Utf8JsonWriter writer, object record)
    {
        writer.WriteStartObject();
        foreach (var member in members.Value)
        {
            if (member.Get(record) is { } value)
            {
                writer.WritePropertyName(member.Name);
                member.Value.Write(writer, value);
            }
        }

        writer.WriteEndObject();
    }

    public object? Read(ref Utf8JsonReader reader, bool strict)
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
        var record = isShared ? Copy(blank.Value) : Blank(type);
        var seen = new bool[all.Length];
        var next = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var index = Find(all, ref reader, next);
            if (strict && index < 0)
            {
                var name = reader.GetString();
                throw new JsonException($"The JSON property '{name}' could not be mapped to any .NET member contained in type '{type}'.", $"$.{name}", null, null);
            }

            reader.Read();
            if (index < 0 || !all[index].CanSet)
            {
                reader.Skip();
                continue;
            }

            next = index + 1;
            seen[index] = true;
            Set(all[index], record, ref reader, strict);
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

    static void Set(RecordMember member, object record, ref Utf8JsonReader reader, bool strict)
    {
        try
        {
            member.Set(record, reader.TokenType == JsonTokenType.Null && !member.Value.ReadsNull ? member.OfNull(strict) : member.Value.Read(ref reader, strict));
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
        var constructors = type.IsAbstract ? [] : type.GetConstructors();
        var constructor = constructors.FirstOrDefault(c => c.GetParameters().Length == 0) ?? (constructors is [var only] ? only : null);
        if (constructor is null)
        {
            return type.IsValueType ? RuntimeHelpers.GetUninitializedObject(type) : throw new NotSupportedException($"{type} is written only.");
        }

        return constructor.Invoke([.. constructor.GetParameters().Select(p =>
            p.HasDefaultValue && p.DefaultValue is { } value ? value : p.ParameterType.IsValueType && Nullable.GetUnderlyingType(p.ParameterType) is null ? RuntimeHelpers.GetUninitializedObject(p.ParameterType) : null)]);
    }

    static bool IsChangeable(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() is var open
        && (open == typeof(List<>) || open == typeof(Dictionary<,>) || open == typeof(SortedDictionary<,>) || open == typeof(HashSet<>) || open == typeof(IDictionary<,>) || open == typeof(IList<>));
}

/// <summary>A member of a record.</summary>
[UnconditionalSuppressMessage("Trimming", "IL2075", Justification = Trimming.Rooted)]
sealed class RecordMember
{
    readonly PropertyInfo property;
    readonly FieldInfo? field;
    readonly Lazy<ValueJson> value;
    readonly Lazy<bool> takesNoNull;

    public RecordMember(PropertyInfo property)
    {
        this.property = property;
        Name = JsonEncodedText.Encode(property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name));
        CanSet = property.SetMethod is { IsPublic: true };
        Required = property.IsDefined(typeof(RequiredMemberAttribute));
        value = new(() => ValueJson.Of(property.PropertyType));
        takesNoNull = new(() => !property.PropertyType.IsValueType && new NullabilityInfoContext().Create(property).WriteState == NullabilityState.NotNull);
        // A field is read and set without code made for it.
        field = property.DeclaringType!.GetField($"<{property.Name}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic)
            ?? property.DeclaringType.GetField($"<{property.Name}>i__Field", BindingFlags.Instance | BindingFlags.NonPublic);
    }

    public JsonEncodedText Name { get; }

    public bool CanSet { get; }

    public bool Required { get; }

    // Found when it is first needed: a record may hold what no notation exists for, as long as nobody writes it.
    public ValueJson Value => value.Value;

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
    /// <param name="strict">Whether null is refused, too, where the record says that there is a value in any case.</param>
    public object? OfNull(bool strict) =>
        property.PropertyType.IsValueType && Nullable.GetUnderlyingType(property.PropertyType) is null
            ? throw new JsonException($"The JSON value could not be converted to {property.PropertyType}.")
            : strict && takesNoNull.Value ? throw new JsonException("null where a value was expected") : null;
}
