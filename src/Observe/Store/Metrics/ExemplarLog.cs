using System.Text;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Metrics;

/// <summary>
/// Keeps the exemplars of a ring on disk: those that came since the last tick are appended, what the last run left is read back when it is opened, and files that hold none of the ring's are deleted. Each file
/// names its series itself. What cannot be written is counted and stays in memory. One caller at a time.
/// </summary>
public sealed class ExemplarLog
{
    const byte Define = 1;
    const byte One = 2;

    // A file holds a quarter of what the ring does: at most five quarters are on disk.
    const int Parts = 4;

    readonly ExemplarRing ring;
    readonly TimeProvider time;
    readonly SegmentLog segments;
    readonly Dictionary<MetricSeries, int> named = [];
    readonly Queue<int> counts = new();
    readonly ByteWriter chunk = new(4 << 10);
    long seen;
    int inOpen;
    long unwritten;

    /// <summary>Opens what is there and fills the ring with it.</summary>
    public ExemplarLog(ExemplarRing ring, IStoreFiles files, TimeProvider time)
    {
        (this.ring, this.time) = (ring, time);
        segments = new(files, "exemplars-");
        segments.Open(time.GetUtcNow().ToUnixTimeMilliseconds());
        foreach (var segment in segments.Closed())
        {
            var (at, count, series) = (0L, 0, new List<MetricSeries>());
            while (segments.Read(segment, ref at) is { } bytes)
            {
                count += Read(bytes, series);
            }

            counts.Enqueue(count);
        }

        seen = ring.Added;
        Drop();
    }

    /// <summary>Exemplars that could not be written.</summary>
    public long Unwritten => Volatile.Read(ref unwritten);

    /// <summary>Writes what came since the last time.</summary>
    public void Tick()
    {
        var fresh = ring.Since(ref seen);
        if (fresh.Count == 0)
        {
            return;
        }

        foreach (var one in fresh)
        {
            Put(one);
        }

        var isWhole = segments.Append(chunk.Written, time.GetUtcNow().ToUnixTimeMilliseconds());
        chunk.Clear();
        inOpen += fresh.Count;
        unwritten += isWhole ? 0 : fresh.Count;
        if (!isWhole || inOpen >= ring.Most / Parts)
        {
            segments.Roll();
            counts.Enqueue(inOpen);
            inOpen = 0;
            named.Clear();
            Drop();
        }
    }

    void Drop()
    {
        while (counts.TryPeek(out var oldest) && counts.Sum() - oldest + inOpen >= ring.Most)
        {
            segments.DropOldest();
            counts.Dequeue();
        }
    }

    void Put(in StoredExemplar one)
    {
        if (!named.TryGetValue(one.Series, out var number))
        {
            named[one.Series] = number = named.Count;
            chunk.Byte(Define);
            Text(one.Series.Name);
            Text(one.Series.Unit);
            chunk.Byte((byte)one.Series.Kind);
            chunk.Varint(one.Series.Labels.Count);
            foreach (var (name, value) in one.Series.Labels)
            {
                Text(name);
                Text(value);
            }
        }

        chunk.Byte(One);
        chunk.Varint(number);
        chunk.Zigzag(one.AtMs);
        chunk.UInt64(BitConverter.DoubleToUInt64Bits(one.Value));
        chunk.UInt64(one.Trace.High);
        chunk.UInt64(one.Trace.Low);
        chunk.UInt64(one.Span);
    }

    void Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        chunk.Varint(utf8.Length);
        chunk.Bytes(utf8);
    }

    // What is whole by its checksum and yet makes no sense ends the chunk.
    int Read(ReadOnlySpan<byte> bytes, List<MetricSeries> series)
    {
        var cursor = new ByteCursor(bytes);
        var count = 0;
        while (cursor.Left > 0 && !cursor.Failed)
        {
            switch (cursor.Byte())
            {
                case Define:
                    series.Add(Series(ref cursor));
                    break;
                case One when series.Count > 0:
                    var of = series[cursor.Count(series.Count - 1)];
                    var at = cursor.Zigzag();
                    var value = BitConverter.UInt64BitsToDouble(cursor.UInt64());
                    var one = new StoredExemplar(of, value, at, new(cursor.UInt64(), cursor.UInt64()), cursor.UInt64());
                    if (!cursor.Failed)
                    {
                        ring.Add(one);
                        count++;
                    }

                    break;
                default:
                    return count;
            }
        }

        return count;
    }

    static MetricSeries Series(ref ByteCursor cursor)
    {
        var (name, unit, kind) = (Text(ref cursor), Text(ref cursor), (MetricKind)cursor.Byte());
        var labels = new (string, string)[cursor.Count(MetricSeries.MostLabels)];
        for (var i = 0; i < labels.Length; i++)
        {
            labels[i] = (Text(ref cursor), Text(ref cursor));
        }

        return new(name, unit, kind, labels);
    }

    static string Text(ref ByteCursor cursor) => Encoding.UTF8.GetString(cursor.Bytes(cursor.Items()));
}
