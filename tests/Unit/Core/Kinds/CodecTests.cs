using System.Text;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Kinds;

public sealed class CodecTests
{
    static readonly Service Web = new()
    {
        Name = "web",
        Revision = 7,
        BaseFolder = "/srv",
        Scale = 3,
        Spec = new()
        {
            Run = "./web <ä>",
            Criticality = Criticality.Critical,
            Grace = TimeSpan.FromMinutes(1.5),
            Env = new Dictionary<string, string> { ["B"] = "1", ["a"] = "2" },
            Needs = new Dictionary<string, NeedSpec> { ["db"] = new() { Version = ">=2", Optional = true } },
        },
    };

    [Fact]
    public void A_resource_is_written_as_users_write_it()
    {
        var text = Encoding.UTF8.GetString(Codec.Encode(Web));
        text.ShouldContain("\"run\":\"./web <ä>\"");
        text.ShouldContain("\"criticality\":\"critical\"");
        text.ShouldContain("\"grace\":\"1m30s\"");
        text.ShouldContain("\"env\":{\"B\":\"1\",\"a\":\"2\"}");
        text.ShouldNotContain("digest", customMessage: "what is null is left out");
        text.ShouldNotContain("revision", customMessage: "the store knows it");
    }

    [Fact]
    public void What_was_written_is_read_again()
    {
        var read = Codec.Decode<Service>(Codec.Encode(Web));
        Codec.Same(read, Web).ShouldBeTrue();
        Codec.Same(read.Spec.Needs["db"], Web.Spec.Needs["db"]).ShouldBeTrue();
        read.Revision.ShouldBe(0);
    }

    [Theory]
    [InlineData("critical", Criticality.Critical)]
    [InlineData("low", Criticality.Low)]
    public void Enumerations_are_words(string word, Criticality value)
    {
        Codec.Decode<Criticality>(Encoding.UTF8.GetBytes($"\"{word}\"")).ShouldBe(value);
        Encoding.UTF8.GetString(Codec.Encode(value)).ShouldBe($"\"{word}\"");
    }

    [Theory]
    [InlineData("0")]
    [InlineData("3")]
    [InlineData("\"0\"")]
    [InlineData("\"3\"")]
    [InlineData("\"99\"")]
    [InlineData("\"\"")]
    [InlineData("\"urgent\"")]
    [InlineData("null")]
    public void Enumerations_are_nothing_else(string json) =>
        Should.Throw<JsonException>(() => Codec.Decode<Criticality>(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData("10")]
    [InlineData("\"10\"")]
    [InlineData("\"00:00:10\"")]
    [InlineData("\"-1s\"")]
    [InlineData("\"\"")]
    [InlineData("null")]
    public void Durations_have_units(string json) =>
        Should.Throw<JsonException>(() => Codec.Decode<TimeSpan>(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"name\":\"web\",\"baseFolder\":\"/\",\"spec\":{\"instances\":{\"min\":\"1\"}}}")]
    public void What_is_no_service_is_refused(string json) =>
        Should.Throw<JsonException>(() => Codec.Decode<Service>(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Members_that_are_not_known_are_skipped() =>
        Codec.Same(Codec.Decode<NeedSpec>("""{"optional":true,"since":"tomorrow"}"""u8), new NeedSpec { Optional = true }).ShouldBeTrue();

    [Fact]
    public void Same_is_about_content()
    {
        Codec.Same(Web, Web with { Spec = Web.Spec with { Env = new Dictionary<string, string>(Web.Spec.Env) } }).ShouldBeTrue();
        Codec.Same(Web, Web with { Revision = 8 }).ShouldBeTrue();
        Codec.Same(Web, Web with { Scale = null }).ShouldBeFalse();
        Codec.Same<Resource>(Web, Web with { Spec = Web.Spec with { Run = "other" } }).ShouldBeFalse();
        Codec.Same<string?>(null, null).ShouldBeTrue();
        Codec.Same(null, "").ShouldBeFalse();
    }

    [Fact]
    public void The_order_of_map_keys_is_no_content()
    {
        var turned = Web with { Spec = Web.Spec with { Env = new Dictionary<string, string> { ["a"] = "2", ["B"] = "1" } } };
        Codec.Encode(turned).ShouldNotBe(Codec.Encode(Web));
        Codec.Same(turned, Web).ShouldBeTrue();
        turned.Asked(running: true).ShouldBe(Web.Asked(running: true));

        var swapped = Web with { Spec = Web.Spec with { Env = new Dictionary<string, string> { ["a"] = "1", ["B"] = "2" } } };
        Codec.Same(swapped, Web).ShouldBeFalse();
        swapped.Asked(running: true).ShouldNotBe(Web.Asked(running: true));
        Codec.Same<string[]>(["a", "b"], ["b", "a"]).ShouldBeFalse("the order of a list is content");
    }
}
