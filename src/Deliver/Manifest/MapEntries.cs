using Mainstay.Core.Kinds;

namespace Mainstay.Deliver.Manifest;

/// <summary>The entries of a map while it is read: each key once, then what <c>&lt;&lt;</c> brings in where the map has no key of its own.</summary>
sealed class MapEntries(List<PlacedProblem> problems)
{
    readonly Dictionary<string, TreeEntry> byKey = new(StringComparer.Ordinal);
    readonly List<TreeEntry> entries = [];
    readonly List<TreeEntry> merged = [];

    public void Add(Place keyAt, TreeNode key, TreeNode value, TreeReader.Budget budget)
    {
        if (key is not TreeScalar { Text.Length: > 0 } name)
        {
            problems.Add(new(keyAt, new Problem("", $"{(key is TreeScalar ? "nothing" : key.Noun)} stands where a key is expected", "write the key as text")));
        }
        else if (name is { Plain: true, Text: "<<" })
        {
            Merge(keyAt, value, budget);
        }
        else if (byKey.TryGetValue(name.Text, out var first))
        {
            problems.Add(new(keyAt, new Problem("", $"the key '{Words.Shown(name.Text)}' stands twice in one map, first in line {first.KeyPlace.Line}", "remove one of them")));
        }
        else
        {
            byKey.Add(name.Text, new(keyAt, name.Text, value));
            entries.Add(byKey[name.Text]);
        }
    }

    public TreeMap ToMap(Place at)
    {
        foreach (var entry in merged)
        {
            if (byKey.TryAdd(entry.Key, entry))
            {
                entries.Add(entry);
            }
        }

        return new(at, entries)
        {
            Size = 1 + entries.Sum(e => 1 + e.Value.Size),
            Height = 1 + entries.Select(e => e.Value.Height).DefaultIfEmpty(1).Max(),
        };
    }

    // The YAML 1.1 merge key: a map, or a list of maps of which the first that has a key wins.
    void Merge(Place keyAt, TreeNode value, TreeReader.Budget budget)
    {
        var maps = value is TreeList list ? list.Items : [value];
        foreach (var node in maps)
        {
            if (node is TreeMap map)
            {
                merged.AddRange(map.Entries);
                budget.Used += map.Size;
            }
            else
            {
                problems.Add(new(keyAt, new Problem("", $"'<<' brings in maps, not {node.Noun}", "refer to a map: '<<: *anchor'")));
            }
        }
    }
}
