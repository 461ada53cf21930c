using System.Text;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Json;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Host.Api;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Kinds;

/// <summary>Records by their fields and by the serializer's own way are the same text, and the same records.</summary>
public sealed class RecordJsonTests
{
    static readonly JsonSerializerOptions BySerializer = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.Strict,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false), new Spans() },
    };

    public static TheoryData<Type> Kinds => [.. CoreKinds.All.All.Select(k => k.Type)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Both_ways_write_and_read_the_same(Type kind)
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var made = new RecordMaker(new Random(seed)).Make(kind, depth: 0)!;
            var ours = Codec.Text(made);
            ours.ShouldBe(JsonSerializer.Serialize(made, kind, BySerializer), $"seed {seed}");
            var read = Codec.Decode(kind, Encoding.UTF8.GetBytes(ours));
            JsonSerializer.Serialize(read, kind, BySerializer).ShouldBe(ours, $"seed {seed}");
            Codec.Text(JsonSerializer.Deserialize(ours, kind, BySerializer)!).ShouldBe(ours, $"seed {seed}");
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

    [Theory]
    [InlineData("""{"run":"./web","critcality":"low"}""", "critcality", "$.critcality")]
    [InlineData("""{"run":"./web","needs":null}""", "null", "$.needs")]
    [InlineData("""{"run":"./web","needs":{"db":null}}""", "null", "$.needs.db")]
    public void What_nobody_knows_is_refused_where_it_is_asked_for(string json, string says, string place)
    {
        var wrong = Should.Throw<JsonException>(() => Codec.Decode(typeof(ServiceSpec), Encoding.UTF8.GetBytes(json), strict: true));
        wrong.Message.ShouldContain(says);
        wrong.Path.ShouldBe(place);
        Codec.Decode<ServiceSpec>(json).ShouldNotBeNull();
    }

    [Fact]
    public void What_is_wrong_has_its_line()
    {
        var wrong = Should.Throw<JsonException>(() => Codec.Decode<NeedSpec>("{\n  \"version\": \">=2\",\n  \"optional\": 7\n}"));
        (wrong.LineNumber, wrong.BytePositionInLine).ShouldBe((2, 15));
    }

    [Fact]
    public void Nameless_records_are_written() =>
        Codec.Text(new { number = 3, name = "x", nothing = (string?)null, list = new[] { new { Deep = true } } }).ShouldBe("""{"number":3,"name":"x","list":[{"deep":true}]}""");

    // Native code has no code for lists and maps of a type of values unless it is named.
    [Fact]
    public void Lists_and_maps_of_values_are_known()
    {
        var seen = new HashSet<Type>();
        var unknown = new List<string>();
        foreach (var type in CoreKinds.All.All.Select(k => k.Type).Concat(typeof(Body).Assembly.GetTypes().Concat(typeof(TableModel).Assembly.GetTypes()).Where(t => t.GetMethod("<Clone>$") is not null && t.Namespace is "Mainstay.Host.Api" or "Mainstay.Host.Api.Agents" or "Mainstay.Traffic.Path")))
        {
            Look(type, seen, unknown);
        }

        seen.Count.ShouldBeGreaterThan(200);
        unknown.ShouldBeEmpty();
    }

    static void Look(Type type, HashSet<Type> seen, List<string> unknown)
    {
        if (type.Namespace?.StartsWith("Mainstay.", StringComparison.Ordinal) != true || !seen.Add(type))
        {
            return;
        }

        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.SetMethod is { IsPublic: true }))
        {
            var at = property.PropertyType;
            while (at.IsArray || at.IsGenericType)
            {
                var open = at.IsArray ? null : at.GetGenericTypeDefinition();
                at = at.IsArray ? at.GetElementType()! : at.GetGenericArguments()[^1];
                if ((open is null || open == typeof(IReadOnlyList<>) || open == typeof(IReadOnlyDictionary<,>)) && at != typeof(byte) && !Collections.Knows(at) && !at.IsGenericType)
                {
                    unknown.Add($"{type.Name}.{property.Name}: {at}");
                }
            }

            Look(at, seen, unknown);
        }
    }

    sealed class Spans : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Durations.TryParse(reader.GetString(), out var value) ? value : throw new JsonException();

        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) => writer.WriteStringValue(Durations.Format(value));
    }

    [Fact]
    public void Damaged_text_is_refused_and_nothing_worse()
    {
        var whole = Codec.Encode(new RecordMaker(new Random(7)).Make(typeof(Route), 0));
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
}
