using System.Text;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Metrics;

/// <summary>
/// Samples in the order in which they came, appended to files until they are in a block. Each file names its series itself. One caller at a time.
/// </summary>
sealed class MetricLog(IStoreFiles files)
{
    const byte Define = 1;
    const byte Value = 2;
    const byte Same = 3;
    const int ChunkBytes = 1 << 20;
    const long RollMs = 120_000;
    const long RollBytes = 16 << 20;

    readonly SegmentLog segments = new(files, "samples-");
    readonly Dictionary<MetricSeries, (int Number, double Value)> named = [];
    readonly ByteWriter chunk = new(64 << 10);
    long lastMs;

    /// <summary>Of all files, in bytes.</summary>
    public long Bytes => segments.Bytes;

    /// <summary>Appends samples; gives how many could not be written.</summary>
    public int Append(ReadOnlySpan<MetricSample> samples, long now)
    {
        var (failed, inChunk) = (0, 0);
        for (var i = 0; i < samples.Length; i++)
        {
            Put(samples[i]);
            inChunk++;
            if (chunk.Length >= ChunkBytes || i == samples.Length - 1)
            {
                failed += End(now) ? 0 : inChunk;
                inChunk = 0;
            }
        }

        if (segments.Current is { } file && (now - file.Since >= RollMs || file.Bytes >= RollBytes))
        {
            Roll();
        }

        return failed;
    }

    /// <summary>Deletes the files to which nothing was appended since a time.</summary>
    public void DropBefore(long ms)
    {
        while (segments.Oldest is { } oldest && oldest.Until < ms)
        {
            segments.DropOldest();
        }
    }

    /// <summary>Reads back what the last run left.</summary>
    public void Replay(Action<List<MetricSample>> into, long now)
    {
        segments.Open(now);
        foreach (var segment in segments.Closed())
        {
            var at = 0L;
            var series = new List<MetricSeries>();
            var values = new List<double>();
            while (segments.Read(segment, ref at) is { } bytes)
            {
                var samples = new List<MetricSample>();
                Read(bytes, series, values, samples);
                into(samples);
            }
        }
    }

    void Put(in MetricSample sample)
    {
        if (!named.TryGetValue(sample.Series, out var known))
        {
            chunk.Byte(Define);
            Text(sample.Series.Name);
            Text(sample.Series.Unit);
            chunk.Byte((byte)sample.Series.Kind);
            chunk.Varint(sample.Series.Labels.Count);
            foreach (var (name, value) in sample.Series.Labels)
            {
                Text(name);
                Text(value);
            }

            known = (named.Count, 0);
        }

        var isSame = BitConverter.DoubleToInt64Bits(known.Value) == BitConverter.DoubleToInt64Bits(sample.Value);
        chunk.Byte(isSame ? Same : Value);
        chunk.Varint(known.Number);
        chunk.Zigzag(sample.AtMs - lastMs);
        if (!isSame)
        {
            chunk.UInt64(BitConverter.DoubleToUInt64Bits(sample.Value));
        }

        lastMs = sample.AtMs;
        named[sample.Series] = (known.Number, sample.Value);
    }

    bool End(long now)
    {
        var isWhole = segments.Append(chunk.Written, now);
        chunk.Clear();
        lastMs = 0;
        if (!isWhole)
        {
            named.Clear();
        }

        return isWhole;
    }

    void Roll()
    {
        segments.Roll();
        named.Clear();
    }

    void Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        chunk.Varint(utf8.Length);
        chunk.Bytes(utf8);
    }

    // What is whole by its checksum and yet makes no sense ends the chunk.
    static void Read(ReadOnlySpan<byte> bytes, List<MetricSeries> series, List<double> values, List<MetricSample> into)
    {
        var cursor = new ByteCursor(bytes);
        long at = 0;
        while (cursor.Left > 0 && !cursor.Failed)
        {
            switch (cursor.Byte())
            {
                case Define:
                    var (name, unit, kind) = (Text(ref cursor), Text(ref cursor), (MetricKind)cursor.Byte());
                    var labels = new (string, string)[cursor.Count(MetricSeries.MostLabels)];
                    for (var i = 0; i < labels.Length; i++)
                    {
                        labels[i] = (Text(ref cursor), Text(ref cursor));
                    }

                    series.Add(new(name, unit, kind, labels));
                    values.Add(0);
                    break;
                case var op and (Value or Same):
                    var number = cursor.Count(series.Count - 1);
                    at += cursor.Zigzag();
                    if (op == Value && !cursor.Failed)
                    {
                        values[number] = BitConverter.UInt64BitsToDouble(cursor.UInt64());
                    }

                    if (!cursor.Failed)
                    {
                        into.Add(new(series[number], values[number], at));
                    }

                    break;
                default:
                    return;
            }
        }
    }

    static string Text(ref ByteCursor cursor) => Encoding.UTF8.GetString(cursor.Bytes(cursor.Items()));
}
