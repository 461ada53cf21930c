using System.Text;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Metrics;

/// <summary>Which series a block holds, and where their samples are.</summary>
sealed class MetricIndex
{
    readonly Entry[] entries;
    readonly Dictionary<string, List<int>> byName = new(StringComparer.Ordinal);

    MetricIndex(Entry[] entries)
    {
        this.entries = entries;
        for (var i = 0; i < entries.Length; i++)
        {
            foreach (var name in entries[i].Series.Names)
            {
                if (!byName.TryGetValue(name, out var same))
                {
                    byName[name] = same = [];
                }

                same.Add(i);
            }
        }
    }

    /// <summary>The chunks of the series of a name, which may be the one that Prometheus would give them; of all where it is null. In order of pages, and of time within a series.</summary>
    public IEnumerable<Entry> Of(string? name) => name is null ? entries : byName.TryGetValue(name, out var found) ? found.Select(i => entries[i]) : [];

    /// <summary>Compressed, with its checksum.</summary>
    public static byte[] Write(IReadOnlyList<Entry> entries)
    {
        var texts = new Dictionary<string, int>(StringComparer.Ordinal);
        var (table, body) = (new ByteWriter(), new ByteWriter());
        void Put(string text)
        {
            if (!texts.TryGetValue(text, out var number))
            {
                texts[text] = number = texts.Count;
                var utf8 = Encoding.UTF8.GetBytes(text);
                table.Varint(utf8.Length);
                table.Bytes(utf8);
            }

            body.Varint(number);
        }

        foreach (var entry in entries)
        {
            Put(entry.Series.Name);
            Put(entry.Series.Unit);
            body.Byte((byte)entry.Series.Kind);
            body.Varint(entry.Series.Labels.Count);
            foreach (var (name, value) in entry.Series.Labels)
            {
                Put(name);
                Put(value);
            }

            body.Varint(entry.Page);
            body.Varint(entry.At);
            body.Varint(entry.Length);
            body.Varint(entry.Count);
            body.Zigzag(entry.FirstMs);
            body.Varint((ulong)(entry.LastMs - entry.FirstMs));
        }

        var whole = new ByteWriter(table.Length + body.Length + 20);
        whole.Varint(texts.Count);
        whole.Bytes(table.Written);
        whole.Varint(entries.Count);
        whole.Bytes(body.Written);
        var packed = PagePacker.Pack(0, [], whole.Written);
        var index = new ByteWriter(packed.Length + 4);
        index.UInt32(Checksum.Of(packed));
        index.Bytes(packed);
        return index.ToArray();
    }

    /// <summary>Null where it is damaged.</summary>
    /// <param name="bytes">As it was written.</param>
    /// <param name="known">Gives the one object that stands for equal series.</param>
    public static MetricIndex? Read(ReadOnlySpan<byte> bytes, Func<MetricSeries, MetricSeries> known)
    {
        var head = new ByteCursor(bytes);
        if (head.UInt32() != Checksum.Of(bytes[Math.Min(4, bytes.Length)..]) || head.Failed)
        {
            return null;
        }

        using var unpacked = PagePacker.Unpack(bytes[4..]);
        if (!unpacked.IsWhole)
        {
            return null;
        }

        var cursor = new ByteCursor(unpacked.Bytes);
        var texts = new string[cursor.Items()];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = Encoding.UTF8.GetString(cursor.Bytes(cursor.Items()));
        }

        var entries = new Entry[cursor.Items()];
        for (var i = 0; i < entries.Length; i++)
        {
            if (ReadEntry(ref cursor, texts, known) is not { } entry)
            {
                return null;
            }

            entries[i] = entry;
        }

        return cursor.Failed ? null : new(entries);
    }

    static Entry? ReadEntry(ref ByteCursor cursor, string[] texts, Func<MetricSeries, MetricSeries> known)
    {
        var (name, unit, kind) = (cursor.Count(texts.Length - 1), cursor.Count(texts.Length - 1), cursor.Byte());
        var labels = new (string, string)[cursor.Count(MetricSeries.MostLabels)];
        for (var i = 0; i < labels.Length && !cursor.Failed; i++)
        {
            labels[i] = (texts[cursor.Count(texts.Length - 1)], texts[cursor.Count(texts.Length - 1)]);
        }

        var (page, at, length, count) = (cursor.Count(int.MaxValue), cursor.Count(int.MaxValue), cursor.Count(int.MaxValue), cursor.Count(int.MaxValue));
        var first = cursor.Zigzag();
        var last = first + (long)cursor.Varint();
        return cursor.Failed || kind > (byte)MetricKind.Counter ? null : new(known(new(texts[name], texts[unit], (MetricKind)kind, labels)), page, at, length, count, first, last);
    }

    /// <summary>One chunk of a series.</summary>
    /// <param name="Page">In which page of the block.</param>
    /// <param name="At">Where in the page it begins, in bytes.</param>
    /// <param name="Length">In bytes.</param>
    /// <param name="Count">Samples.</param>
    public readonly record struct Entry(MetricSeries Series, int Page, int At, int Length, int Count, long FirstMs, long LastMs);
}
