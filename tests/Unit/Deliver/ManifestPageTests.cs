using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schema;
using Mainstay.Deliver.Decide;
using Mainstay.Deliver.Manifest;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Deliver;

/// <summary>docs/manifest.md says what is so: its examples are read, its tables of keys are made from the records. MAINSTAY_RECORD=1 writes the tables anew.</summary>
public partial class ManifestPageTests
{
    static readonly string PagePath = Path.GetFullPath("../../../docs/manifest.md", ThisFolder());
    static readonly string Page = File.ReadAllText(PagePath);

    [Fact]
    public void Every_example_is_valid_and_fits_the_schema()
    {
        var blocks = YamlBlock().Matches(Page).Select(m => m.Groups[1].Value).ToArray();
        blocks.Length.ShouldBeGreaterThan(1);
        foreach (var block in blocks)
        {
            // An example without a name of the architecture is an overlay of the first one.
            var isWhole = block.Contains("architecture:", StringComparison.Ordinal);
            ManifestFile[] files = isWhole ? [new("page.yaml", block)] : [new("first.yaml", blocks[0]), new("page.yaml", block)];
            ManifestReader.Read(files, new() { BaseFolder = "/shop", Folders = new AnyFolder() }).Problems.ShouldBeEmpty(block);
            if (isWhole)
            {
                SchemaCheck.Problems(JsonSchemas.ForManifest(), SchemaCheck.FromYaml(block)).ShouldBeEmpty(block);
            }
        }
    }

    [Fact]
    public void Every_key_is_listed_with_type_default_and_meaning()
    {
        var page = Table().Replace(Page, m => $"<!-- keys {m.Groups[1].Value} -->\n{TableOf(m.Groups[1].Value)}<!-- end -->");
        if (Environment.GetEnvironmentVariable("MAINSTAY_RECORD") == "1")
        {
            File.WriteAllText(PagePath, page);
            return;
        }

        page.ShouldBe(Page, "run the test with MAINSTAY_RECORD=1 and review the difference");
        var listed = Table().Matches(Page).Select(m => m.Groups[1].Value).Order().ToArray();
        listed.ShouldBe([.. ((JsonObject)JsonSchemas.ForManifest()["$defs"]!).Select(d => d.Key).Append(nameof(ArchitectureSpec)).Order()]);
    }

    [Fact]
    public void The_schema_refuses_what_the_reader_refuses()
    {
        string[] wrong =
        [
            "services: { web: { run: a } }",
            "architecture: a\nservices: { web: { runs: a } }",
            "architecture: a\nservices: { web: { run: a, grace: 500 } }",
            "architecture: a\nservices: { web: { run: a, grace: 10 sec } }",
            "architecture: a\nservices: { web: { run: a, criticality: urgent } }",
            "architecture: a\nservices: { web: { run: a, instances: two } }",
            "architecture: a\nservices: { web: { run: a, version: one } }",
        ];
        foreach (var text in wrong)
        {
            ManifestReader.Read([new("m.yaml", text)], ManifestScenarios.Around).Problems.ShouldNotBeEmpty(text);
            SchemaCheck.Problems(JsonSchemas.ForManifest(), SchemaCheck.FromYaml(text)).ShouldNotBeEmpty(text);
        }
    }

    [Fact]
    public void Every_kind_has_a_schema_and_every_documented_default_is_the_real_one()
    {
        foreach (var kind in CoreKinds.All.All)
        {
            JsonSchemas.ForKind(kind)["properties"]!["kind"]!["const"]!.GetValue<string>().ShouldBe(kind.Name);
        }

        var schema = JsonSchemas.ForManifest();
        var properties = ((JsonObject)schema["$defs"]!).SelectMany(d => ((JsonObject)d.Value!["properties"]!).Select(p => (Path: $"{d.Key}.{p.Key}", Schema: (JsonObject)p.Value!)));
        foreach (var (path, property) in properties)
        {
            property["description"].ShouldNotBeNull($"{path} has no documentation");
            var said = DefaultSaid().Match(property["description"]!.GetValue<string>());
            if (said.Success && property["default"] is JsonValue real)
            {
                said.Groups[1].Value.ShouldBe(real.ToString(), path);
            }
        }
    }

    static string TableOf(string record)
    {
        var schema = JsonSchemas.ForManifest();
        var shape = record == nameof(ArchitectureSpec) ? schema : (JsonObject)schema["$defs"]![record]!;
        var required = shape["required"] is JsonArray names ? names.Select(n => n!.GetValue<string>()).ToArray() : [];
        var rows = ((JsonObject)shape["properties"]!).Select(p => Row(p.Key, (JsonObject)p.Value!, required.Contains(p.Key)));
        return $"\n| Key | Value | Meaning |\n|---|---|---|\n{string.Concat(rows)}\n";
    }

    static string Row(string key, JsonObject schema, bool required) =>
        $"| `{key}`{(required ? " (required)" : "")} | {ValueOf(schema)} | {schema["description"]!.GetValue<string>().Replace("|", "\\|", StringComparison.Ordinal)} |\n";

    static string ValueOf(JsonObject schema) =>
        schema["oneOf"] is JsonArray forms ? string.Join(" or ", forms.Select(f => ValueOf((JsonObject)f!)))
        : schema["anyOf"] is JsonArray any ? ValueOf((JsonObject)any[0]!)
        : schema["$ref"] is { } reference ? $"[{reference.GetValue<string>()[8..]}](#{reference.GetValue<string>()[8..].ToLowerInvariant()})"
        : schema["enum"] is JsonArray words ? string.Join(", ", words.Select(w => $"`{w}`"))
        : schema["additionalProperties"] is JsonObject entry ? $"map of names to {ValueOf(entry)}"
        : schema["items"] is JsonObject item ? $"list of {ValueOf(item)}"
        : schema["pattern"] is { } pattern && Notation.Types.Select(t => Notation.Of(t)!).FirstOrDefault(n => n.Pattern == pattern.ToString()) is { } notation ? notation.Noun
        : schema["type"] switch
        {
            null => "any value",
            JsonArray => "text",
            JsonValue type when type.ToString() == "string" => schema["pattern"] is null ? "text" : "duration",
            JsonValue type when type.ToString() == "boolean" => "`true`, `false`",
            JsonValue type when type.ToString() == "number" => "number",
            _ => "whole number",
        };

    static string ThisFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex YamlBlock();

    [GeneratedRegex("<!-- keys (\\w+) -->.*?<!-- end -->", RegexOptions.Singleline)]
    private static partial Regex Table();

    [GeneratedRegex(@"Default ([\w.:/]+?)[.;,]?(?:\s|$)")]
    private static partial Regex DefaultSaid();

    sealed class AnyFolder : IFolders
    {
        public bool Exists(string path) => true;
    }
}
