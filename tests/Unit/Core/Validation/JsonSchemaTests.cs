using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Mainstay.Core.Validation;
using Mainstay.Tests.Scenarios;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Validation;

/// <summary>What schemas say of values, keyword by keyword, and what must hold whatever schema and value are.</summary>
public sealed class JsonSchemaTests
{
    public static TheoryData<string> Files => ScenarioFile.In("schema");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_value_gets_its_recorded_answer(string file) => ScenarioFile.Run(file, step =>
    {
        // The first line is the schema, each further one a value.
        var lines = step.Input.Split('\n');
        var (schema, problems) = JsonSchema.Read(Parse(lines[0]), formats: step.Words is ["check", "formats"]);
        if (schema is null) return string.Join('\n', problems.Select(p => $"{p.Path}: {p.What}\n  {p.Remedy}"));
        var trace = new StringBuilder();
        foreach (var line in lines[1..])
        {
            var errors = schema.Check(Parse(line), 20);
            trace.Append(line).Append(": ").Append(errors.Count == 0 ? "fits" : string.Join("; ", errors.Select(e => $"{(e.Pointer.Length == 0 ? "it" : e.Pointer)} {e.Message}"))).Append('\n');
        }
        return trace.ToString();
    });

    [Fact]
    public void Logic_holds_for_any_schema_and_value() => Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
    {
        var random = new Random(seed);
        var (one, other) = (Schema(random, 0), Schema(random, 0));
        for (var round = 0; round < 5; round++)
        {
            var value = Parse(Value(random, 0));
            var (a, b) = (Fits(one, value), Fits(other, value));
            Fits($$"""{"not":{{one}}}""", value).ShouldBe(!a, $"{one} {value}");
            Fits("{\"not\":{\"not\":" + one + "}}", value).ShouldBe(a);
            Fits($$"""{"allOf":[{{one}},{{other}}]}""", value).ShouldBe(a && b);
            Fits($$"""{"anyOf":[{{one}},{{other}}]}""", value).ShouldBe(a || b);
            Fits($$"""{"oneOf":[{{one}},{{other}}]}""", value).ShouldBe(a ^ b);
            Fits($$"""{"if":{{one}},"then":{{other}},"else":false}""", value).ShouldBe(a && b);
            Fits("{\"$ref\":\"#/$defs/x\",\"$defs\":{\"x\":" + one + "}}", value).ShouldBe(a);
            Fits("{\"required\":[\"k\"],\"properties\":{\"k\":" + one + "}}", Parse($$"""{"k":{{value.GetRawText()}}}""")).ShouldBe(a);
            Fits($$"""{"items":{{one}}}""", Parse($"[{value.GetRawText()},{value.GetRawText()}]")).ShouldBe(a);
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_check_ends_whatever_the_schema_asks_for()
    {
        // Each level asks twice about the next: 2^60 steps, if nobody counted.
        var levels = string.Concat(Enumerable.Range(1, 60).Select(level => $$"""
            ,"l{{level}}":{"allOf":[{"$ref":"#/$defs/l{{level - 1}}"},{"$ref":"#/$defs/l{{level - 1}}"}]}
            """));
        var (read, problems) = JsonSchema.Read(Parse("{\"$ref\":\"#/$defs/l60\",\"$defs\":{\"l0\":{\"type\":\"object\"}" + levels + "}}"), false);
        problems.ShouldBeEmpty();
        read!.Check(Parse("{}"), 20)[^1].Message.ShouldBe("takes too much work to check");
        var (not, _) = JsonSchema.Read(Parse("{\"not\":{\"$ref\":\"#/$defs/l60\"},\"$defs\":{\"l0\":{\"type\":\"object\"}" + levels + "}}"), false);
        not!.Check(Parse("{}"), 20)[^1].Message.ShouldBe("takes too much work to check");
    }

    [Fact]
    public void No_more_errors_are_told_than_were_asked_for()
    {
        var (schema, _) = JsonSchema.Read(Parse("""{"items":{"type":"string"}}"""), false);
        schema!.Check(Parse($"[{string.Join(',', Enumerable.Range(0, 1000))}]"), 5).Select(e => e.Pointer).ShouldBe(["/0", "/1", "/2", "/3", "/4"]);
    }

    [Fact]
    public void What_is_no_schema_is_refused_and_nothing_is_thrown() => Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
    {
        var random = new Random(seed);
        // Keywords with the values of others, and with any.
        string[] names = ["type", "enum", "const", "$ref", "$defs", "$anchor", "minimum", "multipleOf", "maxLength", "pattern", "format", "items", "prefixItems", "contains", "minContains", "properties", "required", "dependentRequired", "allOf", "not", "if", "then", "x"];
        var text = $"{{{string.Join(',', names.OrderBy(_ => random.Next()).Take(random.Next(1, 5)).Select(name => $"\"{name}\":{(random.Next(2) == 0 ? Value(random, 0) : Schema(random, 0))}"))}}}";
        var (schema, problems) = JsonSchema.Read(Parse(text), true);
        (schema is null).ShouldBe(problems.Count > 0);
        schema?.Check(Parse(Value(random, 0)), 3).Count.ShouldBeLessThanOrEqualTo(3);
    }).QuickCheckThrowOnFailure();

    static bool Fits(string schema, JsonElement value)
    {
        var (read, problems) = JsonSchema.Read(Parse(schema), true);
        problems.ShouldBeEmpty(schema);
        return read!.Check(value, 20).Count == 0;
    }

    static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    static string Value(Random random, int depth) => random.Next(depth < 3 ? 9 : 6) switch
    {
        0 => "null",
        1 => random.Next(2) == 0 ? "true" : "false",
        2 => new[] { "0", "1", "2.0", "-1.5", "1e3", "1e400", "0.1", "123456789012345678901234567890" }[random.Next(8)],
        3 or 4 => new[] { "\"\"", "\"a\"", "\"ab1\"", "\"é😀\"", "\"2020-02-29\"", "\"::1\"" }[random.Next(6)],
        5 => "3",
        6 => $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, depth + 1)))}]",
        _ => $"{{{string.Join(',', "abc".Take(random.Next(4)).Select(name => $"\"{name}\":{Value(random, depth + 1)}"))}}}",
    };

    static string Schema(Random random, int depth)
    {
        if (depth > 3 || random.Next(12) == 0) return random.Next(2) == 0 ? "true" : "false";
        var inner = () => Schema(random, depth + 1);
        var keywords = new Func<string>[]
        {
            () => $"\"type\":\"{new[] { "null", "boolean", "integer", "number", "string", "array", "object" }[random.Next(7)]}\"",
            () => $"\"enum\":[{Value(random, 2)},{Value(random, 2)}]",
            () => $"\"const\":{Value(random, 1)}",
            () => $"\"minimum\":{random.Next(3)}",
            () => $"\"exclusiveMaximum\":{random.Next(3)}.5",
            () => $"\"multipleOf\":{random.Next(1, 3)}",
            () => $"\"minLength\":{random.Next(3)}",
            () => "\"pattern\":\"^[a-z]\"",
            () => "\"format\":\"date\"",
            () => $"\"prefixItems\":[{inner()}]",
            () => $"\"items\":{inner()}",
            () => $"\"contains\":{inner()},\"maxContains\":2",
            () => "\"uniqueItems\":true",
            () => $"\"properties\":{{\"a\":{inner()},\"b\":{inner()}}}",
            () => $"\"patternProperties\":{{\"[bc]\":{inner()}}}",
            () => $"\"additionalProperties\":{inner()}",
            () => $"\"propertyNames\":{inner()}",
            () => "\"required\":[\"a\"]",
            () => "\"dependentRequired\":{\"a\":[\"b\"]}",
            () => $"\"dependentSchemas\":{{\"a\":{inner()}}}",
            () => $"\"allOf\":[{inner()},{inner()}]",
            () => $"\"oneOf\":[{inner()},{inner()}]",
            () => $"\"not\":{inner()}",
            () => $"\"if\":{inner()},\"then\":{inner()}",
        };
        return $"{{{string.Join(',', keywords.OrderBy(_ => random.Next()).Take(random.Next(1, 4)).Select(make => make()))}}}";
    }
}
