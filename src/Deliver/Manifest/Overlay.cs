namespace Mainstay.Deliver.Manifest;

/// <summary>Lays one manifest over another: maps merge key by key, everything else replaces, and null takes a key away.</summary>
static class Overlay
{
    public static TreeMap Apply(TreeMap below, TreeMap above)
    {
        var entries = new List<TreeEntry>();
        foreach (var entry in below.Entries)
        {
            var over = above.Find(entry.Key);
            if (over is null)
            {
                entries.Add(entry);
            }
            else if (over.Value is not TreeScalar { IsNull: true })
            {
                entries.Add(entry.Value is TreeMap a && over.Value is TreeMap b ? over with { Value = Apply(a, b) } : over);
            }
        }

        entries.AddRange(above.Entries.Where(e => below.Find(e.Key) is null));
        return new(below.Place, entries);
    }
}
