using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;

namespace Mainstay.Schedule.Decide;

/// <summary>Keeps the process of each instance as its goal asks. Runs in the agent, over the agent's own store, with or without a server.</summary>
public sealed class InstanceReconciler : IReconciler
{
    // An instance that is gone cannot say how long its end may take.
    static readonly TimeSpan GraceOfUnknown = TimeSpan.FromSeconds(10);

    public string Name => "instance";

    public IReadOnlyList<Type> Watches { get; } = [typeof(Instance), typeof(Proc), typeof(AgentLease)];

    public IEnumerable<string> Affected(Resource? before, Resource? after, Snapshot seen) => (after ?? before) is AgentLease
        ? [.. seen.All<Instance>().Where(i => i.Template.Moves == true).Select(i => i.Name)]
        : [(after ?? before)!.Name];

    public Plan? Next(string key, Snapshot seen, DateTimeOffset now) => (seen.Get<Instance>(key), seen.Get<Proc>(key)) switch
    {
        (null, null) => null,
        ({ } instance, var proc) => InstanceDecide.Next(new(instance, proc, OwnershipOf(seen.Get<AgentLease>(AgentLease.TheName))), now),
        (null, { Phase: ProcPhase.Running } proc) => new Plan().Do(new StopProcess(key, proc.Epoch, GraceOfUnknown)),
        (null, { } proc) => new Plan().Delete(proc).Do(new ForgetProcess(key)),
    };

    static Ownership OwnershipOf(AgentLease? lease) => lease is null ? Ownership.Unconfirmed : lease.Held ? Ownership.Held : Ownership.Lost;
}
