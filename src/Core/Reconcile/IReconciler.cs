using Mainstay.Core.Kinds;

namespace Mainstay.Core.Reconcile;

/// <summary>Brings one thing, known by a key, towards what is wanted. Pure: the loop, the simulator and the tests call it alike.</summary>
public interface IReconciler
{
    /// <summary>For logs and metrics: <c>service</c>.</summary>
    string Name { get; }

    /// <summary>The kinds that its views are made of; the loop lists and watches them.</summary>
    IReadOnlyList<Type> Watches { get; }

    /// <summary>The keys to look at again after a change; either side is null where the resource is absent.</summary>
    IEnumerable<string> Affected(Resource? before, Resource? after, Snapshot seen);

    /// <summary>What is to be done for <paramref name="key"/>; null where there is nothing by that key.</summary>
    Plan? Next(string key, Snapshot seen, DateTimeOffset now);
}

/// <summary>Carries a plan's acts out, after its commit. It never throws for what the outside world does: that becomes an observation in the store.</summary>
public interface IDriver
{
    ValueTask DoAsync(Act act, CancellationToken stop);
}
