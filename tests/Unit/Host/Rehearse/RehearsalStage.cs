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
using Mainstay.Observe.Ingest;
using Mainstay.Schedule.Decide;
using Mainstay.Traffic.Decide;
using Machine = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Tests.Host.Rehearse;

/// <summary>
/// A system that has come up and is at rest, made from lines: <c>host NAME [cpu=4] [zone=a]</c>, <c>service NAME [instances=2] [max=6] [criticality=critical] [cpu=0.5] [pet] [start=2s] [release=canary] [scale=70%]</c>,
/// <c>need CALLER CALLEE [optional] [fallback]</c>, <c>route NAME SERVICE [fallback]</c>, <c>objective NAME ROUTE 99.9%</c>, <c>calls FROM TO RATE [p50=10] [p99=40] [errors=0%]</c>, <c>uses SERVICE PROCESSORS</c>.
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
        var agents = new RehearsedAgents(run, store, new StartTimes(seen, 1));
        agents.Start(seen, stop.Token);
        new RehearsedGateways(run, store, [.. seen.All<GatewayNode>()]).Start(seen, stop.Token);
        foreach (var reconciler in new IReconciler[] { new ServiceReconciler(), new LinkReconciler(_ => true) })
        {
            run.Start(() => new Loop(store, CoreKinds.All, reconciler, this, run.Clock).RunAsync(stop.Token));
        }

        run.Pass(TimeSpan.FromMinutes(1), () => { });
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
        };
    }

    // Its start is told to have taken as long as the stage says.
    Resource Measured(Resource resource) => resource is Instance { Status.ReadyAt: { } ready } instance
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
