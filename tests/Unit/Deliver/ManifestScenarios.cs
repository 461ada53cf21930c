using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Deliver.Decide;
using Mainstay.Deliver.Manifest;
using Mainstay.Observe.Query.Prom;
using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.Deliver;

/// <summary>Manifest in, problems or the architecture out. Commands: <c>read</c> (problems and warnings), <c>show</c> (also the value, as JSON without defaults of no interest).</summary>
public class ManifestScenarios
{
    public static TheoryData<string> Files => ScenarioFile.In("manifest");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_manifest_gives_its_recorded_trace(string file) => ScenarioFile.Run(file, Run);

    internal static ManifestSurroundings Around { get; } = new() { BaseFolder = "/shop", Folders = new KnownFolders("/shop", "/shop/web", "/shop/orders"), WhyNoExpression = text => PromParser.Parse(text).Fault?.ToString() };

    static string Run(ScenarioStep step)
    {
        var result = ManifestReader.Read(FilesOf(step.Input), Around);
        var trace = new StringBuilder();
        foreach (var problem in result.Problems)
        {
            trace.Append(problem).Append('\n');
        }

        foreach (var warning in result.Warnings)
        {
            trace.Append("warning: ").Append(warning).Append('\n');
        }

        if (result.Value is { } value)
        {
            trace.Append(step.Words is ["show", var path] ? Show(value, path) : "valid");
        }

        return trace.ToString();
    }

    // A line "=== name" begins another file; what stands before the first is mainstay.yaml.
    internal static List<ManifestFile> FilesOf(string input)
    {
        var files = new List<ManifestFile>();
        var parts = ("=== mainstay.yaml\n" + input).Split("=== ", StringSplitOptions.RemoveEmptyEntries);
        foreach (var part in parts.Select(p => p.Split('\n', 2)))
        {
            files.Add(new(part[0].Trim(), part.Length > 1 ? part[1] : ""));
        }

        return files.Count > 1 && files[0].Text.Length == 0 ? files[1..] : files;
    }

    // One value of the architecture by its dotted path, as JSON.
    static string Show(object value, string path)
    {
        using var json = System.Text.Json.JsonDocument.Parse(Codec.Encode(value));
        var at = json.RootElement;
        foreach (var key in path.Split('.'))
        {
            at = at.TryGetProperty(key, out var next) ? next : default;
            if (at.ValueKind == System.Text.Json.JsonValueKind.Undefined)
            {
                return "(absent)";
            }
        }

        return at.GetRawText();
    }

    sealed class KnownFolders(params string[] known) : IFolders
    {
        public bool Exists(string path) => known.Contains(path);
    }
}
