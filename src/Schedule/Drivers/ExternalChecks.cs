using System.Net;
using System.Net.Sockets;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Drivers;

/// <summary>An address that others answer at, and how it shows that it can serve.</summary>
/// <param name="Service">The service's name.</param>
/// <param name="Id">Which of its addresses.</param>
/// <param name="Given">As <c>host:port</c>.</param>
/// <param name="Spec">The check; one with a command is not made.</param>
public sealed record ExternalTarget(string Service, string Id, string Given, HealthSpec Spec);

/// <summary>
/// Checks the addresses of services that others run, each at its own pace, and says what is known of them. A host name is asked for again every 30 s; while that fails, what it stood
/// for before is checked on. How results are judged is <see cref="HealthDecide"/>'s matter.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="resolve">What a host name stands for; throws <see cref="SocketException"/> where nobody knows.</param>
public sealed class ExternalChecks(TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>> resolve) : IAsyncDisposable
{
    // Checks under way at the same time; the others wait their turn.
    const int Parallel = 32;

    // Of a name that stands for more, the rest is left alone.
    const int MostAddresses = 32;
    static readonly TimeSpan ResolveEvery = TimeSpan.FromSeconds(30);
    static readonly TimeSpan ResolveAgain = TimeSpan.FromSeconds(5);

    readonly Lock gate = new();
    readonly Dictionary<ExternalTarget, Round> rounds = [];
    readonly SemaphoreSlim turns = new(Parallel);

    /// <summary>Called with a service of which something new is known.</summary>
    public required Action<string> OnNews { get; init; }

    /// <summary>Checks these and no others from now on. What was known of one before the first check is <paramref name="known"/>'s.</summary>
    public void Follow(IReadOnlyCollection<ExternalTarget> targets, Func<string, IReadOnlyList<Vital>> known)
    {
        lock (gate)
        {
            var wanted = targets.ToHashSet();
            foreach (var (gone, round) in rounds.Where(r => !wanted.Contains(r.Key)).ToArray())
            {
                rounds.Remove(gone);
                round.Stop.Cancel();
                OnNews(gone.Service);
            }

            foreach (var target in wanted.Where(t => !rounds.ContainsKey(t)))
            {
                var round = new Round(new CancellationTokenSource()) { Known = [.. known(target.Service).Where(v => v.Id == target.Id && v.Given == target.Given)] };
                rounds[target] = round;
                round.Work = Task.Run(() => RunAsync(target, round, round.Stop.Token));
            }
        }
    }

    /// <summary>What is known of a service's addresses, in the order of their ids and addresses.</summary>
    public IReadOnlyList<Vital> Of(string service)
    {
        lock (gate)
        {
            return
            [
                .. rounds.Where(r => r.Key.Service == service).SelectMany(r => r.Value.Told.Length > 0 ? r.Value.Told : r.Value.Known)
                    .OrderBy(v => v.Id, StringComparer.Ordinal).ThenBy(v => v.Address, StringComparer.Ordinal),
            ];
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task[] work;
        lock (gate)
        {
            work = [.. rounds.Values.Select(r => r.Work)];
            foreach (var round in rounds.Values)
            {
                round.Stop.Cancel();
            }

            rounds.Clear();
        }

        await Task.WhenAll(work);
        turns.Dispose();
    }

    async Task RunAsync(ExternalTarget target, Round round, CancellationToken stop)
    {
        var given = ExternalAddress.TryParse(target.Given, out var read) ? read : throw new InvalidOperationException($"'{target.Given}' was let in as an address");
        var views = new Dictionary<IPEndPoint, HealthView>();
        var due = DateTimeOffset.MinValue;
        try
        {
            while (true)
            {
                if (time.GetUtcNow() >= due)
                {
                    due = await ResolveAsync(target, given, round, views, stop);
                }

                foreach (var (address, view) in await Task.WhenAll(views.Select(v => CheckAsync(target, given, v.Key, v.Value, stop))))
                {
                    views[address] = view;
                }

                Tell(target, round, views);
                var now = time.GetUtcNow();
                var pause = views.Count == 0 ? due - now : views.Values.Min(v => HealthDecide.Pause(target.Spec, v, now));
                await Task.Delay(pause > TimeSpan.Zero ? pause : TimeSpan.Zero, time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    // Gives the time to ask again. What the name no longer stands for is forgotten; while nobody answers, nothing is.
    async Task<DateTimeOffset> ResolveAsync(ExternalTarget target, ExternalAddress given, Round round, Dictionary<IPEndPoint, HealthView> views, CancellationToken stop)
    {
        var isName = !IPAddress.TryParse(given.Host, out var fixedAddress);
        try
        {
            IPAddress[] found = isName ? await resolve(given.Host, stop) : [fixedAddress!];
            IPEndPoint[] addresses = [.. found.Distinct().Take(MostAddresses).Select(a => new IPEndPoint(a, given.Port))];
            foreach (var gone in views.Keys.Except(addresses).ToArray())
            {
                views.Remove(gone);
            }

            foreach (var came in addresses.Where(a => !views.ContainsKey(a)))
            {
                views[came] = round.Known.FirstOrDefault(v => v.Address == came.ToString()) is { } known
                    ? new(known.State switch { VitalState.Passing => HealthState.Healthy, VitalState.Failing => HealthState.Unhealthy, _ => HealthState.Unknown }, known.Since, Message: known.Message)
                    : new(HealthState.Unknown, time.GetUtcNow());
            }

            return isName ? time.GetUtcNow() + ResolveEvery : DateTimeOffset.MaxValue;
        }
        catch (Exception failed) when (failed is SocketException or ArgumentException)
        {
            if (views.Count == 0)
            {
                // A server that has just started may know better from before.
                foreach (var known in round.Known.Where(v => IPEndPoint.TryParse(v.Address, out _)))
                {
                    views[IPEndPoint.Parse(known.Address)] = new(known.State == VitalState.Passing ? HealthState.Healthy : HealthState.Unknown, known.Since);
                }
            }

            if (views.Count == 0)
            {
                Tell(target, round, [new(target.Id, target.Given, "", VitalState.Unknown, default, $"nobody knows the name {given.Host}")]);
            }

            return time.GetUtcNow() + ResolveAgain;
        }
    }

    async Task<(IPEndPoint Address, HealthView View)> CheckAsync(ExternalTarget target, ExternalAddress given, IPEndPoint address, HealthView view, CancellationToken stop)
    {
        await turns.WaitAsync(stop);
        try
        {
            var host = IPAddress.TryParse(given.Host, out _) ? null : given.Host;
            var check = new HealthTarget(target.Service, 0, target.Spec, address, _ => throw new InvalidOperationException("a command cannot check what others run")) { Host = host };
            var failure = target.Spec.Command is null ? await HealthCheck.RunAsync(check, null, time, stop) : "a command cannot check what others run";
            return (address, HealthDecide.After(target.Spec, view, failure, time.GetUtcNow()));
        }
        finally
        {
            turns.Release();
        }
    }

    void Tell(ExternalTarget target, Round round, Dictionary<IPEndPoint, HealthView> views) => Tell(target, round,
    [
        .. views.Select(v => new Vital(
            target.Id, target.Given, v.Key.ToString(), v.Value.State switch { HealthState.Healthy => VitalState.Passing, HealthState.Unhealthy => VitalState.Failing, _ => VitalState.Unknown },
            v.Value.Since, v.Value.State == HealthState.Healthy ? "" : v.Value.Message)),
    ]);

    void Tell(ExternalTarget target, Round round, Vital[] told)
    {
        lock (gate)
        {
            if (told.Length == 0 || round.Told.SequenceEqual(told) || round.Stop.IsCancellationRequested)
            {
                return;
            }

            round.Told = told;
        }

        OnNews(target.Service);
    }

    sealed class Round(CancellationTokenSource stop)
    {
        public CancellationTokenSource Stop => stop;

        public IReadOnlyList<Vital> Known { get; init; } = [];

        public Vital[] Told { get; set; } = [];

        public Task Work { get; set; } = Task.CompletedTask;
    }
}
