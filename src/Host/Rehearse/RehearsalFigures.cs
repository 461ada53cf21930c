using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Host.Api;
using Mainstay.Host.Api.Autoscale;
using Mainstay.Host.Api.Observe;
using Mainstay.Host.Api.Traffic;
using Mainstay.Observe.Ingest;
using Mainstay.Observe.Query;
using Mainstay.Schedule.Decide;

namespace Mainstay.Host.Rehearse;

/// <summary>What is measured when a rehearsal begins.</summary>
public sealed record RehearsalFigures
{
    /// <summary>Calls between services, and from the gateway.</summary>
    public IReadOnlyDictionary<EdgeKey, EdgeFigures> Edges { get; init; } = new Dictionary<EdgeKey, EdgeFigures>();

    /// <summary>Public routes, by name.</summary>
    public IReadOnlyDictionary<string, EdgeFigures> Routes { get; init; } = new Dictionary<string, EdgeFigures>();

    /// <summary>Processors that the instances of a service use together, by service.</summary>
    public IReadOnlyDictionary<string, double> Cpu { get; init; } = new Dictionary<string, double>();

    /// <summary>What services scale by, of those that declare <c>scale</c>.</summary>
    public IReadOnlyDictionary<string, ScalingFigures> Scaling { get; init; } = new Dictionary<string, ScalingFigures>();

    static readonly TimeSpan CpuRange = TimeSpan.FromSeconds(15);

    /// <summary>Requests per second to a service, from everywhere; null where none are measured.</summary>
    public double? RateOf(string service) => Edges.Where(e => e.Key.To == service).Sum(e => e.Value.RequestsPerSecond) is > 0 and var rate ? rate : null;

    /// <summary>Reads them as they are now.</summary>
    public static RehearsalFigures Read(ServerServices services, Correlator correlator, Snapshot seen, DateTimeOffset now)
    {
        var cpu = new Readings(services.Samples, "service.instance.id", now.ToUnixTimeMilliseconds(), CpuRange);
        var used = new Dictionary<string, double>(StringComparer.Ordinal);
        var scaling = new Dictionary<string, ScalingFigures>(StringComparer.Ordinal);
        var eyes = new ScalingEyes(services, correlator);
        eyes.Look(now);
        foreach (var service in seen.All<Service>())
        {
            var instances = seen.Group<Instance>(service.Name);
            var known = instances.Select(i => cpu.Rate("process.cpu.time", i.Name)).OfType<double>().ToArray();
            if (known.Length > 0)
            {
                used[service.Name] = known.Sum();
            }

            if (service.Spec.Scale is not null)
            {
                scaling[service.Name] = eyes.Of(service, instances, isAwaited: false, now);
            }
        }

        return new()
        {
            Edges = services.Edges.Edges(),
            Routes = services.Routes.Edges().Where(e => e.Key.From == TrafficBuilder.RouteEdge).ToDictionary(e => e.Key.To, e => e.Value, StringComparer.Ordinal),
            Cpu = used,
            Scaling = scaling,
        };
    }
}
