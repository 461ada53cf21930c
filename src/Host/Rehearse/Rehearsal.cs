using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Core.Time;
using Mainstay.Deliver;
using Mainstay.Host.Api;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Api.Observe;
using Mainstay.Host.Api.Telemetry;
using Mainstay.Observe.Ingest;
using Mainstay.Schedule.Decide;
using Mainstay.Traffic.Decide;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Host.Rehearse;

/// <summary>
/// Finds out what would happen: the real loop and reconcilers, host watch, judge of releases and scaling decision over a copy of the current state, in virtual time. Only what surrounds them is simulated: processes that
/// take as long to start as they did, messages, gateways and requests. Nothing outside the copy is touched.
/// </summary>
public sealed class Rehearsal : IDriver, IAsyncDisposable
{
    static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(700);
    static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);
    const int StepsPerSecond = 4;

    readonly RehearsalState state;
    readonly RehearsalTerms terms;
    readonly VirtualRun run;
    readonly MemoryStore store;
    readonly RehearsalTrace trace;
    readonly StartTimes times;
    readonly TaskTimes tasks;
    readonly RehearsedAgents agents;
    readonly RehearsedGateways gateways;
    readonly RehearsedRelease? release;
    readonly RehearsedLoad load;
    readonly HarmLedger ledger = new();
    readonly Dictionary<string, string> told = new(StringComparer.Ordinal);
    RehearsedFlows? flows;
    RehearsedObserver? observer;

    Rehearsal(RehearsalState state, RehearsalTerms terms)
    {
        (this.state, this.terms) = (state, terms);
        run = new(new VirtualClock(state.Now));
        store = new(run.Clock, keepRevisions: 200_000);
        store.Write([.. state.Resources.Select(r => InstantStore.Put(r is Service service ? WithoutQueries(service) : r))]);
        trace = new(store, state.Now);
        times = new(trace.Seen, terms.Seed);
        tasks = new(trace.Seen, terms.Seed);
        agents = new(run, store, times, tasks);
        gateways = new(run, store, [.. trace.Seen.All<GatewayNode>().OrderBy(g => g.Name, StringComparer.Ordinal)]);
        trace.Say(TimeSpan.Zero, RehearsalStep.Cause, "", terms.Title, Severity.Warning);
        release = terms.Kind == RehearsalKind.Release ? new(terms, state.Figures) : null;
        load = new(state.Figures, terms.Factor, agents.Runs) { Release = release };
    }

    /// <summary>Rehearses; or tells what is wrong with what is asked for, as a change of the running system would.</summary>
    /// <param name="state">Where it begins.</param>
    /// <param name="terms">What happens.</param>
    /// <param name="real">The clock that tells how long it takes.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<(RehearsalReport? Report, IReadOnlyList<Problem> Problems)> RunAsync(RehearsalState state, RehearsalTerms terms, TimeProvider real, CancellationToken stop)
    {
        var began = real.GetTimestamp();
        await using var one = new Rehearsal(state, terms);
        var applier = DeliverPlane.Applier(one.store, CoreKinds.All, one.run.Clock, state.AdminPort, state.Data);
        if (await one.DeclareAsync(applier, stop) is { Count: > 0 } problems)
        {
            return (null, problems);
        }

        one.Play(applier, stop);
        return (one.Report((long)real.GetElapsedTime(began).TotalMilliseconds), []);
    }

    public async ValueTask DisposeAsync()
    {
        trace.Dispose();
        await agents.DisposeAsync();
        await store.DisposeAsync();
    }

    public ValueTask DoAsync(Act act, CancellationToken stop) => throw new InvalidOperationException("the server's reconcilers write, they do not act");

    // Expressions are asked of measured series, and there are none of a time that does not exist.
    static Service WithoutQueries(Service service) => service.Spec.Release is { Judge.Queries: not null } spec
        ? service with { Spec = service.Spec with { Release = spec with { Judge = spec.Judge with { Queries = null } } } }
        : service;

    // The new version is declared in the copy as anybody would declare it, with every check.
    async Task<IReadOnlyList<Problem>> DeclareAsync(Applier applier, CancellationToken stop)
    {
        if (release is null)
        {
            return [];
        }

        var service = trace.Seen.Get<Service>(release.Service)!;
        var declared = service with { Spec = service.Spec with { Version = terms.Version } };
        var outcome = await applier.PutAsync(declared, null, dryRun: false, new("rehearsal", "rehearsal", $"release {service.Name} {terms.Version}"), stop);
        return [.. outcome.Problems.Select(p => new Problem(p.Path, p.What, p.Remedy))];
    }

    void Play(Applier applier, CancellationToken stop)
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            trace.Follow(TimeSpan.Zero);
            agents.Start(trace.Seen, life.Token);
            gateways.Start(trace.Seen, life.Token);
            var first = new RehearsedLoad(state.Figures, 1, agents.Runs).Services(trace.Seen, gateways.Table);
            var usual = new LoadModel(first.ToDictionary(f => f.Key, f => f.Value with { Use = null, Slower = 1 }));
            flows = new(CallsAtFirst(), state.Figures.Routes, usual);
            flows.Add(flows.At(first, trace.Seen, ledger.At(first, trace.Seen)));
            var judge = Serve(applier, life.Token);
            run.Pass(TimeSpan.Zero, Look);
            var scaling = new RehearsedScaling(store, state.Figures, terms.Factor, usual, run.Now);
            Happen();
            Pass(judge, scaling, stop);
        }
        finally
        {
            life.Cancel();
            run.Thread.RunReady();
        }
    }

    // What the mesh carried it has counted better than any trace.
    Dictionary<EdgeKey, EdgeFigures> CallsAtFirst()
    {
        var all = new Dictionary<EdgeKey, EdgeFigures>(state.Past.Calls);
        foreach (var (edge, of) in state.Figures.Edges)
        {
            all[edge] = of;
        }

        return all;
    }

    // The control plane.
    ReleaseJudge Serve(Applier applier, CancellationToken stop)
    {
        var services = new ServerServices(store, CoreKinds.All, run.Clock);
        var mirror = new Mirror(
            store, CoreKinds.All, run.Clock, typeof(HostRecord), typeof(Service), typeof(Instance), typeof(ReleaseRecord), typeof(Incident), typeof(Intervention), typeof(Objective), typeof(Endpoints), typeof(Route),
            typeof(MeshLink), typeof(Gateway), typeof(Queue));
        var hosts = new HostWatch(store, CoreKinds.All, mirror, run.Clock, new EventNames("rehearsal-hosts"));
        var judge = new ReleaseJudge(services, mirror, applier, new PromDesk(services.Samples, run.Clock));
        observer = new(run, services, mirror, applier, state, flows!, agents.Runs);
        foreach (var reconciler in new IReconciler[] { new ServiceReconciler(), new LinkReconciler(_ => true), new JobReconciler() })
        {
            run.Start(() => new Loop(store, CoreKinds.All, reconciler, this, run.Clock).RunAsync(stop));
        }

        run.Start(() => mirror.RunAsync(stop));
        run.Start(() => hosts.RunAsync(stop));
        run.Start(() => BeatAsync(hosts, stop));
        run.Start(() => observer.RunAsync(stop));
        if (release is not null)
        {
            run.Start(() => judge.RunAsync(stop));
        }

        return judge;
    }

    async Task BeatAsync(HostWatch hosts, CancellationToken stop)
    {
        while (true)
        {
            foreach (var host in agents.Answering)
            {
                hosts.Heard(host);
            }

            await run.Delay(Beat, stop);
        }
    }

    void Happen()
    {
        flows!.Factor = terms.Factor;
        foreach (var name in terms.Names)
        {
            switch (terms.Kind)
            {
                case RehearsalKind.HostDown:
                    agents.PowerOff(name);
                    break;
                case RehearsalKind.InstanceDown:
                    agents.Kill(name);
                    break;
                case RehearsalKind.ServiceDown:
                    agents.Break(name);
                    break;
            }
        }
    }

    // Who is hurt is looked at four times a second, and anew only where something has changed.
    void Pass(ReleaseJudge judge, RehearsedScaling scaling, CancellationToken stop)
    {
        (long, long, long, string?)? known = null;
        var services = load.Services(trace.Seen, gateways.Table);
        var hurt = ledger.At(services, trace.Seen);
        var calls = flows!.At(services, trace.Seen, hurt);
        for (var step = 0; Step * step < terms.For; step++)
        {
            stop.ThrowIfCancellationRequested();
            var now = (store.Revision, agents.Changes, gateways.Changes, release?.To);
            if (known != now)
            {
                (known, services) = (now, load.Services(trace.Seen, gateways.Table));
                hurt = ledger.At(services, trace.Seen);
                calls = flows.At(services, trace.Seen, hurt);
                Hurt(Step * step, hurt);
            }

            hurt.Add((Step * step).TotalSeconds, Step.TotalSeconds);
            if (step % StepsPerSecond == 0)
            {
                flows.Add(calls);
                scaling.Look(trace.Seen, services, hurt.Model, run.Now);
                Ask(judge);
            }

            run.Pass(Step, Look);
        }
    }

    // Told where it differs by a hundredth or more.
    void Hurt(TimeSpan at, HarmLedger.Moment moment)
    {
        foreach (var (route, harm) in moment.Routes)
        {
            var now = HurtWords.Of(harm);
            if (now != told.GetValueOrDefault(route, ""))
            {
                told[route] = now;
                var rate = state.Figures.Routes.TryGetValue(route, out var of) ? of.RequestsPerSecond * terms.Factor : 0;
                trace.Say(at, RehearsalStep.Hurt, $"route/{route}", HurtWords.Line(route, now, rate), harm.Fails > 0 ? Severity.Error : harm.IsNone ? Severity.Info : Severity.Warning);
            }
        }
    }

    void Ask(ReleaseJudge judge)
    {
        if (release is null || trace.Seen.Get<Service>(release.Service) is not { } service)
        {
            return;
        }

        if (service.Status.Release is { } under && under.Version == terms.Version)
        {
            release.To = under.To;
        }

        release.Draw(service, gateways.Table.GetValueOrDefault(service.Name), agents.Runs, judge);
    }

    void Look() => trace.Follow(run.Clock.Elapsed);

    RehearsalReport Report(long tookMs)
    {
        var (seen, (lines, more)) = (trace.Seen, trace.Lines());
        double RateOf(string service) => release?.Service == service ? release.Rate : load.RateOf(service);
        return new(
            terms.Title, terms.For.TotalSeconds, terms.Seed, lines, more,
            ledger.Services(seen, RateOf), ledger.Routes(seen, r => state.Figures.Routes.TryGetValue(r, out var of) ? of.RequestsPerSecond * terms.Factor : 0), trace.Jobs.Jobs(), trace.Incidents, ledger.Objectives(seen),
            [.. Open(seen)],
            [.. Assumed()], tookMs);
    }

    // What a service says of itself is what was last heard of its hosts: where no other host is left, nobody says that it is gone.
    IEnumerable<string> Open(Snapshot seen)
    {
        var loaded = load.Services(seen, gateways.Table);
        foreach (var service in seen.All<Service>().Where(s => !s.Removed && s.Status.Wanted > 0).OrderByDescending(s => s.Spec.Criticality).ThenBy(s => s.Name, StringComparer.Ordinal))
        {
            var status = service.Status;
            if (status.Ready < status.Wanted || status.State is not (Lifecycle.Run or Lifecycle.Ready))
            {
                yield return $"{service.Name}: {status.Ready} of {status.Wanted} ready, {status.State}, {status.Reason}{(status.Message.Length > 0 ? $": {status.Message.Split('\n')[0]}" : "")}";
            }
            else if (loaded.GetValueOrDefault(service.Name) is { Answering: 0, IsOff: false, IsOnDemand: false })
            {
                yield return $"{service.Name}: none of its instances answers; {status.Ready} of {status.Wanted} were ready when its hosts were last heard of";
            }
        }
    }

    IEnumerable<string> Assumed()
    {
        foreach (var service in trace.Placed)
        {
            yield return times.Tell(service);
        }

        if (state.Figures.Edges.Count == 0)
        {
            yield return "no requests are measured now: shares are told, numbers are not, and every request is taken to need everything that its service needs";
        }

        if (release is { Rate: 0 })
        {
            yield return $"no requests to {release.Service} are measured now, so nothing was judged: --rate says how many to assume";
        }

        foreach (var job in trace.Jobs.Ran)
        {
            yield return tasks.Tell(job);
        }

        if (observer is { KnowsUsual: false })
        {
            yield return "what is usual is not known yet, so no incident opens for what is unusual: it takes about two minutes of measuring";
        }

        if (trace.Seen.All<AlertRule>().Any())
        {
            yield return "alert rules of your own say nothing: there are no series of a time that does not exist";
        }
    }
}
