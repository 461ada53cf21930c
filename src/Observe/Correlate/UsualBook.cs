namespace Mainstay.Observe.Correlate;

/// <summary>What is known of a figure beyond the last hour.</summary>
/// <param name="Subject">As in <see cref="Subjects"/>.</param>
/// <param name="Last">What was usual when it was last looked at.</param>
/// <param name="Hours">What was usual in an hour of the week, by <see cref="UsualBook.HourOf"/>; empty where none is followed so.</param>
/// <param name="Seen">When it was last looked at.</param>
public sealed record LongUsual(string Subject, Figure Figure, Baseline Last, IReadOnlyDictionary<int, Baseline> Hours, DateTimeOffset Seen);

/// <summary>
/// Remembers what is usual for longer than the hour of <see cref="FigureHistory"/>: what was usual last, which outlives the server, and what is usual in the same hour of the week, so that what comes
/// every Monday is no trouble. Bounded: the hours of at most <see cref="MostSeasonal"/> figures of routes and services, of 170 hours each. Not safe for several callers at a time.
/// </summary>
public sealed class UsualBook
{
    /// <summary>The most figures of which each hour of the week is known.</summary>
    public const int MostSeasonal = 2000;

    /// <summary>An hour counts where at least so many of its steps were trusted: half of it.</summary>
    public const int LeastOfHour = 360;

    /// <summary>What was not looked at for so long is forgotten.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(15);

    const int HoursOfWeek = 168;

    // A new week weighs as much as all weeks before it.
    const double Newest = 0.5;

    readonly Dictionary<(string Subject, Figure Figure), Entry> all = [];
    int seasonal;

    public int Count => all.Count;

    /// <summary>0 to 167: hours since the beginning of the week, Thursday 0:00 UTC.</summary>
    public static int HourOf(DateTimeOffset at) => (int)(at.ToUnixTimeSeconds() / 3600 % HoursOfWeek);

    /// <summary>Whether the hours of the week of a figure are worth their room: what users and callers feel.</summary>
    public static bool IsSeasonal(string subject, Figure figure) =>
        figure is Figure.Rate or Figure.ErrorRatio or Figure.MeanMs or Figure.P99Ms && (subject.StartsWith("route/", StringComparison.Ordinal) || subject.StartsWith("service/", StringComparison.Ordinal));

    /// <summary>What was usual last; null where nothing is known.</summary>
    public Baseline? Last(string subject, Figure figure) => all.TryGetValue((subject, figure), out var entry) && entry.Last.Steps >= Thresholds.LeastBaseline ? entry.Last : null;

    /// <summary>What is usual in an hour of the week; null where it is not known.</summary>
    public Baseline? In(string subject, Figure figure, int hour) => all.TryGetValue((subject, figure), out var entry) && entry.Hours is { } hours && hours.TryGetValue(hour, out var usual) ? usual : null;

    /// <summary>The median in an hour of the week; where that is not known, the middle of the same hour of the other days. Null where nothing is known.</summary>
    public double? InRhythm(string subject, Figure figure, int hour)
    {
        if (In(subject, figure, hour) is { } same)
        {
            return same.Median;
        }

        double[] days = [.. Enumerable.Range(1, 6).Select(d => In(subject, figure, (hour + (d * 24)) % HoursOfWeek)).OfType<Baseline>().Select(b => b.Median).Order()];
        return days.Length == 0 ? null : days[days.Length / 2];
    }

    /// <summary>Notes what is usual now.</summary>
    public void Note(string subject, Figure figure, Baseline usual, DateTimeOffset now)
    {
        var entry = Of(subject, figure);
        entry.Seen = now;
        if (usual.Steps >= Thresholds.LeastBaseline)
        {
            entry.Last = usual;
        }
    }

    /// <summary>Takes in an hour that is over.</summary>
    public void Learn(string subject, Figure figure, int hour, Baseline usual, DateTimeOffset now)
    {
        if (usual.Steps < LeastOfHour || !IsSeasonal(subject, figure))
        {
            return;
        }

        var entry = Of(subject, figure);
        if (entry.Hours is null && seasonal < MostSeasonal)
        {
            entry.Hours = [];
            seasonal++;
        }

        if (entry.Hours is { } hours)
        {
            entry.Seen = now;
            hours[hour] = hours.TryGetValue(hour, out var before)
                ? new(before.Median + (Newest * (usual.Median - before.Median)), before.Spread + (Newest * (usual.Spread - before.Spread)), usual.Steps)
                : usual;
        }
    }

    /// <summary>Everything, to be kept; what was not looked at for long is forgotten first.</summary>
    public IReadOnlyList<LongUsual> All(DateTimeOffset now)
    {
        foreach (var (key, entry) in all.Where(a => now - a.Value.Seen > Kept).ToArray())
        {
            all.Remove(key);
            seasonal -= entry.Hours is null ? 0 : 1;
        }

        return [.. all.Select(a => new LongUsual(a.Key.Subject, a.Key.Figure, a.Value.Last, a.Value.Hours ?? [], a.Value.Seen))];
    }

    /// <summary>Takes in what was kept.</summary>
    public void Restore(IEnumerable<LongUsual> kept)
    {
        foreach (var one in kept)
        {
            var entry = Of(one.Subject, one.Figure);
            (entry.Last, entry.Seen) = (one.Last, one.Seen);
            if (one.Hours.Count > 0 && entry.Hours is null && seasonal < MostSeasonal)
            {
                entry.Hours = one.Hours.ToDictionary();
                seasonal++;
            }
        }
    }

    Entry Of(string subject, Figure figure) => all.TryGetValue((subject, figure), out var known) ? known : all[(subject, figure)] = new();

    sealed class Entry
    {
        public Baseline Last { get; set; }

        public Dictionary<int, Baseline>? Hours { get; set; }

        public DateTimeOffset Seen { get; set; }
    }
}
