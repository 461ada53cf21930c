using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Shouldly;
using Xunit;
using Machine = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Tests.Schedule;

/// <summary>Generated histories of declarations and reports; <see cref="ServiceLaws"/> are checked at every plan, and every plan is followed by one that does nothing.</summary>
public sealed class ServiceProperties
{
    static readonly string[] Names = ["db", "api", "web"];
    static readonly string[] Hosts = ["h1", "h2", "h3"];
    static readonly InstanceState[] Reported = [InstanceState.Starting, InstanceState.Ready, InstanceState.Ready, InstanceState.Backoff, InstanceState.Unhealthy];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void TheLawsHoldInEveryHistory(int first)
    {
        for (var seed = first; seed < first + 10; seed++)
        {
            try
            {
                Run(new Random(seed));
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                throw new InvalidOperationException($"seed {seed}: {fault.Message}", fault);
            }
        }
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 6).Select(i => i * 10)];

    static void Run(Random random)
    {
        var world = new ServiceWorld();
        world.Write(new Architecture { Name = Architecture.TheName, Title = "test" });
        foreach (var host in Hosts)
        {
            world.Write(new Machine { Name = host });
        }

        foreach (var name in Names)
        {
            world.Write(Declare(null, name, random));
        }

        for (var step = 0; step < 60; step++)
        {
            Step(world, random);
        }

        Converge(world);
    }

    static void Step(ServiceWorld world, Random random)
    {
        switch (random.Next(24))
        {
            case 0:
                var name = Names[random.Next(Names.Length)];
                world.Write(Declare(world.Find<Service>(name), name, random));
                break;
            case 1 when world.All<Service>().ToArray() is { Length: > 0 } services:
                world.Write(services[random.Next(services.Length)] is var some ? some with { Scale = random.Next(6), Generation = some.Generation + random.Next(2) } : null!);
                break;
            case 2:
                world.Write(world.Get<Machine>(Hosts[random.Next(Hosts.Length)]) is var host ? host with { State = 1 - host.State } : null!);
                break;
            case 3:
                world.Write(world.Get<Architecture>(Architecture.TheName) with { Running = random.Next(3) > 0 });
                break;
            case 4 when world.Find<Service>("web") is { } web:
                world.Write(web with { Removed = random.Next(3) == 0 });
                break;
            case 5:
                world.Write(new GatewayNode { Name = "g1", TableRevision = random.Next(2) * world.Revision });
                break;
            case 6 or 7:
                world.Wait(TimeSpan.FromSeconds(random.Next(1, 20)));
                break;
            case 8 when world.All<Build>().ToArray() is { Length: > 0 } builds:
                var build = builds[random.Next(builds.Length)];
                world.Write(build with { Status = new() { State = random.Next(3) > 0 ? BuildState.Succeeded : BuildState.Failed, Attempt = build.Attempt } });
                break;
            default:
                Report(world, random);
                break;
        }
    }

    static void Report(ServiceWorld world, Random random)
    {
        var instances = world.All<Instance>().ToArray();
        if (instances.Length == 0)
        {
            return;
        }

        var instance = instances[random.Next(instances.Length)];
        var state = instance.Goal == InstanceGoal.Stop ? InstanceState.Stopped : Reported[random.Next(Reported.Length)];
        var failures = state == InstanceState.Backoff ? random.Next(7) : 0;
        world.Write(Agents.Report(instance, "ready", world.Now) is var ready
            ? ready with { Status = ready.Status with { State = state, Failures = failures, ReadyAt = state == InstanceState.Ready ? world.Now : null } }
            : null!);
    }

    static void Converge(ServiceWorld world)
    {
        foreach (var host in Hosts)
        {
            world.Write(world.Get<Machine>(host) with { State = HostState.Ready });
        }

        world.Write(world.Get<Architecture>(Architecture.TheName) with { Running = true });
        for (var round = 0; round < 20; round++)
        {
            Agents.Obey(world);
            world.Wait(TimeSpan.FromSeconds(30));
        }

        foreach (var service in world.All<Service>())
        {
            var failed = service.Status is { State: Lifecycle.Failed, Reason: Reasons.BuildFailed } || service.Status.Reason == Reasons.BuildFailed;
            var waits = service.Status.Reason == Reasons.WaitingForNeeds;
            (service.Status.State == Lifecycle.Run || failed || waits).ShouldBeTrue($"{service.Name} is {service.Status.State} {service.Status.Reason}: {service.Status.Message}");
            if (service.Status.Reason is Reasons.Serving or Reasons.RolledBack)
            {
                world.All<Instance>().Count(i => i.Service == service.Name).ShouldBe(service.Wanted());
                (world.Find<Endpoints>(service.Name)?.Items.Count ?? 0).ShouldBe(service.Wanted());
            }
        }
    }

    static Service Declare(Service? known, string name, Random random)
    {
        var needs = Names.TakeWhile(n => n != name).Where(_ => random.Next(2) == 0).ToDictionary(n => n, _ => new NeedSpec { Optional = random.Next(2) == 0 });
        var build = random.Next(3) == 0;
        var spec = new ServiceSpec
        {
            Version = $"{random.Next(1, 4)}.0.0",
            Run = "./run",
            Build = build ? new() { Command = "make" } : null,
            Instances = new() { Min = random.Next(1, 5), Max = 6 },
            Needs = needs,
            Recover = name == "db" ? Recover.Pet : Recover.Cattle,
        };
        var digest = build ? new string((char)('a' + random.Next(3)), 64) : null;
        return known is null ? new Service { Name = name, Spec = spec, Digest = digest, BaseFolder = "/src" } : known with { Spec = spec, Digest = digest };
    }
}
