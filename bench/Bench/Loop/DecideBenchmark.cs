using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Schedule.Decide;

namespace Mainstay.Bench.Loop;

/// <summary>One look at a service of ten ready instances at which nothing is to be done: what each of the loop's passes costs at the least.</summary>
internal sealed class DecideBenchmark : IBenchmark
{
    static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    ServiceView view = new()
    {
        Service = new() { Name = "web", Spec = new() { Version = "1.0.0", Run = "./run", Instances = new() { Min = 10 } }, BaseFolder = "/src" },
        Architecture = new() { Name = Architecture.TheName, Title = "load" },
        Instances = [],
        Build = null,
        Endpoints = null,
        Links = new Dictionary<string, int>(),
        NeedsNotReady = [],
        LiveDependants = [],
        Hosts = [.. Enumerable.Range(0, 20).Select(i => new HostLoad($"h{i}", 1))],
        ServedTable = long.MaxValue,
    };

    public string Name => "loop/decide";

    // Brings the service up: every plan is carried out at once, and what it starts is ready.
    public void Setup()
    {
        for (var pass = 0; pass < 10; pass++)
        {
            var plan = ServiceDecide.Next(view, Now);
            view = view with
            {
                Service = plan.Puts.OfType<Service>().LastOrDefault() ?? view.Service,
                Endpoints = plan.Puts.OfType<Endpoints>().LastOrDefault() ?? view.Endpoints,
                Instances = [.. view.Instances, .. plan.Puts.OfType<Instance>().Select(i => i with { Status = new() { State = InstanceState.Ready, ReadyAt = Now.AddMinutes(-1), Endpoint = $"{i.Host}:20000" } })],
            };
        }

        if (view.Service.Status is not { State: Lifecycle.Run, Ready: 10 }) throw new InvalidOperationException("The service does not run.");
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            if (ServiceDecide.Next(view, Now).Puts.Count > 0) throw new InvalidOperationException("There was something to do.");
        }
    }
}
