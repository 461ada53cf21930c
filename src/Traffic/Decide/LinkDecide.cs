using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;

namespace Mainstay.Traffic.Decide;

/// <summary>What is looked at to give one caller its mesh links.</summary>
/// <param name="Caller">The caller: a service, or a queue that pushes.</param>
/// <param name="Needs">Whom it calls; nobody when it is gone.</param>
/// <param name="Links">Its links.</param>
/// <param name="InUse">Callees to which an instance of the caller, or the template that it would go back to, has a URL.</param>
/// <param name="Failed">Those of its links whose port a gateway could not open.</param>
/// <param name="NextPort">Gives a port that nobody has, or null when none is left.</param>
public readonly record struct LinkView(string Caller, IReadOnlyCollection<string> Needs, IReadOnlyList<MeshLink> Links, IReadOnlySet<string> InUse, IReadOnlySet<string> Failed, Func<int?> NextPort)
{
    /// <summary>Whether the gateway is to tell two versions of the caller apart.</summary>
    public bool TellsVersions { get; init; }

    /// <summary>Whether its instances are containers in a bridge network.</summary>
    public bool IsBridged { get; init; }
}

/// <summary>Gives every declared need a mesh link of its own, and takes it away when neither the need nor an instance that was started with it is left.</summary>
public static class LinkDecide
{
    public static Plan Next(in LinkView view)
    {
        var plan = new Plan();
        var needs = view.Needs;
        var inUse = view.InUse;
        foreach (var link in view.Links.Where(l => !needs.Contains(l.Callee) && !inUse.Contains(l.Callee)))
        {
            plan.Delete(link);
        }

        foreach (var need in needs.Order(StringComparer.Ordinal))
        {
            var name = MeshLink.NameOf(view.Caller, need);
            var link = view.Links.FirstOrDefault(l => l.Name == name);
            bool? both = view.TellsVersions ? true : link?.Both;
            bool? bridged = view.IsBridged ? true : link?.Bridged;
            if (link is not null && !view.Failed.Contains(name))
            {
                if (link.Both != both || link.Bridged != bridged)
                {
                    plan.Put(link with { Both = both, Bridged = bridged });
                }

                continue;
            }

            if (view.NextPort() is not { } port)
            {
                plan.Say($"service/{view.Caller}", "NoMeshPort", $"no free port from {LinkReconciler.FirstPort} to {LinkReconciler.LastPort} for the link to {need}; free some", Severity.Error);
                continue;
            }

            plan.Put(new MeshLink { Name = name, Revision = link?.Revision ?? 0, Caller = view.Caller, Callee = need, Port = port, Both = both, Bridged = bridged });
        }

        return plan;
    }
}
