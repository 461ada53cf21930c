using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Policies;

/// <summary>Chooses the host of a new instance: the one with the fewest of its service, then the fewest in all, then the first by name.</summary>
public static class Spread
{
    /// <summary>The host for one more instance; null where no host is ready.</summary>
    public static string? Pick(IReadOnlyList<HostLoad> hosts, IEnumerable<Instance> own)
    {
        var perHost = own.CountBy(i => i.Host, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        return hosts.Count == 0
            ? null
            : hosts.MinBy(h => (perHost.GetValueOrDefault(h.Name), h.Instances + perHost.GetValueOrDefault(h.Name), h.Name)).Name;
    }
}
