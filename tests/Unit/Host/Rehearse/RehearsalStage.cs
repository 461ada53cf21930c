using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Core.Time;
using Mainstay.Host.Rehearse;
using Mainstay.Observe.Correlate;
using Mainstay.Observe.Ingest;
using Mainstay.Observe.Query;
using Mainstay.Observe.Store.Metrics;
using Mainstay.Schedule.Decide;
using Mainstay.Traffic.Decide;
using Machine = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Tests.Host.Rehearse;

/// <summary>
/// A system that has come up and is at rest, made from lines: <c>host NAME [cpu=4] [zone=a]</c>, <c>service NAME [instances=2] [max=6] [criticality=critical] [cpu=0.5] [pet] [shared] [start=2s] [release=canary] [scale=70%]</c>,
/// <c>need CALLER CALLEE [optional] [fallback]</c>, <c>job NAME [took=20s] [fails=1] [schedule=CRON_WITH_UNDERSCORES] [after=A,B] [parallel=4] [atOnce=2] [retries=1] [overlap=queue] [software=SERVICE]</c>,
/// <c>begun JOB 5s</c> (a run that is under way for so long), <c>receiver NAME [least=critical]</c>, <c>act SERVICE</c> (Mainstay does by itself what it would suggest), <c>usual 5m</c> (measured for so long), <c>route NAME SERVICE [fallback]</c>, <c>objective NAME ROUTE 99.9%</c>, <c>calls FROM TO RATE [p50=10] [p99=40] [errors=0%]</c>, <c>uses SERVICE PROCESSORS</c>.
/// </summary>
sealed class RehearsalStage : IDriver
{
    static readonly DateTimeOffset Began = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    readonly List<Resource> declared = [new Architecture { Name = Architecture.TheName, Title = "shop", Version = 1 }, new Gateway { Name = Gateway.TheName }, new GatewayNode { Name = "g1" }];
    readonly Dictionary<EdgeKey, EdgeFigures> edges = [];
    readonly Dictionary<string, EdgeFigures> routes = [];
    readonly Dictionary<string, double> uses = [];
    readonly Dictionary<string, ScalingFigures> scaling = [];
    readonly Dictionary<string, TimeSpan> starts = [];
    readonly List<(string Job, TimeSpan Since)> begun = [];
    TimeSpan measured;

    /// <summary>Reads the lines, lets everything come up, and gives what there is then.</summary>
    public static RehearsalState Of(string lines)
    {
        var stage = new RehearsalStage();
        foreach (var line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            stage.Read(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }

        return stage.ComeUp();
    }

    public ValueTask DoAsync(Act act, CancellationToken stop) => throw new InvalidOperationException("the server's reconcilers write, they do not act");

    void Read(string[] words)
    {
        string? Given(string key) => words.FirstOrDefault(w => w.StartsWith(key + "=", StringComparison.Ordinal))?[(key.Length + 1)..];
        bool Has(string word) => words.Contains(word);
        switch (words[0])
        {
            case "host":
                declared.Add(new Machine { Name = words[1], Zone = Given("zone"), Capacity = Given("cpu") is { } cpu && Cpus.TryParse(cpu, out var cpus) ? new() { Cpu = cpus } : null });
                break;
            case "service":
                declared.Add(ServiceOf(words[1], Given, Has));
                starts[words[1]] = Durations.TryParse(Given("start") ?? "3s", out var start) ? start : default;
                break;
            case "need":
                var caller = declared.OfType<Service>().Single(s => s.Name == words[1]);
                var need = new NeedSpec { Optional = Has("optional"), Fallback = Has("fallback") ? new() { Body = "[]" } : null };
                declared[declared.IndexOf(caller)] = caller with { Spec = caller.Spec with { Needs = new Dictionary<string, NeedSpec>(caller.Spec.Needs) { [words[2]] = need } } };
                break;
            case "route":
                declared.Add(new Route { Name = words[1], Spec = new() { Match = new() { Path = $"/{words[1]}/{{**rest}}" }, To = words[2], Fallback = Has("fallback") ? new() { Body = "[]" } : null } });
                break;
            case "objective":
                declared.Add(new Objective { Name = words[1], Spec = new() { Route = words[2], Availability = Share.TryParse(words[3], out var share) ? share : null } });
                break;
            case "job":
                declared.AddRange(JobOf(words[1], Given));
                break;
            case "begun":
                begun.Add((words[1], Durations.TryParse(words[2], out var since) ? since : default));
                break;
            case "receiver":
                declared.Add(new Receiver { Name = words[1], Spec = new() { Webhook = "http://example.com/", Least = Enum.Parse<Criticality>(Given("least") ?? "Low", ignoreCase: true) } });
                break;
            case "act":
                var acted = declared.OfType<Service>().Single(s => s.Name == words[1]);
                declared[declared.IndexOf(acted)] = acted with { Spec = acted.Spec with { Interventions = new() { Mode = InterventionMode.Act } } };
                break;
            case "usual":
                measured = Durations.TryParse(words[1], out var usual) ? usual : default;
                break;
            case "uses":
                uses[words[1]] = double.Parse(words[2], CultureInfo.InvariantCulture);
                break;
            case "calls":
                double Number(string key, double usual) => double.TryParse(Given(key)?.TrimEnd('%'), CultureInfo.InvariantCulture, out var number) ? number : usual;
                var figures = new EdgeFigures(Rate.TryParse(words[3], out var rate) ? rate.PerSecond : 0, Number("errors", 0) / 100, Number("p50", 10), Number("p99", 40), Number("p50", 10) * 1.2);
                edges[new(words[1], words[2])] = figures;
                if (words[1] == "gateway")
                {
                    foreach (var route in declared.OfType<Route>().Where(r => r.Spec.To == words[2]))
                    {
                        routes[route.Name] = figures;
                    }
                }

                break;
            default:
                throw new ArgumentException($"'{words[0]}' begins no line");
        }
    }

    // A job with a past has a run that ended, by which is known how long it takes.
    static IEnumerable<Resource> JobOf(string name, Func<string, string?> given)
    {
        int Number(string key, int usual) => int.TryParse(given(key), CultureInfo.InvariantCulture, out var number) ? number : usual;
        var spec = new JobSpec
        {
            Run = $"./{name}", Service = given("software"), Schedule = given("schedule")?.Replace('_', ' '), After = given("after")?.Split(','), Parallel = Number("parallel", 1), AtOnce = Number("atOnce", 10),
            Retries = Number("retries", 0), Overlap = Enum.Parse<OverlappingRuns>(given("overlap") ?? "Skip", ignoreCase: true),
        };
        var took = Durations.TryParse(given("took") ?? "", out var span) ? span : (TimeSpan?)null;
        yield return new Job { Name = name, BaseFolder = "/", Spec = spec, Status = took is null ? new() : new() { NextRun = 2, Succeeded = 1 } };
        if (took is not null)
        {
            var code = Number("fails", 0);
            yield return new JobRun
            {
                Name = JobRun.NameOf(name, 1), Job = name, Number = 1, Spec = spec with { Parallel = 1 }, BaseFolder = "/", Because = "schedule", At = Began,
                Status = new()
                {
                    State = code == 0 ? RunState.Succeeded : RunState.Failed, StartedAt = Began, EndedAt = Began + took,
                    Tasks = [new() { Index = 0, Attempt = 1, State = code == 0 ? TaskState.Succeeded : TaskState.Failed, ExitCode = code }],
                },
            };
        }
    }

    static Service ServiceOf(string name, Func<string, string?> given, Func<string, bool> has)
    {
        int Number(string key, int usual) => int.TryParse(given(key), CultureInfo.InvariantCulture, out var number) ? number : usual;
        var count = Number("instances", 1);
        return new()
        {
            Name = name, BaseFolder = "/",
            Spec = new()
            {
                Run = $"./{name}", Version = "1.0.0", Criticality = Enum.Parse<Criticality>(given("criticality") ?? "Medium", ignoreCase: true), Instances = new() { Min = count, Max = Number("max", Math.Max(count, 1000)) },
                Resources = given("cpu") is { } cpu && Cpus.TryParse(cpu, out var cpus) ? new() { Cpu = cpus } : null,
                Recover = has("pet") ? Recover.Pet : Recover.Cattle,
                Place = has("shared") ? new() { Data = PlaceData.Shared } : null,
                Release = given("release") == "canary" ? new() { Strategy = ReleaseStrategy.Canary, Steps = [Share.Percent(10), Share.Percent(50)], Hold = TimeSpan.FromSeconds(30) } : null,
                Scale = given("scale") is { } share && Share.TryParse(share, out var target) ? new() { Cpu = target } : null,
            },
        };
    }

    // The reconcilers bring it up as they bring up everything; a minute later it rests.
    RehearsalState ComeUp()
    {
        declared.Add(new ArchitectureVersion
        {
            Name = "1", Number = 1, At = Began, By = "test", Title = "shop", BaseFolder = "/",
            Services = declared.OfType<Service>().ToDictionary(s => s.Name, s => new VersionedService(s.Spec, null, null)),
            Routes = declared.OfType<Route>().ToDictionary(r => r.Name, r => r.Spec),
        });
        var run = new VirtualRun(new FakeTime(Began));
        var store = new MemoryStore(run.Clock);
        store.Write([.. declared.Select(InstantStore.Put)]);
        var seen = Snapshot(store);
        using var stop = new CancellationTokenSource();
        var agents = new RehearsedAgents(run, store, new StartTimes(seen, 1), new TaskTimes(seen, 1));
        agents.Start(seen, stop.Token);
        new RehearsedGateways(run, store, [.. seen.All<GatewayNode>()]).Start(seen, stop.Token);
        foreach (var reconciler in new IReconciler[] { new ServiceReconciler(), new LinkReconciler(_ => true), new JobReconciler() })
        {
            run.Start(() => new Loop(store, CoreKinds.All, reconciler, this, run.Clock).RunAsync(stop.Token));
        }

        run.Pass(TimeSpan.FromMinutes(1), () => { });
        foreach (var (job, since) in begun.OrderByDescending(b => b.Since))
        {
            Begin(store, store.Read<Job>(job)!, run.Now);
            run.Pass(since - begun.Select(b => b.Since).Where(s => s < since).DefaultIfEmpty().Max(), () => { });
        }

        stop.Cancel();
        run.Thread.RunReady();
        foreach (var service in declared.OfType<Service>().Where(s => s.Spec.Scale is not null))
        {
            var cpu = uses.TryGetValue(service.Name, out var used) ? used / ((service.Spec.Resources?.Cpu?.Hundredths ?? 100) / 100.0) : (double?)null;
            scaling[service.Name] = new() { Settled = service.Spec.Instances.Min, Cpu = cpu, Rate = edges.Where(e => e.Key.To == service.Name).Sum(e => e.Value.RequestsPerSecond), LastRequest = run.Now };
        }

        return new()
        {
            Now = run.Now,
            Resources = [.. Resources(store).Select(Measured)],
            Figures = new() { Edges = edges, Routes = routes, Cpu = uses, Scaling = scaling },
            Past = Past(Snapshot(store), run.Now),
        };
    }

    static void Begin(MemoryStore store, Job job, DateTimeOffset now) => store.Write(
        InstantStore.Put(job with { Status = job.Status with { NextRun = job.Status.NextRun + 1 } }),
        InstantStore.Put(new JobRun { Name = JobRun.NameOf(job.Name, job.Status.NextRun), Job = job.Name, Number = job.Status.NextRun, Spec = job.Spec, BaseFolder = "/", Because = "asked for by test", At = now }));

    // For as long as the stage says, everything was as it is now.
    ObservedPast Past(Snapshot seen, DateTimeOffset now)
    {
        var figures = new FigureHistory();
        var recorder = new FigureRecorder(figures, new MetricStore(new FakeTime(now)));
        for (var at = now - measured; measured > TimeSpan.Zero && at <= now; at += TimeSpan.FromSeconds(Thresholds.StepSeconds))
        {
            figures.Begin(at);
            recorder.Record(MapBuilder.Build(seen, edges, new Dictionary<string, EdgeFigures>(), new(Lifecycle.Run, "", "", 1, 1), at), routes, edges.Keys, [], []);
        }

        return new() { Figures = figures, Edges = edges.Keys, Calls = edges };
    }

    // Its start is told to have taken as long as the stage says.
    Resource Measured(Resource resource) => resource is Instance { Template.Once: null, Status.ReadyAt: { } ready } instance
        ? instance with { Status = instance.Status with { StartedAt = ready - starts[instance.Service] } }
        : resource;

    public static Snapshot Snapshot(MemoryStore store)
    {
        var seen = new Snapshot(CoreKinds.All);
        foreach (var entry in store.All())
        {
            seen.Take(new(entry.Key, entry, null), 0);
        }

        return seen;
    }

    static IEnumerable<Resource> Resources(MemoryStore store) =>
        store.All().Select(e => CoreKinds.All.OfKey(e.Key)!.Decode(e)).Where(r => r is not Event);
}
