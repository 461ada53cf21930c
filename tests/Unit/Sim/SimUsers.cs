using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;

namespace Mainstay.Tests.Sim;

/// <summary>What users ask for in a run; each operation is acknowledged at once, as a commit of the API's is.</summary>
sealed class SimUsers(SimContext sim, MemoryStore memory, SimLaws laws)
{
    int minor;

    public void Begin()
    {
        Write(new Architecture { Name = Architecture.TheName, Title = "sim" });
        foreach (var name in new[] { "db", "api", "web", "audit", "cart" })
        {
            Declare(name, "1.0.0", digest: null);
        }
    }

    public void Next()
    {
        switch (sim.Random.Next(10))
        {
            case 0 or 1 or 2 or 3:
                var major = sim.Chance(0.7) ? 1 : sim.Random.Next(2, 4);
                Declare(sim.Any(["db", "api", "web", "audit"]), $"{major}.{++minor}.0", sim.Chance(0.3) ? sim.Any(["a", "b", "f"]) : null);
                break;
            case 4 or 5:
                Change(sim.Any(["api", "web"]), s => s with { Scale = sim.Random.Next(1, 5) });
                break;
            case 6:
                Change(sim.Any(["db", "api", "web"]), s => s with { Generation = s.Generation + 1 });
                break;
            case 7 or 8:
                Change("audit", s => s with { Removed = true });
                break;
            default:
                Run(false);
                sim.After(sim.Between(500, 9000), () => Run(true));
                break;
        }
    }

    public void Run(bool running)
    {
        if (laws.Seen.Get<Architecture>(Architecture.TheName) is { } now && now.Running != running)
        {
            sim.Log(running ? "USER start" : "USER stop");
            Write(now with { Running = running });
        }
    }

    void Declare(string name, string version, string? digest)
    {
        var needs = new Dictionary<string, NeedSpec>();
        if (name is "api" or "web")
        {
            needs["db"] = new() { Optional = name == "web" };
        }

        if (name == "web" && sim.Chance(0.7))
        {
            needs["api"] = new();
        }

        var spec = new ServiceSpec
        {
            Version = version,
            Run = "./run",
            Build = digest is null ? null : new() { Command = "make" },
            Instances = new() { Min = name is "db" or "audit" or "cart" ? 1 : 2, Max = name is "db" or "cart" ? 1 : 4 },
            Health = new() { Startup = TimeSpan.FromSeconds(10) },
            Needs = needs,
            Recover = name is "db" or "cart" ? Recover.Pet : Recover.Cattle,
            Place = name == "cart" ? new() { Data = PlaceData.Shared } : null,
        };
        sim.Log($"USER declares {name} {version}{(digest is null ? "" : " build " + digest)} needs {string.Join(',', needs.Keys)}");
        var known = Current(name) ?? new Service { Name = name, Spec = spec, BaseFolder = "/src" };
        Ask(known with { Spec = spec, Digest = digest?.PadRight(64, '0'), Removed = false });
    }

    void Change(string name, Func<Service, Service> change)
    {
        if (Current(name) is { } service)
        {
            var next = change(service);
            sim.Log($"USER changes {name}: scale {next.Scale}, generation {next.Generation}, removed {next.Removed}");
            Ask(next);
        }
    }

    // The memory store answers at once.
    Service? Current(string name) =>
        memory.GetAsync($"service/{name}") is { IsCompletedSuccessfully: true, Result: { } entry } ? (Service)CoreKinds.All.Of<Service>().Decode(entry) : null;

    void Ask(Service service)
    {
        laws.Check();
        laws.Asked[service.Name] = service;
        Write(service);
    }

    void Write(Resource resource)
    {
        var key = CoreKinds.All.Of(resource.GetType()).KeyOf(resource.Name);
        var result = memory.CommitAsync(new([new(key, resource.Revision)], [new(key, Codec.Encode(resource))])).AsTask();
        if (!result.IsCompletedSuccessfully || !result.Result.Succeeded)
        {
            throw new InvalidOperationException($"{resource.Name}: the operation was refused");
        }

        laws.Check();
    }
}
