using System.Runtime.InteropServices;

namespace Mainstay.Observe.Correlate;

/// <summary>
/// An hour of figures in steps of <see cref="Thresholds.StepSeconds"/>, with what is usual for each. Robust: usual is the median, the spread comes from the median
/// deviation and the upper tail, and neither the first minute of a series counts nor steps in which something was known to be wrong or had just been; where too few are left, what was known before holds. Bounded: beyond the limit new series are not taken, and counted.
/// Not safe for several callers at a time.
/// </summary>
/// <param name="most">The most series, each of 3 KB. Default 12,000.</param>
public sealed class FigureHistory(int most = 12_000)
{
    const int StepsOfHour = 3600 / Thresholds.StepSeconds;

    readonly Dictionary<(string Subject, Figure Figure), Ring> rings = [];
    readonly List<(long From, long To)> wrong = [];
    readonly float[] scratch = new float[Thresholds.StepsKept];

    /// <summary>The number of the newest step: seconds since 1970 divided by the length of a step.</summary>
    public long Step { get; private set; }

    /// <summary>What is usual beyond the hour.</summary>
    public UsualBook Long { get; } = new();

    /// <summary>Series that had no room.</summary>
    public long Dropped { get; private set; }

    public int Count => rings.Count;

    /// <summary>Another one with the same content.</summary>
    public FigureHistory Copy()
    {
        var copy = new FigureHistory(most) { Step = Step, Dropped = Dropped };
        copy.wrong.AddRange(wrong);
        foreach (var (key, ring) in rings)
        {
            copy.rings.Add(key, ring.Copy());
        }

        copy.Long.Restore(Long.All(TimeOf(Step)));
        return copy;
    }

    /// <summary>When a step ended.</summary>
    public static DateTimeOffset TimeOf(long step) => DateTimeOffset.FromUnixTimeSeconds((step + 1) * Thresholds.StepSeconds);

    /// <summary>Begins a step; earlier ones can no longer be written.</summary>
    public void Begin(DateTimeOffset now)
    {
        var before = Step;
        Step = Math.Max(Step, (now.ToUnixTimeSeconds() / Thresholds.StepSeconds) - 1);
        wrong.RemoveAll(w => w.To <= Step - Thresholds.StepsKept);
        if (Step % 120 == 0)
        {
            Forget();
        }

        if (before > 0 && Step / StepsOfHour != before / StepsOfHour)
        {
            Learn(before / StepsOfHour);
        }
    }

    /// <summary>What is usual for all series, to be kept for after a restart.</summary>
    public IReadOnlyList<LongUsual> ToKeep(DateTimeOffset now)
    {
        foreach (var ((subject, figure), ring) in rings)
        {
            Long.Note(subject, figure, Usual(ring), now);
        }

        return Long.All(now);
    }

    /// <summary>Writes a figure of the newest step. What is not finite is left out.</summary>
    public void Add(string subject, Figure figure, double? value)
    {
        if (value is not { } known || !double.IsFinite(known))
        {
            return;
        }

        if (!rings.TryGetValue((subject, figure), out var ring))
        {
            if (rings.Count >= most)
            {
                Dropped++;
                return;
            }

            rings.Add((subject, figure), ring = new());
        }

        ring.Set(Step, (float)known);
    }

    /// <summary>Whether anything is known of a figure.</summary>
    public bool Has(string subject, Figure figure) => rings.ContainsKey((subject, figure));

    /// <summary>The step of the first value that is known of a figure; null where none is.</summary>
    public long? Began(string subject, Figure figure) => rings.TryGetValue((subject, figure), out var ring) ? ring.First : null;

    /// <summary>From here to the newest step something is wrong: it is not what is usual, nor is the step before, nor what comes while things recover.</summary>
    public void Distrust(long from)
    {
        var (first, last) = (from - 1, Step + Thresholds.RecoverySteps);
        if (wrong.Count > 0 && wrong[^1].To >= first - 1)
        {
            wrong[^1] = (Math.Min(wrong[^1].From, first), last);
        }
        else
        {
            wrong.Add((first, last));
        }
    }

    /// <summary>The value of a step; null where there is none.</summary>
    public double? At(string subject, Figure figure, long step) =>
        rings.TryGetValue((subject, figure), out var ring) && ring.Get(step) is var value && !float.IsNaN(value) ? value : null;

    /// <summary>What a figure is now beside what it usually is.</summary>
    public Deviation Of(string subject, Figure figure)
    {
        if (!rings.TryGetValue((subject, figure), out var ring))
        {
            return Deviation.Unknown(figure);
        }

        var (sum, count) = (0.0, 0);
        for (var back = 0; back < 3 && count < 2; back++)
        {
            if (ring.Get(Step - back) is var value && !float.IsNaN(value))
            {
                (sum, count) = (sum + value, count + 1);
            }
        }

        if (count == 0)
        {
            return Deviation.Unknown(figure);
        }

        return Beside(subject, figure, sum / count);
    }

    /// <summary>A value of a figure beside what it usually is.</summary>
    public Deviation Beside(string subject, Figure figure, double value)
    {
        if (!rings.TryGetValue((subject, figure), out var ring))
        {
            return Deviation.Unknown(figure);
        }

        var usual = Nearest(subject, figure, ring, value);
        return new(figure, value, usual.Median, Math.Max(usual.Spread, (Math.Abs(usual.Median) / 20) + figure.Floor()), usual.Steps);
    }

    /// <summary>The first step of the run of steps, up to now, in which a figure is beyond a bound; single steps in between may be missing or within. Null where it is not now, or not for <see cref="Thresholds.SymptomSteps"/>.</summary>
    public long? Since(string subject, Figure figure, double bound)
    {
        if (!rings.TryGetValue((subject, figure), out var ring) || ring.Get(Step) <= bound)
        {
            return null;
        }

        var (first, missed, beyond) = (Step, 0, 0);
        for (var step = Step; step > Step - Thresholds.StepsKept && missed < 2; step--)
        {
            var value = ring.Get(step);
            if (!float.IsNaN(value) && value > bound)
            {
                (first, missed, beyond) = (step, 0, beyond + 1);
            }
            else
            {
                missed++;
            }
        }

        return beyond >= Thresholds.SymptomSteps ? first : null;
    }

    // The last hour's, or before there is one what was kept; and where this hour of the week is usually so, that.
    Baseline Nearest(string subject, Figure figure, Ring ring, double now)
    {
        var usual = Usual(ring);
        if (usual.Steps < Thresholds.LeastBaseline && Step - ring.First >= Thresholds.WarmSteps && Long.Last(subject, figure) is { } kept)
        {
            usual = kept;
        }

        return usual.Steps >= Thresholds.LeastBaseline && Long.In(subject, figure, UsualBook.HourOf(TimeOf(Step))) is { } hour && Away(hour) < Away(usual) ? hour : usual;

        double Away(Baseline from) => Math.Abs(now - from.Median) / Math.Max(from.Spread, (Math.Abs(from.Median) / 20) + figure.Floor());
    }

    // The hour that is over lies in the rings as a whole.
    void Learn(long hour)
    {
        var (first, last) = (hour * StepsOfHour, ((hour + 1) * StepsOfHour) - 1);
        foreach (var ((subject, figure), ring) in rings)
        {
            if (!UsualBook.IsSeasonal(subject, figure))
            {
                continue;
            }

            var count = 0;
            for (var step = first; step <= last; step++)
            {
                if (ring.Get(step) is var value && !float.IsNaN(value) && !IsWrong(step))
                {
                    scratch[count++] = value;
                }
            }

            Long.Learn(subject, figure, UsualBook.HourOf(DateTimeOffset.FromUnixTimeSeconds(hour * 3600)), Baseline.Of(scratch.AsSpan(0, count)), TimeOf(Step));
        }
    }

    Baseline Usual(Ring ring)
    {
        var key = Step + ((long)wrong.Count << 48);
        if (ring.Known is { } known && key - ring.KnownAt is >= 0 and < 4)
        {
            return known;
        }

        // What has just begun to be measured warms up; it counts only while there is little else.
        var (count, trusted, oldest, newest) = (0, 0L, Step - Thresholds.StepsKept + 1, Step - Thresholds.GuardSteps);
        var warm = ring.First + Thresholds.WarmSteps;
        for (var step = Math.Max(oldest, newest - warm >= 2 * Thresholds.LeastBaseline ? warm : oldest); step <= newest; step++)
        {
            if (ring.Get(step) is var value && !float.IsNaN(value) && !IsWrong(step))
            {
                (scratch[count++], trusted) = (value, step);
            }
        }

        var usual = Baseline.Of(scratch.AsSpan(0, count));
        if (usual.Steps >= Thresholds.LeastBaseline)
        {
            (ring.Founded, ring.FoundedAt) = (usual, trusted);
        }
        else if (ring.Founded is { } before && Step - ring.FoundedAt < Thresholds.StepsKept)
        {
            // Where hardly a step can be trusted, because something was wrong most of the time, what was known before still holds, until it is an hour old.
            usual = before;
        }

        (ring.Known, ring.KnownAt) = (usual, key);
        return usual;
    }

    bool IsWrong(long step)
    {
        foreach (var (from, to) in CollectionsMarshal.AsSpan(wrong))
        {
            if (step >= from && step <= to)
            {
                return true;
            }
        }

        return false;
    }

    void Forget()
    {
        foreach (var (key, ring) in rings)
        {
            if (ring.Last <= Step - Thresholds.StepsKept)
            {
                rings.Remove(key);
            }
        }
    }

    sealed class Ring
    {
        readonly float[] values = new float[Thresholds.StepsKept];

        public Ring() => Array.Fill(values, float.NaN);

        /// <summary>The step of its first value.</summary>
        public long First { get; private set; } = -1;

        public long Last { get; private set; } = -1;

        public Baseline? Known { get; set; }

        public long KnownAt { get; set; }

        /// <summary>What was usual when enough steps said so last.</summary>
        public Baseline? Founded { get; set; }

        /// <summary>The newest of those steps.</summary>
        public long FoundedAt { get; set; }

        public Ring Copy()
        {
            var copy = new Ring { First = First, Last = Last, Known = Known, KnownAt = KnownAt, Founded = Founded, FoundedAt = FoundedAt };
            values.CopyTo(copy.values, 0);
            return copy;
        }

        public float Get(long step) => step > Last || step <= Last - values.Length || step < 0 ? float.NaN : values[step % values.Length];

        public void Set(long step, float value)
        {
            First = First < 0 ? step : First;
            for (var gap = Math.Max(Last + 1, step - values.Length + 1); gap < step; gap++)
            {
                values[gap % values.Length] = float.NaN;
            }

            Last = Math.Max(Last, step);
            values[step % values.Length] = value;
        }
    }
}
