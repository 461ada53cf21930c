using System.Runtime.InteropServices;
using System.Text;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Numbers;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Ingest.Points;

/// <summary>
/// Turns points of any format into samples of series. Deltas are added up; a histogram becomes the series <c>NAME_bucket</c> with <c>le</c>, <c>NAME_sum</c> and
/// <c>NAME_count</c>, an exponential one too, a summary <c>NAME</c> with <c>quantile</c>. Of a resource the attributes in <see cref="Kept"/> become labels. One caller at a time.
/// </summary>
/// <param name="sink">Takes the samples.</param>
/// <param name="exemplars">Takes the exemplars that name a trace.</param>
/// <param name="time">For points that do not say when they were.</param>
/// <param name="most">The most points' identities remembered; beyond it all are forgotten and counters begin anew. Default 100,000.</param>
public sealed class PointIntake(IMetricSink sink, ExemplarRing exemplars, TimeProvider time, int most = 100_000) : IPointSink
{
    const int FlushAt = 8192;
    const int MostKey = 16_384;

    static readonly byte[][] Kept =
    [
        [.. "service.name"u8], [.. "service.namespace"u8], [.. "service.instance.id"u8], [.. "service.version"u8], [.. "host.name"u8], [.. "deployment.environment.name"u8],
    ];

    readonly List<MetricSample> samples = [];
    readonly Dictionary<string, BucketGrid> grids = new(StringComparer.Ordinal);
    readonly List<(string Name, string Value)> common = [];
    NameTable names = NewNames(most);
    List<PointSeries?> known = [null];
    byte[] key = new byte[512];
    int commonLength;
    long nowMs;
    long forgotten;
    long refused;

    /// <summary>How often all identities were forgotten.</summary>
    public long Forgotten => Volatile.Read(ref forgotten);

    /// <summary>Points whose labels are too long to be kept.</summary>
    public long Refused => Volatile.Read(ref refused);

    /// <summary>Reads one body with a decoder; the sink it is given must not be kept.</summary>
    public DecodeResult Take<T>(T body, Func<T, IPointSink, DecodeResult> read)
        where T : allows ref struct
    {
        nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        Begin(default, default);
        var result = read(body, this);
        Flush();
        return result;
    }

    public void Begin(in ResourceView resource, in ScopeView scope)
    {
        common.Clear();
        commonLength = 0;
        foreach (var name in Kept)
        {
            var value = resource.Attributes.TextOf(name);
            Put(value, ref commonLength);
            if (!value.IsEmpty)
            {
                common.Add((Encoding.UTF8.GetString(name), Encoding.UTF8.GetString(value)));
            }
        }
    }

    public void Point(in PointView point)
    {
        // A series whose labels are as long as that cannot be stored anyway.
        var length = KeyOf(point);
        if (length > MostKey)
        {
            refused++;
            return;
        }

        var number = names.Of(key.AsSpan(0, length));
        if (number == NameTable.Other)
        {
            (names, known) = (NewNames(most), [null]);
            forgotten++;
            number = names.Of(key.AsSpan(0, length));
        }

        while (known.Count <= number)
        {
            known.Add(null);
        }

        var series = known[number] ??= new(point, common, GridOf);
        if (!point.IsBare)
        {
            series.Take(point, point.Time == 0 ? nowMs : point.Time / 1_000_000, samples);
        }

        for (var i = 0; i < point.Exemplars; i++)
        {
            var one = point.Exemplar(i);
            if (!one.Trace.IsZero)
            {
                exemplars.Add(new(series.Of(one.Value), one.Value, one.Time == 0 ? nowMs : one.Time / 1_000_000, one.Trace, one.Span));
            }
        }

        if (samples.Count >= FlushAt)
        {
            Flush();
        }
    }

    void Flush()
    {
        sink.Add(CollectionsMarshal.AsSpan(samples));
        samples.Clear();
    }

    BucketGrid GridOf(string name)
    {
        if (!grids.TryGetValue(name, out var grid))
        {
            if (grids.Count >= most)
            {
                grids.Clear();
            }

            grids[name] = grid = new();
        }

        return grid;
    }

    static NameTable NewNames(int most) => new(most + 1, MostKey);

    int KeyOf(in PointView point)
    {
        var length = commonLength;
        Put([(byte)point.Type, (byte)point.Temporality, (byte)(point.IsMonotonic ? 1 : 0)], ref length);
        Put(point.Name, ref length);
        Put(point.Unit, ref length);
        var attributes = point.Attributes;
        Span<byte> bits = stackalloc byte[8];
        for (var i = 0; i < attributes.Count; i++)
        {
            var one = attributes[i];
            Put(one.Key, ref length);
            Put(one.Text, ref length);
            BitConverter.TryWriteBytes(bits, one.Bits);
            Put(bits, ref length);
        }

        return length;
    }

    // Each part with its length before it, so that no two lists of parts are alike.
    void Put(ReadOnlySpan<byte> part, ref int length)
    {
        if (length + part.Length + 4 > key.Length)
        {
            Array.Resize(ref key, (length + part.Length + 4) * 2);
        }

        BitConverter.TryWriteBytes(key.AsSpan(length), part.Length);
        part.CopyTo(key.AsSpan(length + 4));
        length += part.Length + 4;
    }
}
