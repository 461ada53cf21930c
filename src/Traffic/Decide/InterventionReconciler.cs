using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;

namespace Mainstay.Traffic.Decide;

/// <summary>Takes interventions away when their time is over. Gateways honour the end by themselves; this is what people see.</summary>
public sealed class InterventionReconciler : IReconciler
{
    public string Name => "intervention";

    public IReadOnlyList<Type> Watches { get; } = [typeof(Intervention)];

    public IEnumerable<string> Affected(Resource? before, Resource? after, Snapshot seen) => [(after ?? before)!.Name];

    public Plan? Next(string key, Snapshot seen, DateTimeOffset now) => seen.Get<Intervention>(key) is { } one ? InterventionDecide.Next(one, now) : null;
}

/// <summary>What becomes of an intervention.</summary>
public static class InterventionDecide
{
    public static Plan Next(Intervention one, DateTimeOffset now) => now < one.Until
        ? new Plan().Wait(one.Until)
        : new Plan().Delete(one).Say(one.About, "InterventionEnded", $"{one.Name} has run out: {one.Act()} no longer holds; what is declared does");
}
