using System.Diagnostics;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Time;
using Mainstay.Deliver;
using Mainstay.Host.Api;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Api.Changes;
using Mainstay.Host.Api.Observe;
using Mainstay.Observe.Correlate;
using Mainstay.Observe.Ingest;
using Mainstay.Observe.Query;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Host.Rehearse;

/// <summary>
/// Observe in a rehearsal: every step the real search for symptoms and their causes, the real incidents and the real decisions about what to do, over the hour that was measured and figures as they would be from then on.
/// </summary>
sealed class RehearsedObserver
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(Thresholds.StepSeconds);
    static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    readonly VirtualRun run;
    readonly Mirror mirror;
    readonly RehearsalState state;
    readonly RehearsedFlows flows;
    readonly Func<string, bool> runs;
    readonly FigureHistory figures;
    readonly FigureRecorder recorder;
    readonly EdgeLedger ledger;
    readonly List<SeenChange> changes;
    readonly ChangeNotes noted;
    readonly ObjectiveKeeper objectives;
    readonly IncidentKeeper incidents;
    readonly Dictionary<string, (double Busy, double Processors, double Used)> machines = new(StringComparer.Ordinal);

    /// <param name="run">Whose time it lives in.</param>
    /// <param name="services">Over the rehearsal's store.</param>
    /// <param name="mirror">Of that store; not run yet.</param>
    /// <param name="applier">Carries out what is done by itself, over that store.</param>
    /// <param name="state">Where the rehearsal began.</param>
    /// <param name="flows">What gateways would count.</param>
    /// <param name="runs">Whether an instance's process is there.</param>
    public RehearsedObserver(VirtualRun run, ServerServices services, Mirror mirror, Applier applier, RehearsalState state, RehearsedFlows flows, Func<string, bool> runs)
    {
        (this.run, this.mirror, this.state, this.flows, this.runs) = (run, mirror, state, flows, runs);
        var events = new EventNames("rehearsal-observer");
        figures = state.Past.Figures.Copy();
        recorder = new(figures, services.Samples);
        ledger = new(run.Now);
        changes = [.. state.Past.Changes];
        noted = new(run.Clock);
        objectives = new(services, mirror, state.Past.Objectives);
        incidents = new(services, mirror, new ActionRunner(services, mirror, applier, new InstanceReplacer(services.Store, services.Kinds, mirror, run.Clock, events), events), events);
        foreach (var edge in state.Past.Edges)
        {
            ledger.See(edge, 1, run.Now);
        }

        foreach (var instance in state.Resources.OfType<Instance>().Where(i => i.Status.State == InstanceState.Ready))
        {
            noted.Serves(instance, instance.Status.ReadyAt ?? run.Now);
        }

        mirror.Subscribe(_ => 0, noted.Note);
    }

    /// <summary>Whether it is known what is usual; where it is not, nothing can be found to be unusual.</summary>
    public bool KnowsUsual { get; private set; }

    /// <summary>Looks once a step until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        foreach (var host in state.Resources.OfType<HostRecord>())
        {
            var subject = Subjects.Host(host.Name);
            if (figures.At(subject, Figure.Busy, figures.Step) is { } busy && figures.At(subject, Figure.Processors, figures.Step) is { } processors)
            {
                machines[host.Name] = (busy, processors, state.Resources.OfType<Instance>().Where(i => i.Host == host.Name).Sum(i => figures.At(Subjects.Instance(i.Name), Figure.Cpu, figures.Step) ?? 0));
            }
        }

        while (true)
        {
            await run.Delay(Every, stop);
            await StepAsync(stop);
        }
    }

    async Task StepAsync(CancellationToken stop)
    {
        var (now, edges, routes) = (run.Now, flows.Edges(), flows.Routes());
        foreach (var (edge, of) in edges)
        {
            ledger.See(edge, of.RequestsPerSecond, now);
        }

        noted.TakeInto(changes);
        figures.Begin(now);
        var middleware = state.Past.Middleware.Select(m => m with { Up = m.Up && flows.Loaded.GetValueOrDefault(m.Name) is not { Answering: 0 } }).ToArray();
        var picture = mirror.Read(seen =>
        {
            var standing = new GatewayStanding(Lifecycle.Run, Reasons.Serving, "", seen.Revision, 1);
            var map = MapBuilder.Build(seen, edges, Instances(seen, edges), standing, now, new(edges, state.Past.Kinds));
            recorder.Record(map, routes, ledger.Edges, middleware, []);
            Machines(seen);
            return PictureBuilder.Build(seen, map, figures, new(state.Past.Kinds, ledger.Edges, middleware, [], changes, recorder.Queues));
        });
        KnowsUsual |= picture.Nodes.Keys.Any(n => picture.Of(Subjects.Service(n), Figure.Rate).HasBaseline || picture.Of(Subjects.Service(n), Figure.Up).HasBaseline);
        List<Found> found = [.. SymptomFinder.All(picture).Select(s => new Found(s, Diagnose.Of(picture, s)))];
        if (found.Count > 0)
        {
            figures.Distrust(found.Min(f => f.Symptom.Step));
        }

        found.AddRange(objectives.Felt(routes, picture));
        await Ended(incidents.TakeAsync(found, now, stop));
    }

    // What is done may read the disk, which takes none of this time: the clock stands until it is done.
    Task Ended(Task task)
    {
        var (began, patience) = (Stopwatch.GetTimestamp(), default(SpinWait));
        while (!task.IsCompleted && Stopwatch.GetElapsedTime(began) < Longest)
        {
            run.Thread.RunReady();
            patience.SpinOnce();
        }

        return task;
    }

    // Requests are shared evenly by the instances that answer.
    Dictionary<string, EdgeFigures> Instances(Snapshot seen, IReadOnlyDictionary<EdgeKey, EdgeFigures> edges)
    {
        var all = new Dictionary<string, EdgeFigures>(StringComparer.Ordinal);
        foreach (var service in edges.GroupBy(e => e.Key.To, StringComparer.Ordinal))
        {
            var rate = service.Sum(e => e.Value.RequestsPerSecond);
            string[] answering = rate > 0 ? [.. (seen.Get<Endpoints>(service.Key)?.Items ?? []).Select(i => i.Instance).Where(runs)] : [];
            double Mean(Func<EdgeFigures, double> of) => service.Sum(e => e.Value.RequestsPerSecond * of(e.Value)) / rate;
            foreach (var instance in answering)
            {
                all[instance] = new(rate / answering.Length, Mean(f => f.ErrorRatio), Mean(f => f.P50Ms), Mean(f => f.P99Ms), Mean(f => f.MeanMs));
            }
        }

        return all;
    }

    // More requests need more of the processors, shared by the instances that answer; what is promised to an instance it does not exceed.
    void Machines(Snapshot seen)
    {
        var used = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (name, cpu) in state.Figures.Cpu)
        {
            Instance[] answering = [.. seen.Group<Instance>(name).Where(i => i.Status.State == InstanceState.Ready && runs(i.Name))];
            foreach (var instance in answering)
            {
                var most = instance.Template.Reserved.Cpu is { } given ? given.Hundredths / 100.0 : double.MaxValue;
                var each = Math.Min(most, cpu * flows.ScaleOf(name) / answering.Length);
                used[instance.Host] = used.GetValueOrDefault(instance.Host) + each;
                figures.Add(Subjects.Instance(instance.Name), Figure.Cpu, each);
                figures.Add(Subjects.Instance(instance.Name), Figure.Restarts, instance.Status.Restarts);
            }
        }

        foreach (var (host, was) in machines.Where(m => seen.Get<HostRecord>(m.Key) is { State: HostState.Ready }))
        {
            figures.Add(Subjects.Host(host), Figure.Processors, was.Processors);
            figures.Add(Subjects.Host(host), Figure.Busy, Math.Clamp(was.Busy + ((used.GetValueOrDefault(host) - was.Used) / was.Processors), 0, 1));
        }
    }
}
