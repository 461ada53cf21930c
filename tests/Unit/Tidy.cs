using System.Text.RegularExpressions;
using System.Xml.Linq;
using Shouldly;
using Xunit;

namespace Mainstay.Tests;

/// <summary>The laws of the house that can be checked: who may see whom, what may not be done where, and how large things may get.</summary>
public sealed partial class Tidy
{
    const int MostFileLines = 500;
    const int MostFunctionLines = 70;

    static readonly string Root = FindRoot();
    static readonly string[] Planes = ["State", "Schedule", "Traffic", "Observe", "Deliver"];

    static readonly HashSet<string> RootFiles =
    [
        "README.md", "README.zh-CN.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "mainstay", "test", "Mainstay.slnx",
        "Directory.Build.props", "Directory.Packages.props", ".editorconfig", ".gitignore", "global.json", "BannedSymbols.txt",
    ];

    [Fact]
    public void Nothing_but_build_files_and_the_five_documents_lies_in_the_root() =>
        Directory.EnumerateFiles(Root).Select(f => Path.GetFileName(f)!).Where(f => f != ".git").Except(RootFiles).ShouldBeEmpty();

    [Fact]
    public void Projects_point_from_host_to_planes_to_core()
    {
        References("Core").ShouldBeEmpty();
        foreach (var plane in Planes)
        {
            References(plane).ShouldBe(["Core"], plane);
        }

        References("Client").ShouldBeEmpty("services take it with them, and nothing else of ours");
        References("Host").ShouldBe(["Core", .. Planes, "Client"], ignoreOrder: true);
        Packages("Core").ShouldBeEmpty("Core is made of the base class library alone");
    }

    [Fact]
    public void Planes_do_not_name_each_other()
    {
        var wrong = from plane in Planes.Append("Core")
                    from file in Sources($"src/{plane}")
                    from other in Planes.Append("Host").Where(p => p != plane)
                    where Regex.IsMatch(File.ReadAllText(file), $@"\bMainstay\.{other}\b")
                    select $"{Short(file)} names Mainstay.{other}";
        // Kinds/<Plane> in Core share their plane's word; they are Core's.
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Decide_rooms_are_pure()
    {
        var wrong = from file in Sources("src").Where(f => f.Contains("/Decide/", StringComparison.Ordinal))
                    from line in Code(file)
                    where Impure().IsMatch(line.Text)
                    select $"{Short(file)}:{line.Number}: {line.Text.Trim()}";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Banned_symbols_are_banned_with_a_reason_and_nowhere_excused()
    {
        File.ReadAllText(Path.Combine(Root, ".editorconfig")).ShouldContain("dotnet_diagnostic.RS0030.severity = error");
        File.ReadAllLines(Path.Combine(Root, "BannedSymbols.txt")).Where(l => l.Length > 0).ShouldAllBe(l => l.Split(';', 2).Length == 2 && l.Split(';', 2)[1].Trim().Length > 20);
        var excused = from file in Sources("src").Concat(Sources("tests")).Concat(Sources("bench"))
                      where Path.GetFileName(file) != "Tidy.cs" && File.ReadAllText(file).Contains("RS0030", StringComparison.Ordinal)
                      select Short(file);
        excused.ShouldBeEmpty();
    }

    [Fact]
    public void Files_and_functions_fit_on_a_screen()
    {
        var large = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var file in Sources("src").Concat(Sources("tests")).Concat(Sources("bench")).Concat(Web()))
        {
            var lines = File.ReadAllLines(file);
            if (lines.Length > MostFileLines)
            {
                large.Add(Short(file));
            }

            if (file.EndsWith(".cs", StringComparison.Ordinal))
            {
                large.UnionWith(LongFunctions(lines).Select(name => $"{Short(file)} {name}"));
            }
        }

        var allowed = File.ReadAllLines(Path.Combine(Root, "tests/Unit/Tidy.allowed.txt")).Where(l => l.Length > 0 && l[0] != '#').ToArray();
        large.Except(allowed).ShouldBeEmpty($"over {MostFileLines} lines a file or {MostFunctionLines} a function: split by noun");
        allowed.Except(large).ShouldBeEmpty("no longer large: take it off the list, which only shrinks");
    }

    [Fact]
    public void Documents_name_only_what_exists()
    {
        var identifiers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in Sources("src").Concat(Sources("tests")).Concat(Sources("bench")).Concat(Web()))
        {
            identifiers.UnionWith(Identifier().Matches(File.ReadAllText(file)).Select(m => m.Value));
        }

        var wrong = from file in Documents()
                    let text = File.ReadAllText(file)
                    from name in CodeSpan().Matches(Fence().Replace(text, "")).Select(m => m.Groups[1].Value)
                    let missing = Missing(file, name, identifiers)
                    where missing is not null
                    select $"{Short(file)}: `{name}`: {missing}";
        wrong.Distinct().ShouldBeEmpty();
    }

    [Fact]
    public void Links_in_documents_lead_somewhere()
    {
        var wrong = from file in Documents()
                    from link in Link().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value)
                    where !link.Contains("://", StringComparison.Ordinal) && !link.StartsWith('#')
                    let target = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, link.Split('#')[0]))
                    where !Path.Exists(target)
                    select $"{Short(file)}: {link}";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void No_comment_is_left_for_later()
    {
        var wrong = from file in Sources("src").Concat(Sources("tests")).Concat(Sources("bench")).Concat(Web())
                    where Path.GetFileName(file) != "Tidy.cs"
                    from line in File.ReadAllLines(file).Index()
                    where Unfinished().IsMatch(line.Item)
                    select $"{Short(file)}:{line.Index + 1}: {line.Item.Trim()}";
        wrong.ShouldBeEmpty();
    }

    static string? Missing(string document, string name, HashSet<string> identifiers)
    {
        if (PathLike().IsMatch(name) && name != "web/src/api/types.ts")
        {
            var target = name.Split(' ')[0];
            // A changelog speaks of what was; everything else of what is.
            return Path.GetFileName(document) == "CHANGELOG.md" || Path.Exists(Path.Combine(Root, target)) ? null : "no such file or folder";
        }

        return TypeLike().IsMatch(name) && !name.Split('.', '(')[0..1].All(identifiers.Contains) ? "no such name in the code" : null;
    }

    static string[] References(string project) =>
        [.. Project(project).Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension((string)r.Attribute("Include")!))];

    static string[] Packages(string project) => [.. Project(project).Descendants("PackageReference").Select(r => (string)r.Attribute("Include")!)];

    static XDocument Project(string name) => XDocument.Load(Path.Combine(Root, "src", name, name + ".csproj"));

    // A member whose braces stand alone on lines of its own indentation, which is how every function here is laid out.
    static IEnumerable<string> LongFunctions(string[] lines)
    {
        for (var start = 1; start < lines.Length; start++)
        {
            var indent = lines[start].Length - lines[start].TrimStart().Length;
            if (indent is not (4 or 8) || lines[start].Trim() != "{" || !lines[start - 1].TrimEnd().EndsWith(')') || Control().IsMatch(lines[start - 1]))
            {
                continue;
            }

            var end = Array.FindIndex(lines, start, l => l.Length > indent && l[indent] == '}' && string.IsNullOrWhiteSpace(l[..indent]));
            if (end - start - 1 > MostFunctionLines)
            {
                yield return Identifier().Matches(lines[start - 1].Split('(')[0]).LastOrDefault()?.Value ?? $"line {start}";
            }
        }
    }

    static IEnumerable<(int Number, string Text)> Code(string file) =>
        File.ReadAllLines(file).Select((text, i) => (Number: i + 1, Text: text)).Where(l => !l.Text.TrimStart().StartsWith("//", StringComparison.Ordinal));

    static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal);

    static IEnumerable<string> Web() =>
        Directory.Exists(Path.Combine(Root, "web/src"))
            ? Directory.EnumerateFiles(Path.Combine(Root, "web/src"), "*.ts*", SearchOption.AllDirectories).Where(f => !f.EndsWith("/api/types.ts", StringComparison.Ordinal))
            : [];

    static IEnumerable<string> Documents() =>
        Directory.EnumerateFiles(Root, "*.md").Concat(Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories));

    static string Short(string file) => Path.GetRelativePath(Root, file);

    static string FindRoot()
    {
        var at = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(at, "Mainstay.slnx")))
        {
            at = Path.GetDirectoryName(at.TrimEnd('/')) ?? throw new InvalidOperationException("the tests run outside the repository");
        }

        return at;
    }

    [GeneratedRegex(@"\bawait\b|\basync\b|\bTask\.|\bFile\.|\bDirectory\.|\bTimeProvider\b|\bStopwatch\b|\bHttpClient\b|\bSocket\b|\bProcess\.|\bEnvironment\.(?!\w*\))|\bnew Random\(|\bConsole\.")]
    private static partial Regex Impure();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"^\s*(if|for|foreach|while|switch|using|lock|catch|fixed)\b")]
    private static partial Regex Control();

    [GeneratedRegex("[A-Za-z_][A-Za-z0-9_]*")]
    private static partial Regex Identifier();

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^(src|tests|bench|docs|examples|web)/[\w./-]+$|^\./[\w.-]+$")]
    private static partial Regex PathLike();

    [GeneratedRegex(@"^[A-Z][a-z]+[A-Za-z]*[A-Z][A-Za-z]*(\.[A-Za-z]+)?(\(.*\))?$")]
    private static partial Regex TypeLike();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
