using System.Net.Sockets;
using System.Runtime.InteropServices;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Observe.Collect.Probes;
using Mainstay.Observe.Query;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Drivers;

/// <summary>
/// Asks servers for their figures, each in its own time and never twice at once. One that does not answer within 5 s counts as down. Whether each answers is
/// <c>mainstay.probe.up</c>, and how long it takes <c>mainstay.probe.duration</c>.
/// </summary>
/// <param name="wanted">Whom to ask at a time.</param>
/// <param name="sink">Where figures go.</param>
/// <param name="time">Clock and timer.</param>
public sealed class ProbeRunner(Func<IReadOnlyList<ProbeTarget>> wanted, IMetricSink sink, TimeProvider time)
{
    /// <summary>The most servers.</summary>
    public const int Most = 1000;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    readonly Lock gate = new();
    readonly Dictionary<string, Asked> asked = new(StringComparer.Ordinal);

    /// <summary>How those that were asked stand, by name; without their figures.</summary>
    public IReadOnlyList<MiddlewareFigures> Standing()
    {
        lock (gate)
        {
            return [.. asked.Values.Where(a => a.Done).OrderBy(a => a.Target.Id, StringComparer.Ordinal)
                .Select(a => new MiddlewareFigures(a.Target.Name, a.Target.Kind.ToString().ToLowerInvariant(), a.Target.Id, a.Why is null, a.Why ?? "", []))];
        }
    }

    /// <summary>Runs until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Tick, time);
        try
        {
            do
            {
                Look(stop);
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }

        foreach (var one in asked.Values)
        {
            await one.Asking;
            one.Probe.Dispose();
        }
    }

    void Look(CancellationToken stop)
    {
        // Of two with one name, the first is asked.
        var targets = new Dictionary<string, ProbeTarget>(StringComparer.Ordinal);
        foreach (var target in wanted().Take(Most))
        {
            targets.TryAdd(target.Id, target);
        }

        lock (gate)
        {
            foreach (var (id, one) in asked.ToArray())
            {
                if (one.Asking.IsCompleted && (!targets.TryGetValue(id, out var target) || target != one.Target))
                {
                    one.Probe.Dispose();
                    asked.Remove(id);
                }
            }

            var now = time.GetTimestamp();
            foreach (var target in targets.Values)
            {
                if (!asked.TryGetValue(target.Id, out var one))
                {
                    asked[target.Id] = one = new(target);
                }

                if (one.Asking.IsCompleted && (one.AskedAt is not { } last || time.GetElapsedTime(last, now) >= target.Every - (Tick / 2)))
                {
                    one.AskedAt = now;
                    one.Asking = Task.Run(() => AskAsync(one, stop), CancellationToken.None);
                }
            }
        }
    }

    async Task AskAsync(Asked one, CancellationToken stop)
    {
        var began = time.GetTimestamp();
        using var deadline = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        one.Samples.Begin();
        string? why;
        try
        {
            why = await one.Probe.AskAsync(one.Samples, either.Token);
        }
        catch (OperationCanceledException)
        {
            why = stop.IsCancellationRequested ? null : $"no answer within {Patience.TotalSeconds:0} s";
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or SocketException or InvalidOperationException or InvalidCastException or System.Data.Common.DbException)
        {
            why = fault.GetBaseException().Message;
        }

        if (stop.IsCancellationRequested)
        {
            return;
        }

        one.Samples.Gauge("mainstay.probe.up", "1", why is null ? 1 : 0);
        one.Samples.Gauge("mainstay.probe.duration", "s", time.GetElapsedTime(began).TotalSeconds);
        var at = time.GetUtcNow().ToUnixTimeMilliseconds();
        sink.Add(CollectionsMarshal.AsSpan(one.Samples.Values.Select(v => new MetricSample(v.Series, v.Value, at)).ToList()));
        lock (gate)
        {
            (one.Why, one.Done) = (why, true);
        }
    }

    sealed class Asked(ProbeTarget target)
    {
        public ProbeTarget Target => target;

        public ProbeSamples Samples { get; } = new(("service.name", target.Name), ("probe.target", target.Id));

        public IProbe Probe { get; } = target.Kind switch
        {
            ProbeKind.Redis => new RedisProbe(target),
            ProbeKind.Postgres => new PostgresProbe(target),
            ProbeKind.Mysql => new MySqlProbe(target),
            _ => new HttpProbe(target),
        };

        public Task Asking { get; set; } = Task.CompletedTask;

        public long? AskedAt { get; set; }

        public string? Why { get; set; }

        public bool Done { get; set; }
    }
}
