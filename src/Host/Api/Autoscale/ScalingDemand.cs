using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;

namespace Mainstay.Host.Api.Autoscale;

/// <summary>Knows from the gateways' reports where requests wait, and so which services that run only while they are used have to be started. Safe for any number of callers.</summary>
public sealed class ScalingDemand(Mirror mirror, TimeProvider time)
{
    // Gateways report each second; what was not said again is over.
    static readonly TimeSpan Holds = TimeSpan.FromSeconds(3);

    readonly Lock gate = new();
    readonly Dictionary<string, DateTimeOffset> waiting = new(StringComparer.Ordinal);

    /// <summary>Takes in what the policies of a gateway tell.</summary>
    public void Take(IReadOnlyList<PolicyReport> reports)
    {
        var now = time.GetUtcNow();
        foreach (var report in reports.Where(r => r.Policy == "park" && r.Numbers.GetValueOrDefault("waiting") > 0))
        {
            lock (gate)
            {
                waiting[report.About] = now;
            }
        }
    }

    /// <summary>The services that requests wait for.</summary>
    public IReadOnlySet<string> Services()
    {
        string[] abouts;
        lock (gate)
        {
            if (waiting.Count == 0)
            {
                return new HashSet<string>();
            }

            var since = time.GetUtcNow() - Holds;
            foreach (var gone in waiting.Where(w => w.Value < since).Select(w => w.Key).ToArray())
            {
                waiting.Remove(gone);
            }

            abouts = [.. waiting.Keys];
        }

        return mirror.Read(seen => abouts.SelectMany(about => about.Split('/', 2) switch
        {
            ["route", var route] => seen.Get<Route>(route)?.Spec.Services ?? [],
            ["need", var link] => seen.Get<MeshLink>(link) is { } found ? [found.Callee] : [],
            _ => [],
        }).Where(name => seen.Get<Service>(name) is { Spec.IsOnDemand: true }).ToHashSet(StringComparer.Ordinal));
    }
}
