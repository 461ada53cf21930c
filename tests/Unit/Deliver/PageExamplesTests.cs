using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Mainstay.Core.Kinds.Schema;
using Mainstay.Deliver.Decide;
using Mainstay.Deliver.Manifest;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Deliver;

/// <summary>The pages say what is so: each of their manifests is read, alone, or laid over the page's first whole one, or over a small shop.</summary>
public sealed partial class PageExamplesTests
{
    static readonly string Root = Path.GetFullPath("../../..", ThisFolder());

    const string Shop = """
        architecture: shop
        services: { web: { run: ./web }, orders: { run: ./orders }, reports: { run: ./reports }, mailer: { run: ./mailer } }
        queues: { mails: {} }
        config: { flags: {} }
        """;

    public static TheoryData<string> Pages() =>
    [
        .. Directory.GetFiles(Root, "README*.md").Concat(Directory.GetFiles(Path.Combine(Root, "docs"), "*.md"))
            .Where(page => YamlBlock().IsMatch(File.ReadAllText(page))).Select(page => Path.GetRelativePath(Root, page)).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_manifest_of_a_page_is_valid_and_fits_the_schema(string page)
    {
        var blocks = YamlBlock().Matches(File.ReadAllText(Path.Combine(Root, page))).Select(match => match.Groups[1].Value).ToArray();
        var first = blocks.FirstOrDefault(IsWhole) ?? Shop;
        foreach (var block in blocks)
        {
            var problems = Read(IsWhole(block) ? [new("page.yaml", block)] : [new("first.yaml", first), new("page.yaml", block)]);
            if (problems.Count > 0 && !IsWhole(block)) problems = Read([new("first.yaml", Shop), new("page.yaml", block)]);
            problems.ShouldBeEmpty(block);
            if (IsWhole(block)) SchemaCheck.Problems(JsonSchemas.ForManifest(), SchemaCheck.FromYaml(block)).ShouldBeEmpty(block);
        }
    }

    static IReadOnlyList<PlacedProblem> Read(IReadOnlyList<ManifestFile> files) => ManifestReader.Read(files, new() { BaseFolder = "/shop", Folders = new AnyFolder() }).Problems;

    static bool IsWhole(string block) => block.StartsWith("architecture:", StringComparison.Ordinal);

    static string ThisFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex YamlBlock();

    sealed class AnyFolder : IFolders
    {
        public bool Exists(string path) => true;
    }
}
