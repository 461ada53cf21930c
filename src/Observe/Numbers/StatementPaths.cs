using System.Runtime.InteropServices;
using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Numbers;

/// <summary>
/// Joins every statement with the public API whose request ran it, before any sampling: of each trace it remembers the first span that serves something and all statements, and settles them
/// <see cref="WindowSeconds"/> after the trace's first span. Sums are kept in windows of ten seconds (five minutes of them) and of a minute (an hour of them). Bounded: beyond
/// <paramref name="mostTraces"/> the oldest trace is settled before its time, beyond <paramref name="mostPairs"/> new pairs are dropped and counted. Not safe for several callers at a time.
/// </summary>
/// <param name="mostTraces">The most traces under way, of some 200 bytes each. Default 65,536.</param>
/// <param name="mostPairs">The most pairs of API and statement, and the most APIs, of at most 6 KB each. Default 4096.</param>
public sealed class StatementPaths(int mostTraces = 65_536, int mostPairs = 4096)
{
    /// <summary>How long the spans of a trace are waited for, in seconds.</summary>
    public const int WindowSeconds = 12;

    /// <summary>The most different statements of one trace; the rest is dropped and counted.</summary>
    public const int MostOfTrace = 256;

    readonly Dictionary<TraceId, Open> open = [];
    readonly Queue<Open> order = new();
    readonly Stack<Open> free = new();
    readonly Dictionary<Api, PathWindows> apis = [];
    readonly Dictionary<Pair, PathWindows> pairs = [];
    readonly NameTable services = new(4096);
    readonly NameTable names = new(16_384, 512);
    Open? last;

    /// <summary>Traces that were settled before their time, because too many were under way.</summary>
    public long Hurried { get; private set; }

    /// <summary>Statements and requests not counted, because there were too many different ones.</summary>
    public long Dropped { get; private set; }

    /// <summary>Traces under way.</summary>
    public int Count => open.Count;

    /// <summary>A span that serves something: of its trace the root, or the one that begins first, is the API.</summary>
    public void Served(ReadOnlySpan<byte> service, ReadOnlySpan<byte> operation, TraceId trace, bool isRoot, long start, long nanoseconds, long second)
    {
        var one = Of(trace, second);
        var at = isRoot ? long.MinValue : start;
        if (one.Api is not null && at >= one.ApiStart)
        {
            return;
        }

        (one.Api, one.ApiStart, one.ApiNanoseconds) = (new(services.Of(service), names.Of(operation)), at, nanoseconds);
    }

    /// <summary>A statement.</summary>
    public void Ran(ReadOnlySpan<byte> service, ReadOnlySpan<byte> statement, TraceId trace, long nanoseconds, bool isError, long second)
    {
        var one = Of(trace, second);
        var (of, text) = (services.Of(service), names.Of(statement));
        var items = CollectionsMarshal.AsSpan(one.Items);
        var at = 0;
        while (at < items.Length && (items[at].Service != of || items[at].Statement != text))
        {
            at++;
        }

        if (at == items.Length)
        {
            if (at == MostOfTrace)
            {
                Dropped++;
                return;
            }

            one.Items.Add(new() { Service = of, Statement = text });
            items = CollectionsMarshal.AsSpan(one.Items);
        }

        ref var item = ref items[at];
        item.Calls++;
        item.Errors += isError ? 1 : 0;
        item.Nanoseconds += nanoseconds;
        item.Slowest = Math.Max(item.Slowest, nanoseconds);
    }

    /// <summary>Settles the traces that have waited long enough.</summary>
    public void Advance(long second)
    {
        while (order.TryPeek(out var oldest) && oldest.Second + WindowSeconds <= second)
        {
            Settle(second);
        }
    }

    /// <summary>The pairs of a window that ends now, those that take most time first.</summary>
    /// <param name="windowSeconds">At most an hour. Up to five minutes it is cut to tens of seconds, beyond to minutes.</param>
    /// <param name="service">Of statements of this service alone; null for all.</param>
    /// <param name="statement">Of statements with this text in them, whatever its case; null for all.</param>
    /// <param name="api">Of APIs with this text in <c>SERVICE OPERATION</c>, whatever its case; null for all.</param>
    public IReadOnlyList<StatementPath> Top(int windowSeconds, int limit, long second, string? service = null, string? statement = null, string? api = null)
    {
        var window = new PathWindows.Span(windowSeconds, second);
        var total = new Dictionary<(int, int), double>();
        var found = new List<(Pair Pair, PathWindows.Sum Sum)>();
        foreach (var (pair, windows) in pairs)
        {
            if (windows.Over(window) is { Calls: > 0 } sum)
            {
                CollectionsMarshal.GetValueRefOrAddDefault(total, (pair.Service, pair.Statement), out _) += sum.Nanoseconds;
                if (Is(service, services[pair.Service]) && Has(statement, names[pair.Statement]) && Has(api, Title(pair.Api)))
                {
                    found.Add((pair, sum));
                }
            }
        }

        return
        [
            .. found.Select(f => Row(f.Pair, f.Sum, total[(f.Pair.Service, f.Pair.Statement)], window))
                .OrderByDescending(r => r.HeatSeconds).ThenBy(r => r.Statement, StringComparer.Ordinal).ThenBy(r => r.ApiService, StringComparer.Ordinal).ThenBy(r => r.Api, StringComparer.Ordinal)
                .Take(limit),
        ];
    }

    StatementPath Row(Pair pair, in PathWindows.Sum sum, double total, in PathWindows.Span window)
    {
        var requests = pair.Api.IsKnown && apis.TryGetValue(pair.Api, out var windows) ? windows.Over(window) : default;
        return new(
            services[pair.Service], names[pair.Statement], pair.Api.IsKnown ? services[pair.Api.Service] : "", pair.Api.IsKnown ? names[pair.Api.Operation] : "", sum.Calls, sum.Requests,
            requests.Requests > 0 ? Math.Round(Math.Min(1, (double)sum.Requests / requests.Requests), 4) : 0, Math.Round((double)sum.Calls / sum.Requests, 2), Math.Round((double)sum.Errors / sum.Calls, 4),
            Math.Round(sum.Nanoseconds / 1e9, 3), total > 0 ? Math.Round(sum.Nanoseconds / total, 4) : 0, requests.Nanoseconds > 0 ? Math.Round(sum.Nanoseconds / requests.Nanoseconds, 4) : 0,
            sum.Exemplar.IsZero ? null : sum.Exemplar.ToString());
    }

    string Title(Api api) => api.IsKnown ? $"{services[api.Service]} {names[api.Operation]}" : "";

    static bool Is(string? wanted, string name) => wanted is null || wanted == name;

    static bool Has(string? wanted, string text) => wanted is null || text.Contains(wanted, StringComparison.OrdinalIgnoreCase);

    // Spans of a trace come in runs: the last one is tried first.
    Open Of(TraceId trace, long second)
    {
        if (last is { } same && same.Trace == trace)
        {
            return same;
        }

        if (!open.TryGetValue(trace, out var one))
        {
            if (open.Count >= mostTraces)
            {
                Hurried++;
                Settle(second);
            }

            one = free.TryPop(out var used) ? used : new();
            one.Begin(trace, second);
            open.Add(trace, one);
            order.Enqueue(one);
        }

        return last = one;
    }

    void Settle(long second)
    {
        var one = order.Dequeue();
        open.Remove(one.Trace);
        last = last == one ? null : last;
        var api = one.Api ?? Api.Unknown;
        if (one.Api is not null)
        {
            WindowsOf(apis, api, second)?.Add(second, new() { Requests = 1, Calls = 1, Nanoseconds = one.ApiNanoseconds });
        }

        foreach (ref readonly var item in CollectionsMarshal.AsSpan(one.Items))
        {
            WindowsOf(pairs, new(api, item.Service, item.Statement), second)?.Add(
                second, new() { Requests = 1, Calls = item.Calls, Errors = item.Errors, Nanoseconds = item.Nanoseconds, Slowest = item.Slowest, Exemplar = one.Trace });
        }

        one.Items.Clear();
        free.Push(one);
    }

    PathWindows? WindowsOf<T>(Dictionary<T, PathWindows> all, T key, long second)
        where T : notnull
    {
        if (all.TryGetValue(key, out var windows))
        {
            return windows;
        }

        if (all.Count >= mostPairs)
        {
            foreach (var (old, of) in all)
            {
                if (of.IsOver(second))
                {
                    all.Remove(old);
                }
            }
        }

        if (all.Count >= mostPairs)
        {
            Dropped++;
            return null;
        }

        return all[key] = new();
    }

    readonly record struct Api(int Service, int Operation)
    {
        public static Api Unknown => new(-1, -1);

        public bool IsKnown => Service >= 0;
    }

    readonly record struct Pair(Api Api, int Service, int Statement);

    struct Item
    {
        public int Service;
        public int Statement;
        public int Calls;
        public int Errors;
        public long Nanoseconds;
        public long Slowest;
    }

    sealed class Open
    {
        public TraceId Trace { get; private set; }

        public long Second { get; private set; }

        public Api? Api { get; set; }

        public long ApiStart { get; set; }

        public long ApiNanoseconds { get; set; }

        public List<Item> Items { get; } = [];

        public void Begin(TraceId trace, long second) => (Trace, Second, Api, ApiStart, ApiNanoseconds) = (trace, second, null, 0, 0);
    }
}
