using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Host.Api.Registry;
using Mainstay.Tests.Scenarios;
using Shouldly;
using Machine = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Tests.Schedule;

/// <summary>
/// The commands of service scenarios:
/// <code>
/// up [HOST…]                             the architecture runs and these hosts are ready; HOST:zone=a,cpu=2,memory=1Gi,label.disk=ssd
/// cordon|drain|open HOST                 as people want it used
/// down | start                           the architecture is stopped | runs again
/// version N                              what is declared from now on is the architecture's version N
/// declare NAME VERSION [N] [pet] [build=X] [needs=a,b?] [max=N] [after=a,b]   as an apply does; 'b?' is optional
/// … release=recreate|rolling|blueGreen|canary|ab [steps=5,50] [hold=30s] [pause] [keep=1m] [minReady=5s] [surge=N] [missing=N] [share=N] [fresh] [group=G] [wait=30s] [undecided=pause]
/// … cpu=N memory=N criticality=low place=spread|binpack zones=a,b labels=k:v near=a apart=a perHost=N shared
/// say NAME pause|resume|promote|abort|enough    about its release; the judge says enough
/// scale NAME N | restart NAME | remove NAME
/// ready|starting|crash|stopped INSTANCE… as its agent reports; 'crash' adds a failure, 'crash=5' sets the number
/// build NAME running|succeeded|failed    as its agent reports
/// lost|found HOST                        as the server notices
/// gateway [behind]                       a gateway serves the newest table, or one that is too old
/// wait DURATION
/// settle                                 agents and gateways do all that is wanted of them
/// show NAME                              how it stands
/// external NAME [VERSION] [at=A,B]       declares what others run, at these addresses
/// register NAME ID ADDRESS [VERSION]     an address is registered | deregister NAME ID
/// checks NAME ID@GIVEN=IP:passing|failing|unknown[:WHY]…   all that checks say, with '_' for spaces
/// registry                               what the registry says
/// </code>
/// </summary>
sealed class ServiceWords
{
    readonly ServiceWorld world = new();

    public ServiceWorld World => world;

    public string Run(ScenarioStep step)
    {
        var words = step.Words;
        var rest = words[1..];
        switch (words[0])
        {
            case "up":
                Up(rest);
                break;
            case "down" or "start":
                world.Write(world.Get<Architecture>(Architecture.TheName) with { Running = words[0] == "start" });
                break;
            case "version":
                world.Write(world.Get<Architecture>(Architecture.TheName) with { Version = int.Parse(rest[0]) });
                break;
            case "declare":
                world.Write(Declare(rest));
                break;
            case "say":
                world.Write(Said(world.Get<Service>(rest[0]), rest[1]));
                break;
            case "scale":
                world.Write(world.Get<Service>(rest[0]) with { Scale = int.Parse(rest[1]) });
                break;
            case "restart":
                world.Write(world.Get<Service>(rest[0]) is var service ? service with { Generation = service.Generation + 1 } : null!);
                break;
            case "remove":
                world.Write(world.Get<Service>(rest[0]) with { Removed = true });
                break;
            case "build":
                Build(rest[0], Enum.Parse<BuildState>(rest[1], ignoreCase: true));
                break;
            case "lost" or "found":
                world.Write(world.Get<Machine>(rest[0]) with { State = words[0] == "lost" ? HostState.Lost : HostState.Ready, Since = world.Now });
                break;
            case "cordon" or "drain" or "open":
                world.Write(world.Get<Machine>(rest[0]) with { Use = words[0] == "cordon" ? HostUse.Cordoned : words[0] == "drain" ? HostUse.Draining : HostUse.Open });
                break;
            case "gateway":
                world.Write(new GatewayNode { Name = "g1", TableRevision = rest is ["behind"] ? 1 : world.Revision });
                break;
            case "wait":
                Durations.TryParse(rest[0], out var span);
                world.Wait(span);
                break;
            case "settle":
                Agents.Obey(world);
                break;
            case "show":
                var status = world.Get<Service>(rest[0]).Status;
                return $"{status.State} {status.Reason}, serving {status.Version ?? "nothing"}, {status.Ready} of {status.Wanted} ready\n{string.Join('\n', world.All<Instance>().Where(i => i.Service == rest[0]).Select(i => $"{i.Name} {i.Goal} {i.Status.State} {i.Template.Version}"))}";
            case "registry":
                return string.Join('\n', world.Read(RegistryBuilder.Build).Items.SelectMany(RegistryLines));
            case "external" or "register" or "deregister" or "checks":
                Others(words[0], rest);
                break;
            default:
                foreach (var name in rest)
                {
                    world.Write(Agents.Report(world.Get<Instance>(name), words[0], world.Now));
                }

                break;
        }

        return world.TakeTrace();
    }

    void Up(string[] hosts)
    {
        world.Write(new Architecture { Name = Architecture.TheName, Title = "test" });
        foreach (var host in hosts)
        {
            world.Write(HostWords.Read(host));
        }
    }

    // What others run, and what is known of it.
    void Others(string word, string[] rest)
    {
        switch (word)
        {
            case "external":
                world.Write(External(rest));
                break;
            case "register":
                world.Write(new Registration { Name = Registration.NameOf(rest[0], rest[1]), Service = rest[0], Id = rest[1], Address = rest[2], Version = rest.ElementAtOrDefault(3), By = "tests", Ttl = TimeSpan.FromSeconds(15) });
                break;
            case "deregister":
                world.Delete(world.Get<Registration>(Registration.NameOf(rest[0], rest[1])));
                break;
            default:
                world.Write((world.Find<Vitals>(rest[0]) ?? new Vitals { Name = rest[0] }) with { Items = [.. rest[1..].Select(Vital)] });
                break;
        }
    }

    Service External(string[] words)
    {
        var known = world.Find<Service>(words[0]);
        var at = words.FirstOrDefault(w => w.StartsWith("at=", StringComparison.Ordinal))?[3..].Split(',') ?? [];
        var spec = new ServiceSpec
        {
            Version = words.ElementAtOrDefault(1) is { } version && !version.Contains('=') ? version : null, External = new() { Endpoints = at }, Health = new() { Startup = TimeSpan.FromSeconds(10) },
        };
        spec.Validate().ShouldBeEmpty();
        return known is null ? new Service { Name = words[0], Spec = spec, BaseFolder = "/src" } : known with { Spec = spec, Removed = false };
    }

    Vital Vital(string word)
    {
        var (who, said) = (word[..word.IndexOf('=')], word[(word.IndexOf('=') + 1)..].Split(':'));
        var given = who[(who.IndexOf('@') + 1)..];
        var address = said[0].Length == 0 ? "" : $"{said[0]}:{given[(given.LastIndexOf(':') + 1)..]}";
        return new(who[..who.IndexOf('@')] is { Length: > 0 } id ? id : given, given, address, Enum.Parse<VitalState>(said[1], ignoreCase: true), world.Now, said.ElementAtOrDefault(2)?.Replace('_', ' ') ?? "");
    }

    static IEnumerable<string> RegistryLines(RegisteredService one) =>
        one.Instances.Select(i => $"  {i.Name} {i.Address} {i.Version} {i.State}{(i.InTable ? " in the table" : "")} {i.Host}{i.Zone}{i.Source}{(i.RegisteredBy is null ? "" : " by " + i.RegisteredBy)}{(i.Message.Length > 0 ? ": " + i.Message : "")}")
            .Prepend($"{one.Name}: {one.By} {one.State} {one.Reason} {one.Ready}/{one.Wanted}, {string.Join(", ", one.Versions.Select(v => $"{v.Version} {v.Ready}/{v.Instances}"))}");

    Service Declare(string[] words)
    {
        var known = world.Find<Service>(words[0]);
        var options = words.Skip(2).Select(w => w.Split('=', 2)).ToDictionary(w => w[0], w => w.ElementAtOrDefault(1) ?? "");
        var count = options.Keys.Where(k => char.IsAsciiDigit(k[0])).Select(int.Parse).DefaultIfEmpty(1).First();
        var build = options.GetValueOrDefault("build");
        var spec = new ServiceSpec
        {
            Version = words[1],
            Run = "./run",
            Build = build is null ? null : new() { Command = "make" },
            Instances = new() { Min = count, Max = options.TryGetValue("max", out var max) ? int.Parse(max) : 100 },
            Health = new() { Startup = TimeSpan.FromSeconds(10) },
            Needs = options.GetValueOrDefault("needs", "").Split(',', StringSplitOptions.RemoveEmptyEntries)
                .ToDictionary(n => n.TrimEnd('?'), n => new NeedSpec { Optional = n.EndsWith('?') }),
            Release = options.TryGetValue("release", out var strategy) ? Release(Enum.Parse<ReleaseStrategy>(strategy, ignoreCase: true), options) : null,
            Criticality = HostWords.Criticality(options),
            Resources = HostWords.Resources(options),
            Place = HostWords.Place(options),
            Recover = options.ContainsKey("pet") ? Recover.Pet : Recover.Cattle,
        };
        spec.Validate().ShouldBeEmpty();
        string[]? after = options.TryGetValue("after", out var first) ? first.Split(',') : null;
        var digest = build is null ? null : build.PadRight(64, '0');
        return known is null
            ? new Service { Name = words[0], Spec = spec, Digest = digest, BaseFolder = "/src", After = after }
            : known with { Spec = spec, Digest = digest, Removed = false, After = after, Release = known.Spec.Version == spec.Version ? known.Release : null };
    }

    static ReleaseSpec Release(ReleaseStrategy strategy, Dictionary<string, string> options)
    {
        TimeSpan Span(string key, TimeSpan usual) => options.TryGetValue(key, out var text) && Durations.TryParse(text, out var span) ? span : usual;
        var spec = new ReleaseSpec { Strategy = strategy, Pause = options.ContainsKey("pause"), Judge = new()
            {
                Fresh = options.ContainsKey("fresh"),
                Wait = Span("wait", TimeSpan.Zero),
                Undecided = options.GetValueOrDefault("undecided") == "pause" ? WhenUndecided.Pause : WhenUndecided.GoOn,
            }, Group = options.GetValueOrDefault("group") };
        spec = spec with
        {
            MaxSurge = options.TryGetValue("surge", out var surge) ? int.Parse(surge) : null,
            MaxUnavailable = options.TryGetValue("missing", out var missing) ? int.Parse(missing) : 0,
            MinReady = Span("minReady", spec.MinReady),
            KeepOld = Span("keep", spec.KeepOld),
            Hold = Span("hold", spec.Hold),
            Steps = options.TryGetValue("steps", out var steps) ? [.. steps.Split(',').Select(s => Share.Percent(int.Parse(s)))] : null,
            Share = options.TryGetValue("share", out var share) ? Share.Percent(int.Parse(share)) : null,
        };
        spec.Validate().ShouldBeEmpty();
        return spec;
    }

    static Service Said(Service service, string word)
    {
        var release = service.Status.Release!;
        var said = service.Release is { } known && known.To == release.To ? known : new(release.To);
        return service with
        {
            Release = word switch
            {
                "pause" => said with { Paused = true },
                "resume" => said with { Paused = false, Passed = release.Step + 1 },
                "promote" => said with { Paused = false, Promote = true },
                "enough" => said with { Enough = true },
                _ => said with { Abort = true, Why = "somebody said so" },
            },
        };
    }

    void Build(string service, BuildState state)
    {
        var build = world.All<Build>().Last(b => b.Service == service && b.Digest == world.Get<Service>(service).Digest);
        world.Write(build with { Status = new() { State = state, Attempt = build.Attempt, ExitCode = state == BuildState.Failed ? 1 : null } });
    }
}

/// <summary>What agents report.</summary>
static class Agents
{
    public static Instance Report(Instance instance, string word, DateTimeOffset now)
    {
        var status = instance.Status;
        var parts = word.Split('=');
        return instance with
        {
            Status = parts[0] switch
            {
                "ready" => status with { State = InstanceState.Ready, Reason = "", Message = "", ReadyAt = now, StartedAt = status.StartedAt ?? now, Endpoint = $"127.0.0.1:{20000 + int.Parse(instance.Name.Split('-')[^1])}" },
                "starting" => status with { State = InstanceState.Starting, ReadyAt = null, StartedAt = now },
                "crash" => status with
                {
                    State = InstanceState.Backoff,
                    Reason = Reasons.Exited,
                    Message = "exit code 1",
                    ReadyAt = null,
                    Failures = parts.Length > 1 ? int.Parse(parts[1]) : status.Failures + 1,
                },
                "stopped" => status with { State = InstanceState.Stopped, ReadyAt = null },
                _ => throw new ArgumentException($"no word '{word}'"),
            },
        };
    }

    /// <summary>Brings everything about that is wanted of agents and gateways, on hosts that answer.</summary>
    public static void Obey(ServiceWorld world)
    {
        for (var changed = true; changed;)
        {
            changed = false;
            if (world.Find<GatewayNode>("g1") is { } gateway && gateway.TableRevision < world.Revision - 1)
            {
                world.Write(gateway with { TableRevision = world.Revision });
                changed = true;
            }

            foreach (var build in world.All<Build>().Where(b => b.Status.State == BuildState.Pending).ToArray())
            {
                world.Write(build with { Status = new() { State = BuildState.Succeeded, Attempt = build.Attempt } });
                changed = true;
            }

            foreach (var name in world.All<Instance>().Where(i => Wants(world, i) is not null).Select(i => i.Name).ToArray())
            {
                if (world.Find<Instance>(name) is { } instance && Wants(world, instance) is { } word)
                {
                    world.Write(Report(instance, word, world.Now));
                    changed = true;
                }
            }
        }
    }

    static string? Wants(ServiceWorld world, Instance instance) => world.Find<Machine>(instance.Host) is not { State: HostState.Ready } ? null : (instance.Goal, instance.Status.State) switch
    {
        (InstanceGoal.Run, not InstanceState.Ready) => "ready",
        (InstanceGoal.Stop, not InstanceState.Stopped) => "stopped",
        _ => null,
    };
}
