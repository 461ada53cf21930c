using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Observe;

namespace Mainstay.Deliver.Decide;

/// <summary>What must hold of the receivers of incidents.</summary>
static class NotifyRules
{
    public static IEnumerable<Problem> Problems(ArchitectureSpec spec)
    {
        var receivers = spec.Notify ?? new Dictionary<string, NotifySpec>();
        if (receivers.Count > ArchitectureSpec.MostReceivers)
        {
            yield return new("notify", $"{receivers.Count} receivers are more than {ArchitectureSpec.MostReceivers}", "let one of them pass it on");
            yield break;
        }

        foreach (var (name, one) in receivers)
        {
            if (!Names.IsValid(name))
            {
                var invalid = Names.Invalid("receiver", name);
                yield return new($"notify.{name}", invalid.What, invalid.Remedy);
            }

            foreach (var problem in one.Validate())
            {
                yield return problem.Under($"notify.{name}");
            }
        }
    }
}
