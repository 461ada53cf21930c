using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Mainstay.Core.Kinds.Json;

namespace Mainstay.Core.Kinds;

/// <summary>What a record looks like to who writes or reads it: its keys, and the key that a plain value stands for in a manifest.</summary>
[UnconditionalSuppressMessage("Trimming", "IL2070", Justification = Trimming.Rooted)]
public sealed class RecordShape
{
    static readonly ConcurrentDictionary<Type, RecordShape> Known = [];

    RecordShape(Type type)
    {
        Keys = [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.SetMethod is { IsPublic: true } && p.GetIndexParameters().Length == 0 && !p.IsDefined(typeof(JsonIgnoreAttribute)))
            .Select(p => new RecordKey(
                p.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(p.Name),
                p,
                p.IsDefined(typeof(RequiredMemberAttribute)) || IsParameter(type, p),
                p.IsDefined(typeof(NamesAloneAttribute))))];
        var plain = type.GetCustomAttribute<PlainValueIsAttribute>()?.Property;
        PlainValue = Keys.FirstOrDefault(k => k.Property.Name == plain);
    }

    // A positional record cannot be made without its parameters.
    static bool IsParameter(Type type, PropertyInfo property) =>
        type.GetConstructor(Type.EmptyTypes) is null && type.GetConstructors().Any(c => c.GetParameters().Any(p => p.Name == property.Name));

    public IReadOnlyList<RecordKey> Keys { get; }

    public RecordKey? PlainValue { get; }

    public static RecordShape Of(Type type) => Known.GetOrAdd(type, t => new RecordShape(t));

    public RecordKey? Find(string key) => Keys.FirstOrDefault(k => k.Name == key);
}

/// <summary>A key of a record.</summary>
/// <param name="Name">As written: camelCase.</param>
/// <param name="Property">Where its value goes.</param>
/// <param name="Required">Whether the record makes no sense without it.</param>
/// <param name="NamesAlone">Whether a list of names may stand for the map.</param>
public sealed record RecordKey(string Name, PropertyInfo Property, bool Required, bool NamesAlone);
