namespace Mainstay.Observe.Ingest;

/// <summary>
/// The last ten seconds of one edge or instance: a ring of slots, one per second. Percentiles come from the slots' histograms added up,
/// never from percentiles. Seconds are numbered by the owner's clock.
/// </summary>
internal sealed class TrafficWindow(long firstSecond)
{
    public const int Seconds = 10;

    readonly Slot[] slots = [.. Enumerable.Range(0, Seconds).Select(_ => new Slot())];

    /// <summary>The newest second that it has anything of.</summary>
    public long Last { get; private set; }

    public void Add(in EdgeSample sample, long second, LatencyScale scale)
    {
        var slot = slots[second % Seconds];
        if (slot.Second != second)
        {
            if (slot.Second > second)
            {
                return;
            }

            slot.Reset(second);
        }

        Last = Math.Max(Last, second);
        slot.Add(sample, scale);
    }

    /// <summary>The figures of the window that ends with <paramref name="now"/>; null where nothing happened in it.</summary>
    public EdgeFigures? Figures(long now, LatencyScale scale, long[] scratch) => Figures(now, Seconds, scale, scratch);

    /// <summary>The figures of the <paramref name="span"/> seconds that end with <paramref name="last"/>, which lies within the ring; null where nothing happened in them.</summary>
    public EdgeFigures? Figures(long last, int span, LatencyScale scale, long[] scratch)
    {
        Array.Clear(scratch);
        long requests = 0, errors = 0, timed = 0;
        foreach (var slot in slots)
        {
            if (slot.Second > last - span && slot.Second <= last)
            {
                requests += slot.Requests;
                errors += slot.Errors;
                timed += slot.AddTo(scratch);
            }
        }

        // A window that began three seconds ago knows three seconds, not ten.
        var known = Math.Clamp(last - firstSecond + 1, 1, span);
        return requests == 0 ? null : new EdgeFigures(
            (double)requests / known, Math.Min(1, (double)errors / requests), Quantile(scratch, timed, 0.50, scale), Quantile(scratch, timed, 0.99, scale), Mean(scratch, timed, scale));
    }

    internal static double Mean(long[] buckets, long total, LatencyScale scale)
    {
        var sum = 0.0;
        for (var i = 0; i < buckets.Length && total > 0; i++)
        {
            sum += buckets[i] > 0 ? buckets[i] * scale.MiddleMs(i) : 0;
        }

        return total == 0 ? 0 : sum / total;
    }

    internal static double Quantile(long[] buckets, long total, double share, LatencyScale scale)
    {
        var rank = (long)Math.Ceiling(share * total);
        for (var i = 0; i < buckets.Length && total > 0; i++)
        {
            rank -= buckets[i];
            if (rank <= 0)
            {
                return scale.MiddleMs(i);
            }
        }

        return 0;
    }

    sealed class Slot
    {
        // Most edges touch few buckets a second; a dense array would cost 3 KB per slot.
        readonly Dictionary<int, long> latency = [];

        public long Second { get; private set; } = -1;

        public long Requests { get; private set; }

        public long Errors { get; private set; }

        public void Reset(long second)
        {
            Second = second;
            (Requests, Errors) = (0, 0);
            latency.Clear();
        }

        public void Add(in EdgeSample sample, LatencyScale scale)
        {
            Requests += sample.Requests;
            Errors += sample.Errors;
            for (var i = 0; i + 1 < sample.Latency.Count; i += 2)
            {
                var (bucket, count) = (sample.Latency[i], sample.Latency[i + 1]);
                if (bucket >= 0 && bucket < scale.Count && count > 0)
                {
                    latency[(int)bucket] = latency.GetValueOrDefault((int)bucket) + count;
                }
            }
        }

        public long AddTo(long[] buckets)
        {
            long added = 0;
            foreach (var (bucket, count) in latency)
            {
                buckets[bucket] += count;
                added += count;
            }

            return added;
        }
    }
}
