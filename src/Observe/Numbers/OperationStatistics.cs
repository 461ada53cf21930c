using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Numbers;

/// <summary>What is counted.</summary>
public enum TopOf : byte
{
    /// <summary>An operation that a service offers: its server and consumer spans of one name.</summary>
    Operations,

    /// <summary>All operations of a service together.</summary>
    Services,

    /// <summary>A caller and its callee.</summary>
    Callers,

    /// <summary>A statement that a service sends to a database, without its literals.</summary>
    Statements,
}

/// <summary>By what the top of a list is chosen.</summary>
public enum TopBy : byte
{
    Calls,

    /// <summary>The 99th percentile.</summary>
    Slow,

    /// <summary>The sum of time.</summary>
    Heat,
}

/// <summary>One line of a top list, over a window.</summary>
/// <param name="Service">Whose it is; of callers the callee.</param>
/// <param name="Name">The operation, the statement or the caller; the service where it is all of it.</param>
/// <param name="Instances">How many instances had a part in it.</param>
/// <param name="HeatSeconds">The sum of their time.</param>
/// <param name="Exemplar">The slowest trace of the newest part of the window; null where there is none.</param>
public sealed record TopRow(
    string Service, string Name, int Instances, long Calls, double CallsPerSecond, double ErrorRatio, double P50Ms, double P99Ms, double HeatSeconds, string? Exemplar)
{
    /// <summary>A call that succeeds within so long satisfies; one within four times as long is half as good, all others are not good.</summary>
    public static readonly TimeSpan ApdexTime = TimeSpan.FromMilliseconds(500);

    /// <summary>How satisfied callers are, 0 to 1: the Apdex of <see cref="ApdexTime"/>.</summary>
    public double Apdex { get; init; }
}

/// <summary>What an instance did in ten seconds.</summary>
/// <param name="Instance">Its name.</param>
/// <param name="Statement">What it sent to a database; null for what was asked of it.</param>
/// <param name="Calls">How often.</param>
/// <param name="Errors">How many of them failed.</param>
/// <param name="Latency">Durations and how many took so long.</param>
public sealed record InstanceWindow(string Instance, string? Statement, long Calls, long Errors, IReadOnlyList<(double Nanoseconds, long Count)> Latency);

/// <summary>
/// Counts every span before any sampling: per operation and instance, service, caller and statement, in windows of ten seconds (kept for five minutes)
/// and of a minute (kept for an hour), each with an exponential histogram that can be added up. Bounded: beyond the limit, what is new is not
/// counted per name but dropped and told. Not safe for several callers at a time.
/// </summary>
/// <param name="most">The most series; one takes 10 to 30 KB when it is busy for an hour.</param>
public sealed class OperationStatistics(int most = 4096)
{
    const int Short = 10;
    const int Long = 60;
    const int ShortKept = 30;
    const int LongKept = 60;

    readonly Dictionary<Key, Series> all = [];
    readonly NameTable services = new(4096);
    readonly NameTable names = new(16_384, 512);

    /// <summary>What was not counted because there were too many series.</summary>
    public long Dropped { get; private set; }

    /// <summary>The number of series.</summary>
    public int Count => all.Count;

    /// <summary>Counts one span.</summary>
    /// <param name="of">As what.</param>
    /// <param name="service">UTF-8.</param>
    /// <param name="name">UTF-8.</param>
    /// <param name="instance">UTF-8; may be empty.</param>
    /// <param name="nanoseconds">How long it took.</param>
    /// <param name="isError">Whether it failed.</param>
    /// <param name="trace">For the exemplar.</param>
    /// <param name="second">When it was taken in, by the owner's clock.</param>
    public void Add(TopOf of, ReadOnlySpan<byte> service, ReadOnlySpan<byte> name, ReadOnlySpan<byte> instance, long nanoseconds, bool isError, TraceId trace, long second)
    {
        var key = new Key(of, services.Of(service), names.Of(name), instance.IsEmpty ? -1 : names.Of(instance));
        if (!all.TryGetValue(key, out var series))
        {
            if (all.Count >= most)
            {
                Forget(second);
            }

            if (all.Count >= most)
            {
                Dropped++;
                return;
            }

            all.Add(key, series = new());
        }

        series.Last = second;
        Slot(series.Shorts, second / Short).Add(nanoseconds, isError, trace);
        Slot(series.Longs, second / Long).Add(nanoseconds, isError, trace);
    }

    /// <summary>The top of a list over a window that ends now.</summary>
    /// <param name="of">What is listed.</param>
    /// <param name="by">By what it is ordered, greatest first.</param>
    /// <param name="windowSeconds">At most an hour. Up to five minutes it is cut to tens of seconds, beyond to minutes.</param>
    /// <param name="limit">The most rows.</param>
    /// <param name="second">Now, by the owner's clock.</param>
    /// <param name="service">Of this service alone; null for all.</param>
    public IReadOnlyList<TopRow> Top(TopOf of, TopBy by, int windowSeconds, int limit, long second, string? service = null)
    {
        var isShort = windowSeconds <= Short * ShortKept;
        var (length, kept) = isShort ? (Short, ShortKept) : (Long, LongKept);
        var last = second / length;
        var first = last - Math.Clamp((windowSeconds + length - 1) / length, 1, kept) + 1;
        var sums = new Dictionary<(int Service, int Name), Sum>();
        foreach (var (key, series) in all)
        {
            if (key.Of != of || (service is not null && services[key.Service] != service))
            {
                continue;
            }

            foreach (var window in isShort ? series.Shorts : series.Longs)
            {
                if (window is { Calls: > 0 } && window.Number >= first && window.Number <= last)
                {
                    ref var sum = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(sums, (key.Service, key.Name), out _);
                    (sum ??= new()).Add(window, key.Instance);
                }
            }
        }

        var seconds = Math.Max(1, second - (first * length) + 1);
        return
        [
            .. sums.Select(s => s.Value.Row(services[s.Key.Service], names[s.Key.Name], seconds))
                .OrderByDescending(r => by switch { TopBy.Calls => r.Calls, TopBy.Slow => r.P99Ms, _ => r.HeatSeconds })
                .ThenBy(r => r.Service, StringComparer.Ordinal).ThenBy(r => r.Name, StringComparer.Ordinal)
                .Take(limit),
        ];
    }

    /// <summary>Adds what operations did in one window of ten seconds to the series of calls.</summary>
    /// <param name="window">Seconds since the epoch divided by ten; one that has ended, at most five minutes ago.</param>
    /// <param name="into">Takes it.</param>
    public void Write(long window, CallSeries into)
    {
        var atMs = ((window + 1) * Short * 1000) - 1;
        foreach (var (key, series) in all)
        {
            if (key.Of == TopOf.Operations && series.Shorts[window % ShortKept] is { Calls: > 0 } one && one.Number == window)
            {
                var calls = new CallsKey(CallsOf.Operation, services[key.Service], names[key.Name], key.Instance < 0 ? "" : names[key.Instance]);
                into.Add(calls, one.Calls, one.Errors, one.Latency.Buckets().Select(b => (LatencySketch.MiddleOf(b.Bucket) / 1e9, (long)b.Count)), atMs);
                into.Exemplar(calls, one.Slowest / 1e9, one.Exemplar, atMs);
            }
        }
    }

    /// <summary>What each instance of a service did in one window of ten seconds: all that was asked of it, and its statements.</summary>
    /// <param name="service">The service.</param>
    /// <param name="window">Seconds since the epoch divided by ten; at most five minutes ago.</param>
    public IReadOnlyList<InstanceWindow> Of(string service, long window)
    {
        var found = new List<InstanceWindow>();
        foreach (var (key, series) in all)
        {
            if (key is { Of: TopOf.Services or TopOf.Statements, Instance: >= 0 } && services[key.Service] == service && series.Shorts[window % ShortKept] is { Calls: > 0 } one && one.Number == window)
            {
                found.Add(new(names[key.Instance], key.Of == TopOf.Statements ? names[key.Name] : null, one.Calls, one.Errors, [.. one.Latency.Buckets().Select(b => (LatencySketch.MiddleOf(b.Bucket), (long)b.Count))]));
            }
        }

        return found;
    }

    void Forget(long second)
    {
        foreach (var (key, series) in all)
        {
            if (series.Last < second - (Long * LongKept))
            {
                all.Remove(key);
            }
        }
    }

    static Window Slot(Window?[] ring, long number)
    {
        ref var window = ref ring[number % ring.Length];
        if (window is null)
        {
            return window = new(number);
        }

        if (window.Number < number)
        {
            window.Reset(number);
        }

        return window;
    }

    readonly record struct Key(TopOf Of, int Service, int Name, int Instance);

    sealed class Series
    {
        public readonly Window?[] Shorts = new Window?[ShortKept];
        public readonly Window?[] Longs = new Window?[LongKept];
        public long Last;
    }

    sealed class Window(long number)
    {
        static readonly long Satisfying = TopRow.ApdexTime.Ticks * 100;

        public long Number { get; private set; } = number;

        public long Calls { get; private set; }

        public long Errors { get; private set; }

        public double Nanoseconds { get; private set; }

        public long Slowest { get; private set; }

        public TraceId Exemplar { get; private set; }

        /// <summary>Two for each call that satisfies, one for each that is half as good.</summary>
        public long HalfGood { get; private set; }

        public LatencySketch Latency { get; } = new();

        public void Reset(long to)
        {
            (Number, Calls, Errors, Nanoseconds, Slowest, Exemplar, HalfGood) = (to, 0, 0, 0, 0, default, 0);
            Latency.Clear();
        }

        public void Add(long nanoseconds, bool isError, TraceId trace)
        {
            Calls++;
            Errors += isError ? 1 : 0;
            Nanoseconds += nanoseconds;
            HalfGood += isError || nanoseconds > 4 * Satisfying ? 0 : nanoseconds > Satisfying ? 1 : 2;
            Latency.Add(nanoseconds);
            if (nanoseconds >= Slowest)
            {
                (Slowest, Exemplar) = (nanoseconds, trace);
            }
        }
    }

    sealed class Sum
    {
        readonly HashSet<int> instances = [];
        readonly LatencySketch latency = new();
        long calls;
        long errors;
        double nanoseconds;
        long halfGood;
        Window? newest;

        public void Add(Window window, int instance)
        {
            calls += window.Calls;
            errors += window.Errors;
            nanoseconds += window.Nanoseconds;
            halfGood += window.HalfGood;
            latency.Add(window.Latency);
            if (instance >= 0)
            {
                instances.Add(instance);
            }

            if (newest is null || window.Number > newest.Number || (window.Number == newest.Number && window.Slowest > newest.Slowest))
            {
                newest = window;
            }
        }

        public TopRow Row(string service, string name, long seconds) => new(
            service, name, instances.Count, calls, Math.Round((double)calls / seconds, 3), Math.Round((double)errors / calls, 4),
            Math.Round(latency.Quantile(0.5) / 1e6, 3), Math.Round(latency.Quantile(0.99) / 1e6, 3), Math.Round(nanoseconds / 1e9, 3),
            newest is { Exemplar.IsZero: false } ? newest.Exemplar.ToString() : null)
        { Apdex = Math.Round(halfGood / 2.0 / calls, 3) };
    }
}
