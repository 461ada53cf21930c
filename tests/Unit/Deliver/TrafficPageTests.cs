using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Mainstay.Core.Kinds.Schema;
using Mainstay.Deliver.Decide;
using Mainstay.Deliver.Manifest;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Deliver;

/// <summary>docs/traffic.md says what is so: each of its manifests is read, alone or laid over the page's first one.</summary>
public sealed partial class TrafficPageTests
{
    static readonly string Page = File.ReadAllText(Path.GetFullPath("../../../docs/traffic.md", ThisFolder()));

    [Fact]
    public void Every_example_is_valid_and_fits_the_schema()
    {
        var blocks = YamlBlock().Matches(Page).Select(match => match.Groups[1].Value).ToArray();
        blocks.Length.ShouldBeGreaterThan(1);
        foreach (var block in blocks)
        {
            var isWhole = block.Contains("architecture:", StringComparison.Ordinal);
            ManifestFile[] files = isWhole ? [new("page.yaml", block)] : [new("first.yaml", blocks[0]), new("page.yaml", block)];
            ManifestReader.Read(files, new() { BaseFolder = "/shop", Folders = new AnyFolder() }).Problems.ShouldBeEmpty(block);
            if (isWhole) SchemaCheck.Problems(JsonSchemas.ForManifest(), SchemaCheck.FromYaml(block)).ShouldBeEmpty(block);
        }
    }

    static string ThisFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex YamlBlock();

    sealed class AnyFolder : IFolders
    {
        public bool Exists(string path) => true;
    }
}
