using System.Text;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Numbers;

namespace Mainstay.Observe.Ingest;

/// <summary>The last point of a series.</summary>
/// <param name="Service">Whose it is; empty where the sender does not say.</param>
/// <param name="Labels">In the order in which they came.</param>
/// <param name="At">When it was measured; null where it was not said.</param>
/// <param name="Value">Of a distribution its mean.</param>
/// <param name="Count">Of a distribution how many it is made of.</param>
public sealed record LastPoint(string Name, string Unit, string Type, string Service, IReadOnlyDictionary<string, string> Labels, DateTimeOffset? At, double Value, ulong? Count);

/// <summary>The last point of every series that was sent, in memory. Bounded: beyond the limit new series are dropped and counted. Safe for one writer at a time and any number of readers.</summary>
/// <param name="most">The most series. Default 16,384.</param>
public sealed class PointBoard(int most = 16_384) : IPointSink
{
    readonly Lock gate = new();
    readonly NameTable series = new(most + 1, 4096);
    readonly List<Entry?> entries = [null];
    byte[] key = new byte[512];
    byte[] service = [];
    long dropped;

    /// <summary>Points of series that had no room.</summary>
    public long Dropped => Volatile.Read(ref dropped);

    public void Begin(in ResourceView resource, in ScopeView scope)
    {
        if (!resource.Service.SequenceEqual(service))
        {
            service = resource.Service.ToArray();
        }
    }

    public void Point(in PointView point)
    {
        var length = KeyOf(point);
        lock (gate)
        {
            var number = series.Of(key.AsSpan(0, length));
            if (number == NameTable.Other)
            {
                dropped++;
                return;
            }

            while (entries.Count <= number)
            {
                entries.Add(null);
            }

            var entry = entries[number] ??= new(point, Encoding.UTF8.GetString(service));
            entry.Set(point);
        }
    }

    /// <summary>The last points of all series of a name, or of all names that begin with it where it ends in <c>*</c>.</summary>
    public IReadOnlyList<LastPoint> Find(string name, int limit)
    {
        var isPrefix = name.EndsWith('*');
        var text = name.TrimEnd('*');
        lock (gate)
        {
            return [.. entries.OfType<Entry>().Where(e => !e.IsStale && (isPrefix ? e.Name.StartsWith(text, StringComparison.Ordinal) : e.Name == name)).Take(limit).Select(e => e.Show())];
        }
    }

    int KeyOf(in PointView point)
    {
        var length = 0;
        Put(point.Name, ref length);
        Put(service, ref length);
        var attributes = point.Attributes;
        for (var i = 0; i < attributes.Count; i++)
        {
            var one = attributes[i];
            Put(one.Key, ref length);
            Put(one.Text, ref length);
            Put(BitConverter.GetBytes(one.Bits), ref length);
        }

        return length;
    }

    void Put(ReadOnlySpan<byte> part, ref int length)
    {
        if (length + part.Length + 1 > key.Length)
        {
            Array.Resize(ref key, (length + part.Length + 1) * 2);
        }

        part.CopyTo(key.AsSpan(length));
        key[length + part.Length] = 0;
        length += part.Length + 1;
    }

    sealed class Entry
    {
        readonly string unit;
        readonly string service;
        readonly PointType type;
        readonly Dictionary<string, string> labels = new(StringComparer.Ordinal);
        long time;
        double value;
        ulong count;

        public Entry(in PointView point, string service)
        {
            Name = Encoding.UTF8.GetString(point.Name);
            (unit, type, this.service) = (Encoding.UTF8.GetString(point.Unit), point.Type, service);
            for (var i = 0; i < point.Attributes.Count; i++)
            {
                var one = point.Attributes[i];
                labels[Encoding.UTF8.GetString(one.Key)] = one.ToString();
            }
        }

        public string Name { get; }

        public bool IsStale { get; private set; }

        bool IsDistribution => type is PointType.Histogram or PointType.ExponentialHistogram or PointType.Summary;

        public void Set(in PointView point)
        {
            (time, IsStale, count) = (point.Time, point.IsStale, point.Count);
            value = IsDistribution ? (point.Sum ?? 0) / Math.Max(1, count) : point.Value;
        }

        // JSON has no word for what is not finite.
        public LastPoint Show() => new(
            Name, unit, type.ToString().ToLowerInvariant(), service, labels, time == 0 ? null : DateTimeOffset.UnixEpoch.AddTicks(time / 100),
            double.IsFinite(value) ? value : 0, IsDistribution ? count : null);
    }
}
