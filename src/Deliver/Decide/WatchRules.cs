using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;

namespace Mainstay.Deliver.Decide;

/// <summary>What must hold of watched servers.</summary>
static class WatchRules
{
    public static IEnumerable<Problem> Problems(ArchitectureSpec spec)
    {
        var watched = spec.Watch ?? new Dictionary<string, Core.Kinds.Observe.WatchSpec>();
        if (watched.Count > ArchitectureSpec.MostWatched)
        {
            yield return new("watch", $"{watched.Count} watched servers are more than {ArchitectureSpec.MostWatched}", "split the architecture");
            yield break;
        }

        foreach (var (name, one) in watched)
        {
            if (!Names.IsValid(name))
            {
                var invalid = Names.Invalid("watched server", name);
                yield return new($"watch.{name}", invalid.What, invalid.Remedy);
            }

            if (spec.Services.ContainsKey(name))
            {
                yield return new($"watch.{name}", $"'{name}' is a service too", "choose another name, or give the service a 'probe'");
            }

            foreach (var problem in one.Validate())
            {
                yield return problem.Under($"watch.{name}");
            }
        }
    }
}
