namespace Mainstay.Deliver.Manifest;

/// <summary>A value of a manifest with the place where it is written, before it means anything.</summary>
/// <param name="Place">Where it begins.</param>
abstract record TreeNode(Place Place)
{
    /// <summary>How many values it holds, itself included and aliases counted each time they are used.</summary>
    public int Size { get; init; } = 1;

    /// <summary>How many levels it has; 1 for a scalar.</summary>
    public int Height { get; init; } = 1;

    /// <summary>What it is, for messages: <c>a map</c>.</summary>
    public abstract string Noun { get; }
}

/// <summary>A single value. Its text is kept as written, so that a version <c>1.10</c> is never read as the number 1.1.</summary>
/// <param name="Place">Where it begins.</param>
/// <param name="Text">The text as written, without quotes.</param>
/// <param name="Plain">True without quotes: only then can it be a number, true, false or null.</param>
sealed record TreeScalar(Place Place, string Text, bool Plain) : TreeNode(Place)
{
    /// <summary>YAML's notations of nothing.</summary>
    public bool IsNull => Plain && Text is "" or "~" or "null" or "Null" or "NULL";

    public override string Noun => IsNull ? "nothing" : $"'{Words.Shown(Text)}'";
}

/// <summary>A list.</summary>
sealed record TreeList(Place Place, IReadOnlyList<TreeNode> Items) : TreeNode(Place)
{
    public override string Noun => "a list";
}

/// <summary>A map, in the order written.</summary>
sealed record TreeMap(Place Place, IReadOnlyList<TreeEntry> Entries) : TreeNode(Place)
{
    readonly Dictionary<string, TreeEntry> byKey = Entries.ToDictionary(e => e.Key, StringComparer.Ordinal);

    public override string Noun => "a map";

    public TreeEntry? Find(string key) => byKey.GetValueOrDefault(key);
}

/// <summary>A key with its value.</summary>
/// <param name="KeyPlace">Where the key begins.</param>
/// <param name="Key">The key's text.</param>
/// <param name="Value">Its value.</param>
sealed record TreeEntry(Place KeyPlace, string Key, TreeNode Value)
{
    /// <summary>Where a problem with it is shown: at a single value, else at its key.</summary>
    public Place Place => Value is TreeScalar { IsNull: false } ? Value.Place : KeyPlace;
}

/// <summary>Finds the place that a path speaks of.</summary>
static class TreePath
{
    /// <summary>The place of the deepest value on <paramref name="path"/> that is written: what is missing is shown at what it is missing from.</summary>
    public static Place PlaceOf(TreeNode root, string path)
    {
        var place = root.Place;
        var at = root;
        while (path.Length > 0)
        {
            switch (at)
            {
                // Keys may hold dots, so the longest key that fits is the one that is meant.
                case TreeMap map when map.Entries.Where(e => Fits(path, e.Key)).MaxBy(e => e.Key.Length) is { } entry:
                    (place, at) = (entry.Place, entry.Value);
                    path = path.Length == entry.Key.Length ? "" : path[(entry.Key.Length + 1)..];
                    break;
                case TreeList list when list.Items.OfType<TreeScalar>().FirstOrDefault(i => Fits(path, i.Text)) is { } item:
                    return item.Place;
                // Items that are records are named by their number, from 0.
                case TreeList list when int.TryParse(path.Split('.')[0], out var index) && index < list.Items.Count:
                    at = list.Items[index];
                    place = at.Place;
                    path = path.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? path[(dot + 1)..] : "";
                    break;
                default:
                    return place;
            }
        }

        return place;
    }

    static bool Fits(string path, string key) =>
        key.Length > 0 && path.StartsWith(key, StringComparison.Ordinal) && (path.Length == key.Length || path[key.Length] == '.');
}
