using System.Collections;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Kinds;

/// <summary>Records by their fields and by the serializer's own way are the same text, and the same records.</summary>
public sealed class RecordJsonTests
{
    public static TheoryData<Type> Kinds => [.. CoreKinds.All.All.Select(k => k.Type)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Both_ways_write_and_read_the_same(Type kind)
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var made = new Maker(new Random(seed)).Make(kind, depth: 0)!;
            var ours = JsonSerializer.Serialize(made, kind, Codec.Options);
            ours.ShouldBe(JsonSerializer.Serialize(made, kind, Codec.BySerializer), $"seed {seed}");
            var read = JsonSerializer.Deserialize(ours, kind, Codec.Options);
            JsonSerializer.Serialize(read, kind, Codec.BySerializer).ShouldBe(ours, $"seed {seed}");
            JsonSerializer.Serialize(JsonSerializer.Deserialize(ours, kind, Codec.BySerializer), kind, Codec.Options).ShouldBe(ours, $"seed {seed}");
        }
    }

    [Fact]
    public void What_is_not_written_has_its_default()
    {
        var read = Codec.Decode<Service>("""{"name":"web","baseFolder":"/","spec":{"run":"./web"}}"""u8);
        var made = new Service { Name = "web", BaseFolder = "/", Spec = new() { Run = "./web" } };
        Encoding.UTF8.GetString(Codec.Encode(read)).ShouldBe(Encoding.UTF8.GetString(Codec.Encode(made)));
        read.ShouldNotBeSameAs(Codec.Decode<Service>("""{"name":"web","baseFolder":"/","spec":{"run":"./web"}}"""u8));
    }

    [Theory]
    [InlineData("""{"baseFolder":"/","spec":{}}""", "")]
    [InlineData("""{"name":"web","baseFolder":"/","spec":{"grace":"ten"}}""", "$.spec.grace")]
    [InlineData("""{"name":"web","baseFolder":"/","spec":{"needs":{"db":{"optional":"yes"}}}}""", "$.spec.needs.db.optional")]
    [InlineData("""{"name":"web","baseFolder":"/","spec":{"needs":{"db":7}}}""", "$.spec.needs.db")]
    [InlineData("""{"name":"web","baseFolder":"/","spec":[]}""", "$.spec")]
    [InlineData("""{"name":"web","baseFolder":"/","spec":{"instances":{"min":null}}}""", "$.spec.instances.min")]
    public void What_is_wrong_has_its_place(string json, string place)
    {
        var wrong = Should.Throw<JsonException>(() => Codec.Decode<Service>(Encoding.UTF8.GetBytes(json)));
        (wrong.Path ?? "").ShouldEndWith(place.TrimStart('$'));
    }

    [Fact]
    public void Names_are_read_in_any_case_and_any_order() =>
        Codec.Same(Codec.Decode<NeedSpec>("""{"OPTIONAL":true,"version":">=2"}"""u8), new NeedSpec { Version = ">=2", Optional = true }).ShouldBeTrue();

    [Fact]
    public void Damaged_text_is_refused_and_nothing_worse()
    {
        var whole = Codec.Encode(new Maker(new Random(7)).Make(typeof(Route), 0));
        var random = new Random(11);
        for (var round = 0; round < 3000; round++)
        {
            var bytes = whole[..(round % 3 == 0 ? random.Next(whole.Length) : whole.Length)];
            for (var hit = 0; hit < 1 + (round % 4) && bytes.Length > 0; hit++)
            {
                bytes[random.Next(bytes.Length)] = (byte)"{}[]\",:0x"[random.Next(9)];
            }

            try
            {
                _ = Codec.Decode<Route>(bytes);
            }
            catch (JsonException)
            {
                // Refused.
            }
        }
    }

    /// <summary>Makes records with something in every member, or nothing where that is allowed.</summary>
    sealed class Maker(Random random)
    {
        static readonly NullabilityInfoContext Nulls = new();

        public object? Make(Type type, int depth)
        {
            type = Nullable.GetUnderlyingType(type) ?? type;
            if (type == typeof(string)) return random.Next(3) switch { 0 => "", 1 => "a \"b\" <ä> \u0007", _ => $"text-{random.Next(100)}" };
            if (type == typeof(bool)) return random.Next(2) == 0;
            if (type == typeof(int)) return random.Next(-5, 100_000);
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
}
