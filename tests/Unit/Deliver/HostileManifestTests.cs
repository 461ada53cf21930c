using System.Text;
using Mainstay.Deliver.Manifest;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Deliver;

/// <summary>What nobody writes by accident: each gets one clear error instead of an exception, a long wait or much memory.</summary>
public class HostileManifestTests
{
    const string Start = "architecture: shop\nservices:\n";

    /// <summary>Name, text, and a part of the error; also what the timing run measures.</summary>
    public static IReadOnlyList<(string Name, string Text, string Error)> Cases { get; } =
    [
        ("10 MB of text", Start + string.Concat(Enumerable.Range(0, 400_000).Select(i => $"  s{i}: {{ run: ./s{i} }}\n")), "longer than 8 Mi characters"),
        ("7 MB of services", Start + string.Concat(Enumerable.Range(0, 250_000).Select(i => $"  s{i}: {{ run: ./s{i} }}\n")), "more than 500000 values"),
        ("1,001 services", Start + string.Concat(Enumerable.Range(0, 1001).Select(i => $"  s{i}: {{ run: ./s{i} }}\n")), "1001 services are more than 1000"),
        ("an alias bomb", Bomb(), "more than 500000 values, aliases included"),
        ("a merge bomb", MergeBomb(), "more than 500000 values, aliases included"),
        ("deep brackets", "a: " + new string('[', 1_000_000), "nested deeper than 32 levels"),
        ("deep braces", new string('{', 1_000_000), "nested deeper than 32 levels"),
        ("deep indentation", string.Concat(Enumerable.Range(0, 2000).Select(i => new string(' ', i) + "a:\n")), "nested deeper than 32 levels"),
        ("deep aliases", DeepAliases(), "nested deeper than 32 levels"),
        ("a NUL", Start + "  web: { run: \"a\0b\" }\n", "the control character U+0000 is not text"),
        ("an escape", "\u001b[2J", "the control character U+001B is not text"),
        ("a broken surrogate", Start + "  web: { run: \ud800 }\n", "the text is not UTF-8"),
        ("a replacement character", Start + "  web: { run: \ufffd }\n", "the text is not UTF-8"),
        ("one long line", Start + "  web: { run: " + new string('x', 5_000_000) + "\n", "not YAML"),
        ("a long duration", Start + "  web: { run: a, grace: " + new string('9', 1_000_000) + "d }\n", "is not a duration"),
        ("an endless number", Start + "  web: { run: a, instances: " + new string('9', 1_000_000) + " }\n", "is too large"),
        ("a long path", Start + "  web: { run: a }\ngateway: { routes: { a: { to: web, match: { path: \"" + new string('{', 1_000_000) + "\" } } } }\n", "gateway.routes.a.match.path: '{{{{"),
        ("a thousand services in one circle", Circle(), "the needs go round in a circle"),
        ("everybody needs everybody", Dense(), "the needs go round in a circle"),
        ("45,000 unknown keys", string.Concat(Enumerable.Range(0, 45_000).Select(i => $"k{i}: 1\n")), "more problems are not listed"),
    ];

    public static TheoryData<string> Names => [.. Cases.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_gets_a_clear_error(string name)
    {
        var (_, text, error) = Cases.Single(c => c.Name == name);
        var result = ManifestReader.Read([new("mainstay.yaml", text)], ManifestScenarios.Around);
        result.Value.ShouldBeNull();
        result.Problems.ShouldContain(p => p.ToString().Contains(error, StringComparison.Ordinal));
        result.Problems.Count.ShouldBeLessThanOrEqualTo(ManifestReader.MostProblems + 1);
        result.Problems.ShouldAllBe(p => p.ToString().Length < 4096, "no problem repeats the input");
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_named_with_their_place()
    {
        ManifestFile.Decode("a.yaml", [0x61, 0x0A, 0x62, 0xC3, 0x28]).Problem!.ToString().ShouldStartWith("a.yaml:2:2: the text is not UTF-8");
        ManifestFile.Decode("a.yaml", [0xFF, 0xFE, 0x61, 0x00]).Problem!.What.ShouldBe("the text is UTF-16");
        ManifestFile.Decode("a.yaml", new byte[ManifestFile.MaxLength + 1]).Problem!.What.ShouldContain("longer than 8 Mi characters");
    }

    [Fact]
    public void A_byte_order_mark_of_UTF8_is_not_part_of_the_text() =>
        ManifestFile.Decode("a.yaml", [0xEF, 0xBB, 0xBF, .. "architecture: shop"u8]).File!.Text.ShouldBe("architecture: shop");

    static string Bomb()
    {
        var text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 12; i++)
        {
            text.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        }

        return text.ToString();
    }

    static string MergeBomb()
    {
        var text = new StringBuilder("x: &x { ");
        text.AppendJoin(", ", Enumerable.Range(0, 1000).Select(i => $"k{i}: v")).Append(" }\n");
        text.Append(string.Concat(Enumerable.Range(0, 5000).Select(i => $"m{i}: {{ <<: *x }}\n")));
        return text.ToString();
    }

    static string DeepAliases() => "a0: &a0 [x]\n" + string.Concat(Enumerable.Range(1, 100).Select(i => $"a{i}: &a{i} [*a{i - 1}]\n"));

    static string Circle() => Start + string.Concat(Enumerable.Range(0, 1000).Select(i => $"  s{i}: {{ run: a, needs: [s{(i + 1) % 1000}] }}\n"));

    static string Dense() => Start + string.Concat(Enumerable.Range(0, 300).Select(i =>
        $"  s{i}: {{ run: a, needs: [{string.Join(", ", Enumerable.Range(0, 300).Where(j => j != i).Select(j => $"s{j}"))}] }}\n"));
}
