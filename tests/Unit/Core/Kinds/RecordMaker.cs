using System.Collections;
using System.Reflection;
using System.Text.Json;
using Mainstay.Core.Kinds;

namespace Mainstay.Tests.Core.Kinds;

/// <summary>Makes records with something in every member, or nothing where that is allowed.</summary>
sealed class RecordMaker(Random random)
{
    static readonly NullabilityInfoContext Nulls = new();

    public object? Make(Type type, int depth)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string)) return random.Next(3) switch { 0 => "", 1 => "a \"b\" <ä> \u0007", _ => $"text-{random.Next(100)}" };
        if (type == typeof(bool)) return random.Next(2) == 0;
        if (type == typeof(int)) return random.Next(-5, 100_000);
        if (type == typeof(uint)) return (uint)random.NextInt64(uint.MaxValue);
        if (type == typeof(long)) return random.NextInt64(-5, long.MaxValue);
        if (type == typeof(double)) return random.NextDouble() * 1000;
        if (type == typeof(TimeSpan)) return TimeSpan.FromMilliseconds(random.Next(0, 100_000_000));
        if (type == typeof(DateTimeOffset)) return DateTimeOffset.UnixEpoch.AddMilliseconds(random.NextInt64(2_000_000_000_000));
        if (type == typeof(JsonElement)) return JsonDocument.Parse("""{"a":[1,null]}""").RootElement;
        if (type == typeof(FreeValue)) return FreeValue.Parse(random.Next(2) == 0 ? "null" : """{"b":[true,"x"]}""");
        if (type.IsEnum) return Enum.GetValues(type).GetValue(random.Next(Enum.GetValues(type).Length));
        if (Notation.Of(type) is { } notation) return Text(type, notation);
        if (type.IsArray || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))) return List(type.IsArray ? type.GetElementType()! : type.GenericTypeArguments[0], depth);
        if (type.IsGenericType && type.GenericTypeArguments is [var key, var value] && key == typeof(string)) return Map(value, depth);
        return type is { IsClass: true, IsAbstract: false, Namespace: ['M', ..] } ? Record(type, depth) : throw new NotSupportedException($"{type}");
    }

    object Record(Type type, int depth)
    {
        var constructor = type.GetConstructors().Single();
        var record = constructor.Invoke([.. constructor.GetParameters().Select(p => p.ParameterType.IsValueType ? Make(p.ParameterType, depth + 1) : null)]);
        foreach (var property in type.GetProperties().Where(p => p.SetMethod is { IsPublic: true }))
        {
            var optional = Nullable.GetUnderlyingType(property.PropertyType) is not null || Nulls.Create(property).WriteState == NullabilityState.Nullable;
            if (optional && (depth > 3 || random.Next(2) == 0)) continue;
            property.SetValue(record, Make(property.PropertyType, depth + 1));
        }

        return record;
    }

    Array List(Type element, int depth)
    {
        var list = Array.CreateInstance(element, depth > 4 ? 0 : random.Next(3));
        for (var i = 0; i < list.Length; i++) list.SetValue(Make(element, depth + 1), i);
        return list;
    }

    object Map(Type element, int depth)
    {
        var map = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), element))!;
        for (var i = depth > 4 ? 0 : random.Next(3); i > 0; i--) map[$"key {i}"] = Make(element, depth + 1);
        return map;
    }

    object Text(Type type, Notation notation) =>
        notation.Read($"{random.Next(1, 90)}%") ?? notation.Read($"{random.Next(1, 90)}/s") ?? notation.Read($"{random.Next(1, 90)}Mi") ?? notation.Read("20ms") ?? Activator.CreateInstance(type)!;
}
