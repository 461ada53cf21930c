using System.Text;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>Manifests that are wrong: said with a remedy, and nothing was started or changed.</summary>
public sealed class BadManifestTests(EchoFixture fixture) : IClassFixture<EchoFixture>
{
    const int Mi = 1024 * 1024;

    /// <summary>What is wrong, and a word that the message must have.</summary>
    public static TheoryData<string, string> Kinds => new()
    {
        { "empty", "empty" },
        { "10 MB of YAML", "longer than" },
        { "alias bomb", "500000 values" },
        { "binary garbage", "UTF-8" },
        { "unknown key", "did you mean" },
        { "cycle", "a → b → c → a" },
        { "wrong unit", "10 parsecs" },
        { "missing need", "there is no service 'nobody'" },
    };

    Installation Mainstay => fixture.Mainstay;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Up_says_what_is_wrong_and_starts_nothing(string kind, string expected)
    {
        await using var mainstay = new Installation();

        var outcome = await mainstay.TryUpAsync(Write(mainstay, kind));

        ShouldExplain(outcome, expected);
        Directory.Exists(mainstay.Data).ShouldBeFalse();
        mainstay.Processes().ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Apply_says_what_is_wrong_and_leaves_what_runs_untouched(string kind, string expected)
    {
        var before = await Mainstay.ConvergedAsync();

        var outcome = await Mainstay.RunAsync("apply", Write(Mainstay, kind));

        ShouldExplain(outcome, expected);
        var after = await Mainstay.ConvergedAsync();
        after.Architecture.ShouldBe(before.Architecture);
        after.Pids.ShouldBe(before.Pids, ignoreOrder: true);
        (await Mainstay.AskAsync("/")).ShouldNotBeNull();
    }

    static void ShouldExplain(Outcome outcome, string expected)
    {
        outcome.ShouldBe(2);
        outcome.Out.ShouldBeEmpty();
        outcome.ErrorLines.Count.ShouldBeGreaterThanOrEqualTo(2, outcome.ToString());
        outcome.ErrorLines[0].ShouldContain("problem", customMessage: outcome.ToString());
        outcome.ErrorLines[1].ShouldContain("nothing was changed", customMessage: outcome.ToString());
        outcome.Error.ShouldContain(expected, customMessage: outcome.ToString());
    }

    static string Write(Installation mainstay, string kind)
    {
        var path = Path.Combine(mainstay.Folder, "bad.yaml");
        File.WriteAllBytes(path, kind switch
        {
            "empty" => [],
            "binary garbage" => [0x7F, (byte)'E', (byte)'L', (byte)'F', .. Enumerable.Range(0, 4096).Select(i => (byte)((i * 167) ^ 0xA5))],
            _ => Encoding.UTF8.GetBytes(Text(kind, mainstay)),
        });
        return path;
    }

    static string Text(string kind, Installation mainstay) => kind switch
    {
        "10 MB of YAML" => "architecture: big\nservices:\n" + string.Concat(Enumerable.Range(0, 10 * Mi / 40).Select(i => $"  service-{i:0000000}: {{ run: node }}\n        ")),
        "alias bomb" => "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
            + string.Concat(Enumerable.Range(1, 12).Select(i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n")),
        "unknown key" => mainstay.Echoes().With("a", new() { More = ["instnaces: 2"] }).Text("a"),
        "cycle" => mainstay.Echoes().With("a", new() { Needs = ["b"] }).With("b", new() { Needs = ["c"] }).With("c", new() { Needs = ["a"] }).Text("a"),
        "wrong unit" => mainstay.Echoes().With("a", new() { More = ["restart: { backoff: 10 parsecs }"] }).Text("a"),
        "missing need" => mainstay.Echoes().With("a", new() { Needs = ["nobody"] }).Text("a"),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
