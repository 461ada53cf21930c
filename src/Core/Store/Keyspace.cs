namespace Mainstay.Core.Store;

/// <summary>Entries in ordinal order of their keys: a list of sorted pages, found by binary search.</summary>
/// <remarks>
/// A seek costs O(log n), a range O(log n + results); a write moves at most one page and, rarely, the list of pages (one reference per 128 to 256
/// entries), which at 100,000 keys is cheaper than a balanced tree's pointer chasing. Not thread-safe: its owner holds a lock.
/// </remarks>
public sealed class Keyspace
{
    const int PageSize = 256;

    readonly List<Page> pages = [];

    /// <summary>How many entries there are.</summary>
    public int Count { get; private set; }

    /// <summary>What the entries weigh in memory, in bytes: UTF-16 keys, values and 96 bytes of objects each.</summary>
    public long Bytes { get; private set; }

    /// <summary>What one entry weighs in memory, in bytes.</summary>
    public static long Weigh(Entry entry) => 96 + (2L * entry.Key.Length) + entry.Value.Length;

    /// <summary>The entry at <paramref name="key"/>, or null.</summary>
    public Entry? Get(string key)
    {
        var (page, slot) = Seek(key);
        return slot >= 0 ? pages[page].Items[slot] : null;
    }

    /// <summary>Sets the entry at its key and returns the one it replaced.</summary>
    public Entry? Put(Entry entry)
    {
        Bytes += Weigh(entry);
        var (page, slot) = Seek(entry.Key);
        if (slot >= 0)
        {
            var old = pages[page].Items[slot];
            pages[page].Items[slot] = entry;
            Bytes -= Weigh(old);
            return old;
        }

        Insert(page, ~slot, entry);
        Count++;
        return null;
    }

    /// <summary>Removes the entry at <paramref name="key"/> and returns it, or null where there is none.</summary>
    public Entry? Remove(string key)
    {
        var (page, slot) = Seek(key);
        if (slot < 0)
            return null;
        var old = pages[page].Items[slot];
        pages[page].RemoveAt(slot);
        Count--;
        Bytes -= Weigh(old);
        Shrink(page);
        return old;
    }

    /// <summary>Entries under <paramref name="prefix"/> after <paramref name="after"/>, at most <paramref name="limit"/> (0 is all).</summary>
    public (List<Entry> Entries, bool More) Range(string prefix, string? after, int limit)
    {
        var found = new List<Entry>();
        var skips = after is not null && string.CompareOrdinal(after, prefix) >= 0;
        var (page, slot) = Seek(skips ? after! : prefix);
        slot = slot < 0 ? ~slot : skips ? slot + 1 : slot;
        for (; page < pages.Count; page++, slot = 0)
        {
            for (; slot < pages[page].Count; slot++)
            {
                var entry = pages[page].Items[slot];
                if (!entry.Key.StartsWith(prefix, StringComparison.Ordinal))
                    return (found, false);
                if (limit > 0 && found.Count == limit)
                    return (found, true);
                found.Add(entry);
            }
        }

        return (found, false);
    }

    // The page that holds or would hold the key, and its slot there (the complement of the insertion point where absent).
    (int Page, int Slot) Seek(string key)
    {
        int low = 0, high = pages.Count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) >>> 1;
            if (string.CompareOrdinal(pages[middle].Items[0].Key, key) <= 0)
                low = middle;
            else
                high = middle - 1;
        }

        return pages.Count == 0 ? (0, ~0) : (low, pages[low].Find(key));
    }

    void Insert(int at, int slot, Entry entry)
    {
        if (pages.Count == 0)
            pages.Add(new Page());
        if (pages[at].Count == PageSize)
        {
            // Keys that arrive in order leave full pages behind; others split in the middle.
            var split = slot == PageSize && at == pages.Count - 1 ? PageSize : PageSize / 2;
            pages.Insert(at + 1, pages[at].SplitAt(split));
            if (slot > split || split == PageSize)
                (at, slot) = (at + 1, slot - split);
        }

        pages[at].Insert(slot, entry);
    }

    void Shrink(int at)
    {
        if (pages[at].Count == 0)
        {
            pages.RemoveAt(at);
        }
        else if (at + 1 < pages.Count && pages[at].Count + pages[at + 1].Count <= PageSize / 2)
        {
            pages[at].Append(pages[at + 1]);
            pages.RemoveAt(at + 1);
        }
    }

    sealed class Page
    {
        public readonly Entry[] Items = new Entry[PageSize];
        public int Count;

        public int Find(string key)
        {
            int low = 0, high = Count - 1;
            while (low <= high)
            {
                var middle = (low + high) >>> 1;
                var order = string.CompareOrdinal(Items[middle].Key, key);
                if (order == 0)
                    return middle;
                if (order < 0)
                    low = middle + 1;
                else
                    high = middle - 1;
            }

            return ~low;
        }

        public void Insert(int slot, Entry entry)
        {
            Array.Copy(Items, slot, Items, slot + 1, Count - slot);
            Items[slot] = entry;
            Count++;
        }

        public void RemoveAt(int slot)
        {
            Count--;
            Array.Copy(Items, slot + 1, Items, slot, Count - slot);
            Items[Count] = null!;
        }

        public Page SplitAt(int slot)
        {
            var right = new Page { Count = Count - slot };
            Array.Copy(Items, slot, right.Items, 0, right.Count);
            Array.Clear(Items, slot, right.Count);
            Count = slot;
            return right;
        }

        public void Append(Page right)
        {
            Array.Copy(right.Items, 0, Items, Count, right.Count);
            Count += right.Count;
        }
    }
}
