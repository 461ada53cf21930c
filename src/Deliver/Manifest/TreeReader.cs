using Mainstay.Core.Kinds;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Mainstay.Deliver.Manifest;

/// <summary>
/// Turns YAML text into a tree, from the parser's events: duplicates, depth, size and aliases are checked while reading, before anything
/// grows. What is wrong with the notation ends the reading; what is wrong with a key or a tag is noted and read on.
/// </summary>
sealed class TreeReader
{
    /// <summary>The deepest nesting.</summary>
    public const int MaxDepth = 32;

    /// <summary>The most values in all files of a manifest, aliases counted each time they are used.</summary>
    public const int MaxNodes = 500_000;

    /// <summary>YAML 1.2 §10.3: the tags that say what a value is anyway.</summary>
    static readonly HashSet<string> CoreTags = [.. new[] { "str", "int", "float", "bool", "null", "map", "seq", "merge" }.Select(name => "tag:yaml.org,2002:" + name)];

    readonly string file;
    readonly string text;
    readonly Budget budget;
    readonly List<PlacedProblem> problems;
    readonly Parser parser;
    readonly Dictionary<string, TreeNode?> anchors = new(StringComparer.Ordinal);
    bool stopped;

    TreeReader(ManifestFile file, Budget budget, List<PlacedProblem> problems)
    {
        this.file = file.Path;
        text = file.Text;
        this.budget = budget;
        this.problems = problems;
        parser = new Parser(new Scanner(new StringReader(file.Text), skipComments: true));
    }

    /// <summary>The documents of a file in order, without empty ones; null when it could not be read to its end. Problems are added to <paramref name="problems"/>.</summary>
    public static IReadOnlyList<TreeNode>? Read(ManifestFile file, Budget budget, List<PlacedProblem> problems)
    {
        if (file.Check() is { } unreadable)
        {
            problems.Add(unreadable);
            return null;
        }

        var reader = new TreeReader(file, budget, problems);
        var documents = reader.Documents();
        return reader.stopped ? null : documents;
    }

    List<TreeNode> Documents()
    {
        var documents = new List<TreeNode>();
        while (Advance())
        {
            if (parser.Current is DocumentStart && Advance() && Node(1) is { } root && !stopped && root is not TreeScalar { IsNull: true })
            {
                documents.Add(root);
            }

            anchors.Clear();
        }

        return documents;
    }

    // The library throws YamlException for what it recognises as wrong, and other types where its scanner is surprised.
    bool Advance()
    {
        if (stopped)
        {
            return false;
        }

        try
        {
            return parser.MoveNext();
        }
        catch (YamlException wrong)
        {
            var what = string.Concat(wrong.Message[..1].ToLowerInvariant(), wrong.Message.AsSpan(1)).TrimEnd('.', ' ');
            Stop(IsTab(wrong.Message) ? FirstTab() : PlaceOf(wrong.Start), $"not YAML: {what}", RemedyFor(wrong.Message));
        }
        catch (Exception wrong) when (wrong is not OutOfMemoryException)
        {
            Stop(PlaceOf(parser.Current?.End ?? Mark.Empty), "not YAML from here on", "check that brackets, braces and quotes are closed and the indentation fits");
        }

        return false;
    }

    // The parser reports a misplaced tab with the start of the map around it.
    Place FirstTab()
    {
        var lines = text.Split('\n');
        var line = Array.FindIndex(lines, (int)(parser.Current?.Start.Line ?? 1) - 1, l => l.AsSpan().TrimStart(' ').StartsWith("\t"));
        return line < 0 ? PlaceOf(parser.Current?.End ?? Mark.Empty) : new(file, line + 1, lines[line].IndexOf('\t', StringComparison.Ordinal) + 1);
    }

    static bool IsTab(string message) => message.Contains("invalid tab", StringComparison.Ordinal);

    static string RemedyFor(string message) =>
        IsTab(message) || message.Contains("cannot start any token", StringComparison.Ordinal)
            ? "indent with spaces, and put text that begins with a special character in quotes"
        : message.Contains("mapping", StringComparison.OrdinalIgnoreCase) ? "check the indentation, and put text that contains ': ' in quotes"
        : "check the indentation, and that quotes and brackets are closed";

    TreeNode? Node(int depth)
    {
        var at = PlaceOf(parser.Current!.Start);
        if (depth > MaxDepth)
        {
            return Stop(at, $"nested deeper than {MaxDepth} levels", "check the indentation or the brackets");
        }

        if (parser.Current is AnchorAlias alias)
        {
            return Alias(alias, at, depth);
        }

        // The library lets some malformed flow collections end where a value must stand.
        if (parser.Current is not NodeEvent started)
        {
            return Stop(at, "not YAML: a value is missing", "check the indentation, and that quotes and brackets are closed");
        }

        if (++budget.Used > MaxNodes)
        {
            return Stop(at, $"more than {MaxNodes} values, aliases included", "use fewer aliases, or split the architecture");
        }

        var anchor = started.Anchor is { IsEmpty: false } named ? named.Value : null;
        if (anchor is not null)
        {
            anchors[anchor] = null;
        }

        TreeNode? node = started switch
        {
            Scalar scalar => TextOf(scalar, at),
            SequenceStart list => List(list, at, depth),
            _ => Map((MappingStart)started, at, depth),
        };
        if (anchor is not null)
        {
            anchors[anchor] = node;
        }

        return node;
    }

    TreeNode? Alias(AnchorAlias alias, Place at, int depth)
    {
        if (!anchors.TryGetValue(alias.Value.Value, out var node))
        {
            return Stop(at, $"nothing is anchored as '&{Words.Shown(alias.Value.Value)}' before this alias", "anchor it first, or write the value");
        }

        if (node is null)
        {
            return Stop(at, $"the alias '*{Words.Shown(alias.Value.Value)}' stands within what it refers to", "write the value");
        }

        budget.Used += node.Size;
        return budget.Used > MaxNodes ? Stop(at, $"more than {MaxNodes} values, aliases included", "use fewer aliases, or split the architecture")
            : depth + node.Height - 1 > MaxDepth ? Stop(at, $"nested deeper than {MaxDepth} levels", "use fewer aliases within aliases")
            : node;
    }

    TreeList? List(SequenceStart start, Place at, int depth)
    {
        CheckTag(start.Tag, at);
        var items = new List<TreeNode>();
        while (Advance() && parser.Current is not SequenceEnd)
        {
            if (Node(depth + 1) is not { } item)
            {
                return null;
            }

            items.Add(item);
        }

        return stopped ? null : new TreeList(at, items) { Size = 1 + items.Sum(i => i.Size), Height = 1 + items.Select(i => i.Height).DefaultIfEmpty().Max() };
    }

    TreeMap? Map(MappingStart start, Place at, int depth)
    {
        CheckTag(start.Tag, at);
        var entries = new MapEntries(problems);
        while (Advance() && parser.Current is not MappingEnd)
        {
            var keyAt = PlaceOf(parser.Current!.Start);
            var key = Node(depth + 1);
            if (key is null || !Advance() || Node(depth + 1) is not { } value)
            {
                return null;
            }

            entries.Add(keyAt, key, value, budget);
        }

        return stopped ? null : entries.ToMap(at);
    }

    // An escape within quotes can write what the text itself must not have. A command or a variable would end there.
    TreeScalar TextOf(Scalar scalar, Place at)
    {
        if (scalar.Value.Contains('\0', StringComparison.Ordinal))
        {
            problems.Add(new(at, new Problem("", "the value holds the control character U+0000", "write it without")));
        }

        return new(at, scalar.Value, IsPlain(scalar, at));
    }

    bool IsPlain(Scalar scalar, Place at)
    {
        CheckTag(scalar.Tag, at);
        return scalar.Style == ScalarStyle.Plain && (scalar.Tag.IsEmpty || scalar.Tag.IsNonSpecific || scalar.Tag.Value != "tag:yaml.org,2002:str");
    }

    void CheckTag(TagName tag, Place at)
    {
        if (!tag.IsEmpty && !tag.IsNonSpecific && !CoreTags.Contains(tag.Value))
        {
            problems.Add(new(at, new Problem("", $"the tag '{Words.Shown(tag.Value)}' means nothing here", "remove the tag")));
        }
    }

    TreeNode? Stop(Place at, string what, string remedy)
    {
        stopped = true;
        problems.Add(new(at, new Problem("", what, remedy)));
        return null;
    }

    Place PlaceOf(Mark mark) => new(file, (int)mark.Line, (int)mark.Column);

    /// <summary>Counts the values of all files together.</summary>
    public sealed class Budget
    {
        public int Used { get; set; }
    }
}
