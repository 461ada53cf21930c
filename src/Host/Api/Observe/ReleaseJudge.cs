using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Deliver;
using Mainstay.Deliver.Decide;
using Mainstay.Host.Api.Telemetry;
using Mainstay.Observe.Numbers;

namespace Mainstay.Host.Api.Observe;

/// <summary>
/// Holds new versions against old ones while both get requests, on what the gateways count and what queries say, what they do to those whom they call, and for a while after; gives those up that do harm, and leaves the figures with the release's record. Costs
/// nothing while no release is under way. Counts begin anew when the server does: what was decided is in the store.
/// </summary>
public sealed class ReleaseJudge(ServerServices services, Mirror mirror, Applier applier, PromDesk desk)
{
    /// <summary>Between two looks.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <summary>So many looks are between two questions to the same query.</summary>
    public const int LooksPerQuery = 10;

    // So many looks a report waits for the record of its release.
    const int MostWaits = 30;

    readonly Lock gate = new();
    readonly Dictionary<string, JudgedRelease> watched = new(StringComparer.Ordinal);
    readonly List<Ended> ended = [];
    long read;

    /// <summary>Takes in what a gateway counted of an instance; durations as <c>TrafficRecord.Latency</c> has them.</summary>
    public void Add(string service, string instance, long requests, long errors, IReadOnlyList<long> latency)
    {
        lock (gate)
        {
            watched.GetValueOrDefault(service)?.Count(instance, requests, errors, latency);
        }
    }

    /// <summary>Takes in what a gateway counted of the calls that a service made to another one.</summary>
    /// <param name="caller">Who called.</param>
    /// <param name="isOther">Whether by the other address of the link.</param>
    /// <param name="callee">Who was called.</param>
    /// <param name="requests">How many calls ended.</param>
    /// <param name="errors">How many of them failed.</param>
    /// <param name="latency">Durations as <c>TrafficRecord.Latency</c> has them.</param>
    public void AddCalls(string caller, bool isOther, string callee, long requests, long errors, IReadOnlyList<long> latency)
    {
        lock (gate)
        {
            watched.GetValueOrDefault(caller)?.CountCalls(callee, isOther, requests, errors, latency);
        }
    }

    /// <summary>How the new version of a service stands against the old one; null where nothing is compared.</summary>
    public ReleaseReport? Report(string service)
    {
        lock (gate)
        {
            return watched.GetValueOrDefault(service)?.Report();
        }
    }

    /// <summary>Looks until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        for (var looks = 0; ; looks++)
        {
            await Task.Delay(Every, services.Time, stop);
            try
            {
                foreach (var (service, harm, declared) in Look())
                {
                    await GiveUpAsync(service, harm, declared, stop);
                }

                await TellAsync(stop);
                ReadSpans();
                if (looks % LooksPerQuery == 0)
                {
                    await AskAsync(stop);
                }

                await FileAsync(stop);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                services.OnFault?.Invoke("judging releases", fault);
            }
        }
    }

    /// <summary>One look: closes the batches of all releases, and gives those that do harm; with the version that declared it where the release is over already.</summary>
    public IReadOnlyList<(string Service, string Harm, int? Over)> Look()
    {
        var now = services.Time.GetUtcNow();
        var under = mirror.Read(seen => seen.All<Service>().Where(s => IsCompared(s, now)).Select(s => (Service: s, Instances: seen.Group<Instance>(s.Name), Elsewhere: IsElsewhere(s, seen.All<Incident>()))).ToArray());
        var harmful = new List<(string, string, int?)>();
        lock (gate)
        {
            foreach (var gone in watched.Keys.Except(under.Select(u => u.Service.Name)).ToArray())
            {
                End(gone);
            }

            foreach (var (service, instances, elsewhere) in under)
            {
                var release = service.Status.Release!;
                if (watched.GetValueOrDefault(service.Name) is not { } one || !one.IsOf(release))
                {
                    End(service.Name);
                    if (release.IsOver())
                    {
                        // Nothing is known of the old version: the server was elsewhere when it served.
                        continue;
                    }

                    watched[service.Name] = one = new(release, service.Spec.Release?.Judge ?? new());
                }

                if (one.Look(release, instances))
                {
                    ended.Add(new(service.Name, release, one.Report()));
                }

                if (MayGiveUp(service) && !one.IsGivenUp && one.Harm is { } harm && !(release.IsOver() && elsewhere))
                {
                    one.IsGivenUp = release.IsOver();
                    harmful.Add((service.Name, harm, release.IsOver() ? release.Declared : null));
                }
            }
        }

        return harmful;
    }

    // Whatever lets two versions serve at the same time can be compared, and for a while after.
    static bool IsCompared(Service service, DateTimeOffset now) =>
        service.Spec.Release is not { Judge.Off: true } && service.Status.Release is { } release && release.Strategy != ReleaseStrategy.Recreate
        && (!release.IsOver() || (release.Stage == ReleaseStage.Promoted && MayGiveUp(service) && service.Spec.Release is { } spec && release.Since + spec.Judge.Watch > now));

    // Who asked for A/B compares for himself, and instances that take each other's place are warming up while they are compared.
    static bool MayGiveUp(Service service) =>
        service.Status.Release is { Strategy: ReleaseStrategy.Canary or ReleaseStrategy.BlueGreen } release
        && (service.Release is not { Abort: true } word || word.To != release.To);

    // Where the trouble comes from what the service needs, its new version is not to blame.
    static bool IsElsewhere(Service service, IEnumerable<Incident> incidents) => incidents.Any(i =>
        i.State != IncidentState.Resolved && i.Causes is [{ Confidence: >= 0.5 } first, ..] && first.Target.Split('/') is ["service" or "watched", var name] && service.Spec.Needs.ContainsKey(name));

    async Task GiveUpAsync(string service, string harm, int? declared, CancellationToken stop)
    {
        var author = new Author("mainstay", "judge", harm);
        if (declared is { } version)
        {
            await applier.UndoReleaseAsync(service, version, author, stop);
        }
        else
        {
            await applier.RolloutAsync(service, RolloutAct.Abort, author, stop);
        }
    }

    // A canary stays at its step until there are enough requests; that there are is said once, and outlives the counts.
    async Task TellAsync(CancellationToken stop)
    {
        var open = mirror.Read(seen => seen.All<Service>().Where(IsAwaited).ToArray());
        lock (gate)
        {
            open = [.. open.Where(s => watched.GetValueOrDefault(s.Name) is { IsDecided: true } one && one.IsOf(s.Status.Release!))];
        }

        var kind = services.Kinds.Of<Service>();
        foreach (var service in open)
        {
            var release = service.Status.Release!;
            var word = (service.Release is { } known && known.To == release.To ? known : new(release.To)) with { Enough = true };
            await services.Store.CommitAsync(new([new(kind.KeyOf(service.Name), service.Revision)], [new(kind.KeyOf(service.Name), Codec.Encode(service with { Release = word }))]), stop);
        }
    }

    static bool IsAwaited(Service service) =>
        service.Spec.Release?.LongestWait() > TimeSpan.Zero && service.Status.Release is { Stage: not ReleaseStage.Promoting } release && !release.IsOver()
        && (service.Release is not { Enough: true } word || word.To != release.To);

    // Each window once, when it has ended.
    void ReadSpans()
    {
        var window = (services.Time.GetUtcNow().ToUnixTimeSeconds() / CallSeries.Seconds) - 1;
        lock (gate)
        {
            if (window == read)
            {
                return;
            }

            read = window;
            foreach (var (service, one) in watched.Where(w => w.Value.IsDivided))
            {
                if (services.Telemetry.Spans.Window(service, window) is { Count: > 0 } instances)
                {
                    one.CountSpans(instances);
                }
            }
        }
    }

    async Task AskAsync(CancellationToken stop)
    {
        JudgedRelease[] asking;
        lock (gate)
        {
            asking = [.. watched.Values.Where(w => w.Asks)];
        }

        foreach (var one in asking)
        {
            foreach (var question in one.Questions(services.Time.GetUtcNow()))
            {
                var before = await ValueAsync(question.Before, question.From, question.To, stop);
                var now = await ValueAsync(question.Now, null, services.Time.GetUtcNow(), stop);
                lock (gate)
                {
                    question.Comparison.Add(before, now);
                }
            }
        }
    }

    // One number: of several series their sum. Over a span the median of what it was.
    async Task<double?> ValueAsync(string? query, DateTimeOffset? from, DateTimeOffset at, CancellationToken stop)
    {
        if (query is null)
        {
            return null;
        }

        var (answer, _) = from is { } begin
            ? await desk.OverAsync(query, begin.ToUnixTimeMilliseconds(), at.ToUnixTimeMilliseconds(), 30_000, stop)
            : await desk.AtAsync(query, at.ToUnixTimeMilliseconds(), stop);
        return answer is null ? null : JudgedRelease.One(answer);
    }

    void End(string service)
    {
        if (watched.Remove(service, out var one) && one.HasFigures)
        {
            one.Close();
            ended.Add(new(service, one.Release, one.Report()));
        }
    }

    // The record comes with the change that ended the release, and the mirror may be a moment behind.
    async Task FileAsync(CancellationToken stop)
    {
        Ended[] open;
        lock (gate)
        {
            open = [.. ended];
        }

        foreach (var one in open)
        {
            var record = mirror.Read(seen => seen.Group<ReleaseRecord>(one.Service).FirstOrDefault(r => r.Release.To == one.Release.To && r.Release.Began == one.Release.Began));
            var kind = services.Kinds.Of<ReleaseRecord>();
            var filed = record is not null && (await services.Store.CommitAsync(new([new(kind.KeyOf(record.Name), record.Revision)], [new(kind.KeyOf(record.Name), Codec.Encode(record with { Report = one.Report }))]), stop)).Succeeded;
            if (filed || ++one.Waits > MostWaits)
            {
                lock (gate)
                {
                    ended.Remove(one);
                }
            }
        }
    }

    sealed class Ended(string service, ReleaseStatus release, ReleaseReport report)
    {
        public string Service => service;

        public ReleaseStatus Release => release;

        public ReleaseReport Report => report;

        public int Waits { get; set; }
    }
}
