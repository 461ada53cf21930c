using System.Text;
using System.Text.Json;
using Mainstay.Core.Expressions;
using Mainstay.Tests.Scenarios;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Expressions;

/// <summary>What expressions give. Commands: <c>scope</c> with JSON, <c>value</c> with expressions line by line, <c>text</c> with texts.</summary>
public sealed class ExpressionTests
{
    public static TheoryData<string> Files => ScenarioFile.In("expression");

    [Theory]
    [MemberData(nameof(Files))]
    public void Expressions_give_what_is_written(string file)
    {
        var scope = new Scope(JsonSerializer.Deserialize<JsonElement>("{}"));
        ScenarioFile.Run(file, step =>
        {
            if (step.Words[0] == "scope")
            {
                scope = new(JsonSerializer.Deserialize<JsonElement>(step.Input));
                return "";
            }

            return string.Join('\n', step.Input.Split('\n').Select(line => step.Words[0] == "text" ? Text(line, scope) : Value(line, scope)));
        });
    }

    static string Value(string text, Scope scope)
    {
        var (read, wrong) = ExpressionReader.Read(text);
        return $"{text}  →  {(read is null ? "wrong: " + wrong : Shown(read.Evaluate(scope)))}";
    }

    static string Text(string text, Scope scope)
    {
        var (read, wrong) = ExpressionText.Read(text);
        return $"{text}  →  {(read is null ? "wrong: " + wrong : Shown(read.Fill(scope, Uri.EscapeDataString, whole: true)))}";
    }

    static string Shown(ExpressionValue value) => value.Kind switch
    {
        ExpressionKind.Fault => "fault: " + value.Text,
        ExpressionKind.Text => $"'{value.Text}'",
        ExpressionKind.Null => "null",
        _ => value.ToString(),
    };

    [Fact]
    public void Whatever_is_written_is_a_value_or_a_fault_and_costs_little()
    {
        string[] words = ["a", "a.b", "a.0", "input", "1", "2.5", "'x'", "true", "null", "+", "-", "*", "/", "%", "==", "<", ">=", "and", "or", "not", "(", ")", ",", "length(", "if(", "min(", "round(", "first(", " ", "{", "}", ".", "'", "79228162514264337593543950335"];
        var scope = new Scope(JsonSerializer.Deserialize<JsonElement>("""{"a":{"b":[1,"x",null,{"c":true}]},"input":[1,2,3]}"""));
        var chance = new Random(7);
        var read = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var text = new StringBuilder();
            for (var n = chance.Next(1, 14); n > 0; n--)
            {
                text.Append(words[chance.Next(words.Length)]).Append(chance.Next(3) > 0 ? " " : "");
            }

            var (expression, wrong) = ExpressionReader.Read(text.ToString());
            (expression is null).ShouldBe(wrong is not null, text.ToString());
            _ = ExpressionText.Read(text.ToString()).Text?.Fill(scope);
            if (expression is not null)
            {
                read++;
                var value = expression.Evaluate(scope);
                value.IsFault.ShouldBe(value.Kind == ExpressionKind.Fault);
            }
        }

        read.ShouldBeGreaterThan(300);
    }

    [Fact]
    public void Depth_and_length_are_bounded()
    {
        ExpressionReader.Read(new string('(', 25) + "1" + new string(')', 25)).Wrong!.ShouldContain("nested deeper");
        ExpressionReader.Read(string.Concat(Enumerable.Repeat("not ", 200)) + "true").Wrong!.ShouldContain("nested deeper");
        ExpressionReader.Read(new string('1', 1001)).Wrong!.ShouldContain("more than 1000");
        ExpressionReader.Read(string.Join('+', Enumerable.Repeat("1", 500))).Read!.Evaluate(new Scope(default)).Number.ShouldBe(500);
    }

    sealed class Scope(JsonElement root) : IExpressionScope
    {
        public JsonElement? Find(string name) => root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value) ? value : null;
    }
}
