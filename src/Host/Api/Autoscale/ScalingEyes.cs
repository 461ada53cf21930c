using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Api.Observe;
using Mainstay.Observe.Correlate;
using Mainstay.Observe.Ingest;
using Mainstay.Observe.Query;
using Mainstay.Observe.Query.Prom;
using Mainstay.Schedule.Decide;

namespace Mainstay.Host.Api.Autoscale;

/// <summary>Reads the figures that services scale by: a look of everything first, then each service. Not safe for several callers at a time.</summary>
sealed class ScalingEyes(ServerServices services, Correlator correlator)
{
    /// <summary>Figures of traffic are those of so many seconds.</summary>
    public const int Seconds = 3;

    /// <summary>An instance counts so long after it got ready: until then figures still show what was before.</summary>
    public static readonly TimeSpan Settles = TimeSpan.FromSeconds(6);

    // Instances that are started now are of use after this.
    static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);

    static readonly TimeSpan CpuRange = TimeSpan.FromSeconds(5);
    static readonly TimeSpan QueryEvery = TimeSpan.FromSeconds(5);
    static readonly TimeSpan QueryPatience = TimeSpan.FromSeconds(1);
    static readonly PromLimits Limits = new() { Samples = 1_000_000, Series = 5_000 };

    readonly StoreSource source = new(services.Samples);
    readonly Dictionary<string, (string Expr, DateTimeOffset At, double? Value)> answers = new(StringComparer.Ordinal);
    readonly Dictionary<string, DateTimeOffset> lastRequests = new(StringComparer.Ordinal);
    Readings instances = null!;
    Readings queues = null!;
    Readings brokers = null!;
    IReadOnlyDictionary<EdgeKey, EdgeFigures> edges = new Dictionary<EdgeKey, EdgeFigures>();
    IReadOnlyDictionary<EdgeKey, EdgeFigures> traced = new Dictionary<EdgeKey, EdgeFigures>();

    /// <summary>Takes everything in as it is now.</summary>
    public void Look(DateTimeOffset now)
    {
        var at = now.ToUnixTimeMilliseconds();
        instances = new(services.Samples, "service.instance.id", at, CpuRange);
        queues = new(services.Samples, "queue", at);
        brokers = new(services.Samples, "rabbitmq.queue.name", at);
        edges = services.Edges.Recent(Seconds);
        traced = services.Telemetry.Traced.Recent(Seconds);
    }

    /// <summary>The figures of one service.</summary>
    public ScalingFigures Of(Service service, IReadOnlyList<Instance> all, bool isAwaited, DateTimeOffset now)
    {
        var spec = service.Spec.Scale!;
        var settled = all.Where(i => i.Goal == InstanceGoal.Run && i.Status.State == InstanceState.Ready && i.Status.ReadyAt <= now - Settles).Select(i => i.Name).ToArray();
        var came = edges.Where(e => e.Key.To == service.Name).Select(e => e.Value).ToArray();
        if (came.Length > 0 || isAwaited)
        {
            lastRequests[service.Name] = now;
        }

        var rate = came.Sum(e => e.RequestsPerSecond);
        var given = (service.Spec.Resources?.Cpu ?? service.Spec.Container?.Cpu) is { Hundredths: > 0 and var hundredths } ? hundredths / 100.0 : 1;
        return new()
        {
            Settled = settled.Length,
            Cpu = spec.Cpu is null ? null : Sum(settled, i => instances.Rate("process.cpu.time", i)) / given,
            Memory = spec.Memory is null ? null : Sum(settled, i => instances.Last("process.memory.usage", i)),
            InFlight = came.Sum(InFlight),
            Rate = rate,
            // Percentiles cannot be added up: that of who calls most stands for all.
            P99 = came.Length == 0 ? null : came.MaxBy(e => e.RequestsPerSecond).P99Ms,
            Queue = spec.Queue is { } queue ? Backlog(queue.Name) : null,
            Query = spec.Query is { } query ? Ask(service.Name, query.Expr, now) : null,
            Rhythm = spec.Predict && rate > 0 ? correlator.UsualAt(Subjects.Service(service.Name), Figure.Rate, now + Ahead) / rate : null,
            LastRequest = lastRequests.TryGetValue(service.Name, out var last) ? last : null,
            IsAwaited = isAwaited,
        };
    }

    /// <summary>Whom it calls, and how that answers.</summary>
    public IEnumerable<(string Callee, EdgeFigures Figures)> Calls(string service) =>
        edges.Concat(traced).Where(e => e.Key.From == service).GroupBy(e => e.Key.To, StringComparer.Ordinal).Select(g => (g.Key, g.MaxBy(e => InFlight(e.Value)).Value));

    /// <summary>How many requests of an edge are under way at a time (Little's law).</summary>
    public static double InFlight(EdgeFigures of) => of.RequestsPerSecond * of.MeanMs / 1000;

    /// <summary>Forgets services that no longer scale.</summary>
    public void Keep(IReadOnlySet<string> names)
    {
        foreach (var gone in lastRequests.Keys.Concat(answers.Keys).Where(n => !names.Contains(n)).ToArray())
        {
            lastRequests.Remove(gone);
            answers.Remove(gone);
        }
    }

    // Those that are ready and those that somebody works at. What waits for its time, or is dead, more instances do nothing about. A queue that is declared wins over one of the same name in a watched broker.
    double? Backlog(string queue) => queues.Last("mainstay.queue.messages", queue, ("state", "ready")) is { } ready
        ? ready + (queues.Last("mainstay.queue.messages", queue, ("state", "inFlight")) ?? 0)
        : brokers.Last("rabbitmq.message.current", queue);

    // One that has no figure makes the sum unknown: it may be the one that works.
    static double? Sum(string[] names, Func<string, double?> of) => names.Length == 0 ? null : names.Aggregate((double?)0, (sum, name) => sum + of(name));

    double? Ask(string service, string expr, DateTimeOffset now)
    {
        if (answers.TryGetValue(service, out var known) && known.Expr == expr && now - known.At < QueryEvery)
        {
            return known.Value;
        }

        using var patience = new CancellationTokenSource(QueryPatience, services.Time);
        var (answer, _) = PromEngine.At(expr, source, now.ToUnixTimeMilliseconds(), Limits, patience.Token);
        double[] values = [.. (answer?.Rows ?? []).SelectMany(r => r.Values).Where(v => PromRow.Has(v) && double.IsFinite(v))];
        double? value = values.Length == 0 ? null : values.Sum();
        answers[service] = (expr, now, value);
        return value;
    }
}
