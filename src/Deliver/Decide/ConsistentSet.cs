using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Deliver.Decide;

/// <summary>
/// Finds the smallest set of services that have to go to a version which they had before, so that every rule about versions holds. Deepens the search by one service
/// at a time and only ever changes who breaks a rule, so the first set that it finds is a smallest one.
/// </summary>
static class ConsistentSet
{
    /// <summary>The most services that are changed along.</summary>
    public const int MostChanged = 8;

    // A search that is not over by then has no answer that anybody could survey.
    const int MostSteps = 3000;

    /// <summary>The services to change, each with what it goes to; empty where all rules hold, null where no such set is known.</summary>
    /// <param name="services">What is wanted.</param>
    /// <param name="compatible">The rules beside those of needs.</param>
    /// <param name="kept">Services that stay as they are wanted.</param>
    /// <param name="history">Where other versions of services are looked for; those of the first count before those of the next.</param>
    public static IReadOnlyDictionary<string, KnownService>? Find(
        IReadOnlyDictionary<string, ServiceSpec> services,
        IReadOnlyList<IReadOnlyDictionary<string, string>> compatible,
        IReadOnlySet<string> kept,
        IReadOnlyList<ArchitectureVersion> history)
    {
        var search = new Search(compatible, history);
        for (var depth = 0; depth <= MostChanged && search.Steps < MostSteps; depth++)
        {
            if (search.Deepen(services, kept, [], depth) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    sealed class Search(IReadOnlyList<IReadOnlyDictionary<string, string>> compatible, IReadOnlyList<ArchitectureVersion> history)
    {
        readonly Dictionary<string, KnownService[]> known = new(StringComparer.Ordinal);

        public int Steps { get; private set; }

        public Dictionary<string, KnownService>? Deepen(IReadOnlyDictionary<string, ServiceSpec> services, IReadOnlySet<string> kept, Dictionary<string, KnownService> changed, int depth)
        {
            Steps++;
            if (VersionRules.Breaches(services, compatible).FirstOrDefault() is not { } breach)
            {
                return changed;
            }

            foreach (var name in depth > 0 && Steps < MostSteps ? breach.Services.Where(s => !kept.Contains(s) && !changed.ContainsKey(s)) : [])
            {
                foreach (var other in Known(name).Where(o => o.Service.Spec.Version != services[name].Version || !o.Service.Spec.Needs.Keys.SequenceEqual(services[name].Needs.Keys)))
                {
                    var next = new Dictionary<string, ServiceSpec>(services, StringComparer.Ordinal) { [name] = other.Service.Spec };
                    if (Deepen(next, kept, new(changed, StringComparer.Ordinal) { [name] = other }, depth - 1) is { } found)
                    {
                        return found;
                    }
                }
            }

            return null;
        }

        // Each version of its software once, as it was declared last.
        KnownService[] Known(string name) => known.TryGetValue(name, out var all) ? all : known[name] =
            [.. history.Where(v => v.Services.ContainsKey(name)).Select(v => new KnownService(v.Number, v.BaseFolder, v.Services[name])).DistinctBy(k => k.Service.Spec.Version)];
    }
}

/// <summary>A service as an earlier version of the architecture had it.</summary>
/// <param name="Number">The version of the architecture.</param>
/// <param name="BaseFolder">The folder of its manifest.</param>
/// <param name="Service">The service.</param>
sealed record KnownService(int Number, string BaseFolder, VersionedService Service);
