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
            var made = new RecordMaker(new Random(seed)).Make(kind, depth: 0)!;
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
