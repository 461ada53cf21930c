using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Mainstay.Core.Kinds;
using Mainstay.Host.Cli.Output;
using Shouldly;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Mainstay.Tests.Host.Cli;

public class OutputTests
{
    [Theory]
    [InlineData("plain", 5)]
    [InlineData("\e[31mred\e[0m", 3)]
    [InlineData("服务", 4)]
    [InlineData("e\u0301", 1)]
    [InlineData("🚀", 2)]
    public void Width_is_what_a_terminal_shows(string text, int columns) => TextWidth.Of(text).ShouldBe(columns);

    [Theory]
    [InlineData("services", 8, "services")]
    [InlineData("services", 5, "serv…")]
    [InlineData("服务网格", 5, "服务…")]
    [InlineData("服务网格", 4, "服…")]
    [InlineData("\e[31mservices\e[0m", 4, "\e[31mser…\e[0m")]
    public void What_is_too_long_is_cut_to_fit(string text, int columns, string shown) => TextWidth.Fit(text, columns).ShouldBe(shown);

    [Fact]
    public void What_fits_is_never_wider_than_asked_for() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), ArbMap.Default.ArbFor<byte>(),
            (text, columns) => TextWidth.Of(TextWidth.Fit(text.Get, columns + 1)) <= columns + 1));

    [Fact]
    public void Lines_of_services_cannot_move_the_cursor() =>
        TextWidth.Harmless("a\e[2J\tb\rc\e[1;31md\e").ShouldBe("a b cd ");

    [Theory]
    [InlineData("statsu", "status")]
    [InlineData("lgos", "logs")]
    [InlineData("hsitory", "history")]
    [InlineData("kubernetes", null)]
    public void The_nearest_word_is_offered_when_it_is_near(string typed, string? meant) =>
        Nearest.To(typed, ["status", "logs", "history", "map"]).ShouldBe(meant);

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(59, "59s")]
    [InlineData(192, "3m12s")]
    [InlineData(3599, "59m")]
    [InlineData(9000, "2h30m")]
    [InlineData(100_000, "27h")]
    [InlineData(1_000_000, "11d")]
    public void Ages_are_short(int seconds, string text) => Quantities.Age(TimeSpan.FromSeconds(seconds)).ShouldBe(text);

    [Fact]
    public void Yaml_means_the_same_to_a_reader()
    {
        var json = """
            {"plain":"two words","number":"1.5","flag":"yes","nothing":null,"empty":"","time":"10:30","key: odd":" lead","multi":"a\nb","quote":"it's \"so\"","hash":"# no",
             "list":[1,[2,[]],{"a":{},"b":[{"c":"-"}]},true],"unicode":"服务","end":"colon:","dash":"- x"}
            """;
        var yaml = new YamlStream();
        yaml.Load(new StringReader(Yaml.Of(JsonNode.Parse(json))));
        Shape(yaml.Documents[0].RootNode).ShouldBe(Shape(JsonNode.Parse(json)));
    }

    [Fact]
    public void Yaml_keeps_every_character_that_a_reader_could_take_for_something_else()
    {
        string[] texts = [.. Enumerable.Range(0, 0x3000).Concat(Enumerable.Range(0xFE00, 0x200)).Select(c => (char)c).SelectMany(c => new[] { $"{c}", $"a{c}b", $"{c} " })];
        var yaml = new YamlStream();
        yaml.Load(new StringReader(Yaml.Of(new JsonArray([.. texts.Select(t => JsonValue.Create(t))]))));
        var read = ((YamlSequenceNode)yaml.Documents[0].RootNode).Children.Select(c => ((YamlScalarNode)c).Value).ToArray();
        texts.Zip(read).Where(t => t.First != t.Second).Select(t => $"U+{(int)t.First[0]:X4} '{t.First}' '{t.Second}'").Take(10).ShouldBeEmpty();
    }

    [Fact]
    public void Yaml_keeps_every_string() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), text =>
        {
            var clean = string.Concat(text.Get.Where(c => !char.IsSurrogate(c)));
            var yaml = new YamlStream();
            yaml.Load(new StringReader(Yaml.Of(new JsonObject { ["text"] = clean })));
            return ((YamlScalarNode)((YamlMappingNode)yaml.Documents[0].RootNode).Children[new YamlScalarNode("text")]).Value == clean;
        }));

    static string Shape(YamlNode node) => node switch
    {
        YamlMappingNode map => "{" + string.Join(',', map.Children.Select(c => $"{((YamlScalarNode)c.Key).Value}={Shape(c.Value)}")) + "}",
        YamlSequenceNode list => "[" + string.Join(',', list.Children.Select(Shape)) + "]",
        _ => ((YamlScalarNode)node).Style == YamlDotNet.Core.ScalarStyle.Plain ? ((YamlScalarNode)node).Value! : $"'{((YamlScalarNode)node).Value}'",
    };

    // Strings that are quoted in YAML are those that a reader could take for something else.
    static string Shape(JsonNode? node) => node switch
    {
        JsonObject map => "{" + string.Join(',', map.Select(c => $"{c.Key}={Shape(c.Value)}")) + "}",
        JsonArray list => "[" + string.Join(',', list.Select(Shape)) + "]",
        null => "null",
        _ when node.GetValueKind() == System.Text.Json.JsonValueKind.String => node.GetValue<string>() is "two words" ? "two words" : $"'{node.GetValue<string>()}'",
        _ => node.ToJsonString(),
    };
}
