using System.Numerics;

namespace Mainstay.Observe.Store.Metrics;

/// <summary>
/// Samples of one series, packed as in Gorilla (Pelkonen et al., VLDB 2015, §4.1): times as differences of differences, values as differing bits. Written by one,
/// read from a <see cref="Seal"/>ed or copied state.
/// </summary>
sealed class SampleChunk
{
    /// <summary>A chunk is full with so many.</summary>
    public const int Most = 240;

    byte[] bits = new byte[64];
    int bitCount;
    long lastDelta;
    ulong lastValue;
    int leading = -1;
    int trailing;

    public int Count { get; private set; }

    public long FirstMs { get; private set; }

    public long LastMs { get; private set; }

    /// <summary>What it takes in memory.</summary>
    public int Bytes => bits.Length + 96;

    /// <summary>Its samples as they are packed; with the count and the first time they make it again.</summary>
    public ReadOnlySpan<byte> Packed => bits.AsSpan(0, (bitCount + 7) / 8);

    /// <summary>A chunk that was packed before, to be read.</summary>
    public static SampleChunk Of(int count, long firstMs, long lastMs, ReadOnlySpan<byte> packed) =>
        new() { bits = packed.ToArray(), bitCount = packed.Length * 8, Count = count, FirstMs = firstMs, LastMs = lastMs };

    public void Add(long atMs, double value)
    {
        var raw = BitConverter.DoubleToUInt64Bits(value);
        if (Count == 0)
        {
            FirstMs = atMs;
            Write(raw, 64);
        }
        else
        {
            var delta = atMs - LastMs;
            WriteTime(delta - lastDelta);
            lastDelta = delta;
            WriteValue(raw ^ lastValue);
        }

        (LastMs, lastValue) = (atMs, raw);
        Count++;
    }

    /// <summary>Gives back the memory that nothing is written to any more.</summary>
    public void Seal() => Array.Resize(ref bits, (bitCount + 7) / 8);

    /// <summary>What it holds now, to be read while it is written on.</summary>
    public SampleChunk Copy()
    {
        var copy = (SampleChunk)MemberwiseClone();
        copy.bits = bits.AsSpan(0, (bitCount + 7) / 8).ToArray();
        return copy;
    }

    /// <summary>Adds its samples within a span of time to <paramref name="into"/>.</summary>
    public void Read(long fromMs, long toMs, List<MetricPoint> into)
    {
        var reader = new Reader(bits);
        long at = FirstMs, delta = 0;
        ulong value = 0;
        int lead = 0, trail = 0;
        for (var i = 0; i < Count; i++)
        {
            if (i == 0)
            {
                value = reader.Take(64);
            }
            else
            {
                delta += reader.Time();
                at += delta;
                value ^= reader.Difference(ref lead, ref trail);
            }

            if (at > toMs)
            {
                return;
            }

            if (at >= fromMs)
            {
                into.Add(new(at, BitConverter.UInt64BitsToDouble(value)));
            }
        }
    }

    void WriteTime(long change)
    {
        switch (change)
        {
            case 0:
                Write(0b0, 1);
                break;
            case >= -31 and <= 32:
                Write(0b10, 2);
                Write((ulong)(change + 31), 6);
                break;
            case >= -511 and <= 512:
                Write(0b110, 3);
                Write((ulong)(change + 511), 10);
                break;
            case >= -32767 and <= 32768:
                Write(0b1110, 4);
                Write((ulong)(change + 32767), 16);
                break;
            default:
                Write(0b1111, 4);
                Write((ulong)change, 64);
                break;
        }
    }

    void WriteValue(ulong difference)
    {
        if (difference == 0)
        {
            Write(0, 1);
            return;
        }

        var lead = Math.Min(31, BitOperations.LeadingZeroCount(difference));
        var trail = BitOperations.TrailingZeroCount(difference);
        if (leading >= 0 && lead >= leading && trail >= trailing)
        {
            Write(0b10, 2);
        }
        else
        {
            (leading, trailing) = (lead, trail);
            Write(0b11, 2);
            Write((ulong)lead, 5);
            Write((ulong)(64 - lead - trail - 1), 6);
        }

        Write(difference >> trailing, 64 - leading - trailing);
    }

    void Write(ulong value, int count)
    {
        if (bitCount + count > bits.Length * 8)
        {
            Array.Resize(ref bits, bits.Length * 2);
        }

        while (count > 0)
        {
            var room = 8 - (bitCount & 7);
            var take = Math.Min(room, count);
            var part = (value >> (count - take)) & ((1UL << take) - 1);
            bits[bitCount >> 3] |= (byte)(part << (room - take));
            bitCount += take;
            count -= take;
        }
    }

    ref struct Reader(ReadOnlySpan<byte> bits)
    {
        readonly ReadOnlySpan<byte> bits = bits;
        int at;

        public ulong Take(int count)
        {
            ulong value = 0;
            while (count > 0)
            {
                var room = 8 - (at & 7);
                var take = Math.Min(room, count);
                value = (value << take) | (((ulong)(at >> 3 < bits.Length ? bits[at >> 3] : 0) >> (room - take)) & ((1UL << take) - 1));
                at += take;
                count -= take;
            }

            return value;
        }

        public long Time()
        {
            if (Take(1) == 0)
            {
                return 0;
            }

            if (Take(1) == 0)
            {
                return (long)Take(6) - 31;
            }

            if (Take(1) == 0)
            {
                return (long)Take(10) - 511;
            }

            return Take(1) == 0 ? (long)Take(16) - 32767 : (long)Take(64);
        }

        public ulong Difference(ref int lead, ref int trail)
        {
            if (Take(1) == 0)
            {
                return 0;
            }

            if (Take(1) == 1)
            {
                lead = (int)Take(5);
                trail = 64 - lead - (int)Take(6) - 1;
            }

            return Take(64 - lead - trail) << trail;
        }
    }
}
